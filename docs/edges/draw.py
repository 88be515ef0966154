"""Draw the edges that `subalign align` finds over the sound's spectrogram, ten words a language.

python docs/edges/draw.py

For languages without labels by hand: French and Danish of ../shared/data/udhr, read by people, with
`base`. Drawn are five words after a third of the recording, and five after two thirds.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from subalign.audio import open_audio
from subalign.mel import FRAMES_PER_SECOND, log_mel

HERE = Path(__file__).resolve().parent
SOUND = HERE.parents[2] / "shared" / "data" / "udhr"
LANGUAGES = ("fr", "da")
WORDS = 10
_ROWS = 2


def main() -> None:
    """Draw fr.png and da.png."""
    for language in LANGUAGES:
        with tempfile.TemporaryDirectory() as folder:
            words = _aligned(language, Path(folder))
        share = sum(word["estimated"] for word in words) / len(words)
        sys.stdout.write(f"{language}: {len(words)} words, {100 * share:.1f}% estimated\n")
        _draw(language, words, HERE / f"{language}.png")


def _aligned(language: str, folder: Path) -> list[dict]:
    """The words of the recording with their times."""
    sound, text = SOUND / f"{language}.mp3", SOUND / f"{language}.txt"
    align = [sys.executable, "-m", "subalign", "align", sound, text, "--language", language]
    options = ["--model", "base", "--format", "json", "--output-dir", folder]
    subprocess.run([*align, *options], check=True)
    content = json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))
    return [word for segment in content["segments"] for word in segment["words"]]


def _draw(language: str, words: list[dict], path: Path) -> None:
    """Two rows of five words each, from a third and from two thirds of the recording."""
    with open_audio(str(SOUND / f"{language}.mp3")) as stream:
        mel = log_mel(stream, n_mels=80)
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    for row, axes in enumerate(figure.subplots(_ROWS, 1)):
        place = len(words) * (row + 1) // (_ROWS + 1)
        shown = words[place : place + WORDS // _ROWS]
        first = round((shown[0]["start"] - 0.15) * FRAMES_PER_SECOND)
        last = round((words[place + len(shown)]["start"] + 0.15) * FRAMES_PER_SECOND)
        frames = mel.window(first, last - first, last - first).numpy()
        # frame n is centred on n / 100 s
        extent = [(first - 0.5) / FRAMES_PER_SECOND, (last - 0.5) / FRAMES_PER_SECOND, 0, 80]
        lowest = float(np.percentile(frames, 5))
        axes.imshow(
            frames, aspect="auto", origin="lower", extent=extent, cmap="gray_r", vmin=lowest
        )
        # the start of the word after these, too
        axes.axvline(words[place + len(shown)]["start"], color="#0072b2", linewidth=1.2)
        for word in shown:
            axes.axvline(word["start"], color="#0072b2", linewidth=1.2)
            axes.axvline(word["end"], color="#d55e00", linewidth=1.2, linestyle="--")
            middle = (word["start"] + word["end"]) / 2
            axes.text(middle, 82, word["word"].strip(), ha="center", clip_on=False)
        axes.set_ylabel("mel band")
    axes.set_xlabel("seconds; starts blue, ends orange and dashed")
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    main()
