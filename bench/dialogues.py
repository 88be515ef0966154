"""Dialogues with true turns: sentences of several voices, one after the other.

Each turn is a sentence or two of one voice; between turns it is silent for a moment, or not at all.
Half of the voices are for choosing constants ("choose"), the other half for what is reported.
"""

import csv
import gzip
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from subalign.audio import SAMPLE_RATE, open_audio
from subalign.options import SpeakerTurn
from truth import SHARED_DATA, MissingError

__all__ = ["KINDS", "Dialogue", "dialogues"]

KINDS = ("readers", "telephone", "synthetic")

_SEED = 21
_TURNS = (12, 20)
_GAP = (0.0, 0.7)  # seconds between turns
_LENGTH = (1.0, 8.0)  # seconds of a sentence
_LEAST = 7.0  # seconds of a caller's speech
_NOISE = 1e-3  # of full scale, under all
_QUIET = 10 ** (-35 / 20)  # of a sentence's loudest 10 ms: what is below is not of it
_PAUSE = 20  # frames of 10 ms, at which a long recording is cut into sentences
# A dialogue's speakers are of one kind: readers differ by their recordings too, callers do not.
_ESPEAK = {
    "choose": ("gmw/en-US", "gmw/en-GB-scotland+f4"),
    "report": ("gmw/en-GB-x-rp", "gmw/en-US+f2"),
}
_FLITE = {"choose": ("awb", "slt"), "report": ("rms", "kal16")}

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Dialogue:
    """A recording (16 kHz) and who speaks when in it."""

    name: str
    samples: Samples
    turns: tuple[SpeakerTurn, ...]

    @property
    def speakers(self) -> int:
        return len({turn.speaker for turn in self.turns})


def dialogues(kind: str, half: str, count: int) -> Iterator[Dialogue]:
    """`count` dialogues of two to four speakers each, of one kind and one half of its voices.

    Raises:
        MissingError: the data, or the synthesisers, are not here.
    """
    rng = np.random.default_rng([_SEED, KINDS.index(kind), half == "report"])
    voices = _VOICES[kind](half)
    for number in range(count):
        n_speakers = 2 + number % 3
        chosen = rng.permutation([name for name, said in voices.items() if said])[:n_speakers]
        yield _dialogue(f"{kind} {number}", {str(name): voices[str(name)] for name in chosen}, rng)


def _dialogue(name: str, voices: dict[str, list[Samples]], rng: np.random.Generator) -> Dialogue:
    """Turns of different speakers in turn; no sentence comes twice."""
    left = {voice: list(rng.permutation(len(said))) for voice, said in voices.items()}
    level = {voice: rng.uniform(0.04, 0.12) for voice in voices}
    parts: list[Samples] = [np.zeros(SAMPLE_RATE // 2, np.float32)]
    turns: list[SpeakerTurn] = []
    at = parts[0].size
    last = ""
    for _ in range(int(rng.integers(*_TURNS))):
        able = [voice for voice in voices if left[voice] and voice != last]
        if not able:
            break
        last = str(rng.choice(able))
        start = at
        for _ in range(int(rng.integers(1, 3))):
            if left[last]:
                said = voices[last][left[last].pop()]
                parts.append(said * (level[last] / max(1e-6, float(np.sqrt(np.mean(said**2))))))
                at += said.size
        turns.append(SpeakerTurn(start / SAMPLE_RATE, at / SAMPLE_RATE, last))
        gap = np.zeros(int(rng.uniform(*_GAP) * SAMPLE_RATE), np.float32)
        parts.append(gap)
        at += gap.size
    samples = np.concatenate(parts)
    samples += _NOISE * rng.standard_normal(samples.size).astype(np.float32)
    return Dialogue(name, samples, tuple(turns))


def _read(path: Path) -> Samples:
    with open_audio(path) as stream:
        return np.concatenate(list(stream))


def _loud(samples: Samples) -> NDArray[np.bool_]:
    """Which frames of 10 ms are not silent."""
    frames = samples[: samples.size // 160 * 160].reshape(-1, 160)
    power = np.sqrt(np.mean(frames**2, axis=1))
    loud: NDArray[np.bool_] = power > _QUIET * power.max()
    return loud


def _trimmed(samples: Samples) -> Samples:
    loud = np.flatnonzero(_loud(samples))
    return samples[loud[0] * 160 : (loud[-1] + 1) * 160] if loud.size else samples[:0]


def _fitting(sentences: Sequence[Samples]) -> list[Samples]:
    trimmed = [_trimmed(sentence) for sentence in sentences]
    shortest, longest = (seconds * SAMPLE_RATE for seconds in _LENGTH)
    return [sentence for sentence in trimmed if shortest <= sentence.size <= longest]


def _sentences(samples: Samples) -> list[Samples]:
    """A long reading, cut in its pauses."""
    loud = _loud(samples)
    found: list[Samples] = []
    start = at = 0
    for is_loud, group in groupby(loud.tolist()):
        length = len(list(group))
        if not is_loud and length >= _PAUSE:
            found.append(samples[start * 160 : at * 160])
            start = at + length
        at += length
    return [part for part in (*found, samples[start * 160 :]) if part.size >= 160]


def _data() -> Path:
    if not SHARED_DATA.is_dir():
        raise MissingError("There is no ../shared/data.")
    return SHARED_DATA


def _readers(half: str) -> dict[str, list[Samples]]:
    """LJ Speech's reader and three of the Declaration of Human Rights, half of what each reads."""
    part = slice(0, None, 2) if half == "choose" else slice(1, None, 2)
    clips = sorted((_data() / "lj").glob("*.flac"))[part][:40]
    found = {"lj": _fitting([_read(path) for path in clips])}
    for language in ("en", "fr", "da"):
        reading = _read(_data() / "udhr" / f"{language}.mp3")
        found[language] = _fitting(_sentences(reading))[part]
    return found


def _telephone(half: str) -> dict[str, list[Samples]]:
    """Callers of a corpus of spontaneous speech who say enough, every other one of them."""
    clips = sorted((_data() / "wuw2").glob("*.flac"))
    found = {}
    for caller, paths in groupby(clips, key=lambda path: path.stem[:10]):
        said = _fitting([part for path in paths for part in _sentences(_read(path))])
        if len(said) >= 3 and sum(part.size for part in said) >= _LEAST * SAMPLE_RATE:
            found[caller] = said
    return {
        caller: said
        for n, (caller, said) in enumerate(found.items())
        if n % 2 == (half == "report")
    }


def _synthetic(half: str) -> dict[str, list[Samples]]:
    """Voices of espeak-ng and flite."""
    with gzip.open(_data() / "sentences.tsv.gz", "rt", encoding="utf-8") as file:
        texts = [row[1] for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    texts = [text for text in texts if 5 <= len(text.split()) <= 18]
    rng = np.random.default_rng([_SEED, half == "report"])
    found = {}
    for voice in (*_ESPEAK[half], *_FLITE[half]):
        own = [texts[at] for at in rng.integers(len(texts), size=16)]
        speak = _flite if voice in _FLITE[half] else _espeak
        found[voice] = _fitting([speak(text, voice) for text in own])
    return found


def _espeak(text: str, voice: str) -> Samples:
    return _spoken("espeak-ng", "-v", voice, "-s", "160", "-w", "{}", "--", text)


def _flite(text: str, voice: str) -> Samples:
    return _spoken("flite", "-voice", voice, "-t", text, "-o", "{}")


def _spoken(program: str, *arguments: str) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        command = [program, *(str(path) if part == "{}" else part for part in arguments)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise MissingError(f"{program} does not speak here.") from error
        return _read(path)


_VOICES: dict[str, Callable[[str], dict[str, list[Samples]]]] = {
    "readers": _readers,
    "telephone": _telephone,
    "synthetic": _synthetic,
}
