"""Forced alignment by PocketSphinx, with the acoustic model and dictionary of its wheel."""

import importlib.util
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.evaluation.material import Clip
from training.synthesis.speech import Span
from training.synthesis.text import plain

__all__ = ["SphinxTimes", "is_installed", "sphinx_times"]

_FRAMES_PER_SECOND = 100

# By its defaults it fails on half of eSpeak NG's clips. Narrow beams of different widths lose the
# path, the search through a lattice puts an end of no length last, and its features of digital
# silence are far from any it was trained on.
_SETTINGS = {"beam": 1e-100, "pbeam": 1e-100, "wbeam": 1e-100, "bestpath": False}
_HISS = 3e-4
_ALTERNATIVE = re.compile(r"\(\d+\)$")  # "the(2)", another pronunciation
_FILLERS = ("<", "[", "+")  # pauses and noises


@dataclass(frozen=True, slots=True)
class SphinxTimes:
    """When PocketSphinx hears the words of each clip, None for a clip that it cannot align.

    `unknown` counts the words that its dictionary lacks: a clip with one cannot be aligned.
    """

    spans: tuple[tuple[Span, ...] | None, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class _Segment:
    """A word as PocketSphinx writes it, and its frames (10 ms), the end not among them."""

    word: str
    start: int
    end: int


def is_installed() -> bool:
    """Whether there is something to compare with."""
    return importlib.util.find_spec("pocketsphinx") is not None


def sphinx_times(clips: Sequence[Clip]) -> SphinxTimes:
    """Align every clip's transcript; a word written with a hyphen is aligned as several."""
    from pocketsphinx import Decoder

    decoder = Decoder(lm=None, loglevel="FATAL", **_SETTINGS)
    found: list[tuple[Span, ...] | None] = []
    unknown = 0
    for clip in clips:
        words = [plain(word).split() for word in clip.words]
        missing = sum(decoder.lookup_word(part) is None for parts in words for part in parts)
        unknown += missing
        found.append(None if missing or not any(words) else _aligned(decoder, clip, words))
    return SphinxTimes(tuple(found), unknown)


def _aligned(decoder: Any, clip: Clip, words: Sequence[Sequence[str]]) -> tuple[Span, ...] | None:
    spelt = [part for parts in words for part in parts]
    decoder.set_align_text(" ".join(spelt))
    _hear(decoder, clip)
    segments = list(_segments(decoder.seg() or ()))
    if [segment.word for segment in segments] != spelt or not all(words):
        return None
    parts = iter(segments)
    by_word = [[next(parts) for _ in word] for word in words]
    return tuple(
        (mine[0].start / _FRAMES_PER_SECOND, mine[-1].end / _FRAMES_PER_SECOND) for mine in by_word
    )


def _hear(decoder: Any, clip: Clip) -> None:
    hiss = np.random.default_rng(0).normal(0.0, _HISS, clip.samples.size)
    samples = np.clip(np.round((clip.samples + hiss) * 32768.0), -32768, 32767).astype("<i2")
    decoder.start_utt()
    decoder.process_raw(samples.tobytes(), full_utt=True)
    decoder.end_utt()


def _segments(heard: Iterable[Any]) -> Iterator[_Segment]:
    for segment in heard:
        if not segment.word.startswith(_FILLERS):
            word = _ALTERNATIVE.sub("", segment.word)
            yield _Segment(word, segment.start_frame, segment.end_frame + 1)
