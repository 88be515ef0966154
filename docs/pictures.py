"""Draw the pictures of how-it-works.md from what the command finds in the example talk.

make pictures
"""

import json
import subprocess
import sys
import tempfile
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

PICTURES = Path(__file__).resolve().parent / "pictures"
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
TALK, TEXT, TRUTH = EXAMPLES / "talk.mp4", EXAMPLES / "talk.txt", EXAMPLES / "talk.words.json"
MODEL, TIMING_HEADS = "tiny.en", "2:1,3:1,3:3"
FIRST, LAST = 18.8, 26.0  # seconds of the talk that `methods.png` shows
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#5f6b7a"  # Okabe and Ito's


def main() -> None:
    """Draw all of them."""
    PICTURES.mkdir(exist_ok=True)
    _attention(PICTURES / "attention.png")
    _methods(PICTURES / "methods.png")
    _anchors(PICTURES / "anchors.png")


def _subalign(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "subalign", *map(str, arguments)], check=True)


def _words(command: str, *arguments: str | Path) -> list[dict[str, Any]]:
    """The words that a command finds in the talk."""
    with tempfile.TemporaryDirectory() as folder:
        results = ("--model", MODEL, "--language", "en", "--format", "json", "-o", folder)
        _subalign(command, TALK, *arguments, *results)
        (file,) = Path(folder).glob("*.json")
        return [
            word
            for segment in json.loads(file.read_text("utf-8"))["segments"]
            for word in segment["words"]
        ]


def _attention(path: Path) -> None:
    """The attention of the timing heads, with the path of dynamic time warping."""
    stretch = ("--from", "5", "--to", "10", "-o", path, "--overwrite")
    _subalign("heads", "plot", MODEL, TALK, TRUTH, "--heads", TIMING_HEADS, *stretch)


def _methods(path: Path) -> None:
    """The words of both methods as bars under the true ones."""
    rows = {
        "true": json.loads(TRUTH.read_text("utf-8")),
        "viterbi": _words("align", TEXT),
        "dtw": _words("align", TEXT, "--method", "dtw"),
    }
    figure = Figure(figsize=(9, 2.4), layout="constrained")
    axes = figure.subplots()
    for row, (words, colour) in enumerate(zip(rows.values(), (GREEN, BLUE, ORANGE), strict=True)):
        for word in words:
            start, end = word["start"], word["end"]
            if start < LAST and end > FIRST:
                axes.barh(row, end - start, left=start, height=0.7, color=colour, edgecolor="white")
                if row == 0:
                    axes.text(
                        (start + end) / 2, -0.5, word["word"].strip(), rotation=50, fontsize=8
                    )
    axes.set(xlim=(FIRST, LAST), ylim=(2.5, -0.5), xlabel="seconds")
    axes.set_yticks(range(len(rows)), list(rows))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def _anchors(path: Path) -> None:
    """Recognised words of a transcript that lacks two sentences and has a strange one."""
    lines = TEXT.read_text("utf-8").splitlines()
    lines[8:10] = []
    lines[14:14] = ["Nobody in the recording ever says this long and useless sentence."]
    recognised = _words("transcribe", "--no-condition-on-previous-text")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "talk.txt")
        script.write_text("\n".join(lines), "utf-8")
        aligned = _words("align", script)
    plain = [[_plain(word["word"]) for word in words] for words in (recognised, aligned)]
    pairs = [
        (recognised[block.a + at]["start"], block.b + at)
        for block in SequenceMatcher(None, *plain, autojunk=False).get_matching_blocks()
        for at in range(block.size)
    ]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(
        [word["start"] for word in aligned],
        range(len(aligned)),
        color=BLUE,
        label="times that align gives",
    )
    axes.plot(*zip(*pairs, strict=True), ".", color=ORANGE, label="recognised words: anchors")
    axes.text(21, 45, "speech that the transcript lacks", fontsize=9)
    axes.text(44.6, 107, "a sentence that nobody says", fontsize=9)
    axes.set(xlabel="seconds", ylabel="word of the transcript")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def _plain(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())


if __name__ == "__main__":
    main()
