"""Forced alignment by PocketSphinx, with the acoustic model and dictionary of its wheel."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.synthesis.speech import Span
from training.synthesis.text import plain

__all__ = ["Sphinx"]

_FRAMES_PER_SECOND = 100

# By its defaults it fails on half of eSpeak NG's clips. Narrow beams of different widths lose the
# path, the search through a lattice puts an end of no length last, and its features of digital
# silence are far from any it was trained on.
_SETTINGS = {"beam": 1e-100, "pbeam": 1e-100, "wbeam": 1e-100, "bestpath": False}
_HISS = 3e-4
_ALTERNATIVE = re.compile(r"\(\d+\)$")  # "the(2)", another pronunciation
_FILLERS = ("<", "[", "+")  # pauses and noises


@dataclass(frozen=True, slots=True)
class _Segment:
    """A word as PocketSphinx writes it, and its frames (10 ms), the end not among them."""

    word: str
    start: int
    end: int


class Sphinx:
    """PocketSphinx's decoder, made for aligning."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self._decoder: Any = Decoder(lm=None, loglevel="FATAL", **_SETTINGS)

    def unknown(self, words: Sequence[str]) -> int:
        """How many of the words its dictionary lacks: with one, nothing can be aligned."""
        parts = (part for word in words for part in plain(word).split())
        return sum(self._decoder.lookup_word(part) is None for part in parts)

    def align(self, samples: NDArray[np.float32], words: Sequence[str]) -> tuple[Span, ...] | None:
        """When each word is heard, at 16 kHz; None where the words cannot be aligned.

        A word written with a hyphen is aligned as several.
        """
        spelt = [plain(word).split() for word in words]
        if not spelt or not all(spelt) or self.unknown(words):
            return None
        flat = [part for parts in spelt for part in parts]
        self._decoder.set_align_text(" ".join(flat))
        self._hear(samples)
        segments = list(_segments(self._decoder.seg() or ()))
        if [segment.word for segment in segments] != flat:
            return None
        parts = iter(segments)
        by_word = [[next(parts) for _ in word] for word in spelt]
        return tuple(
            (mine[0].start / _FRAMES_PER_SECOND, mine[-1].end / _FRAMES_PER_SECOND)
            for mine in by_word
        )

    def _hear(self, samples: NDArray[np.float32]) -> None:
        hiss = np.random.default_rng(0).normal(0.0, _HISS, samples.size)
        pcm = np.clip(np.round((samples + hiss) * 32768.0), -32768, 32767).astype("<i2")
        self._decoder.start_utt()
        self._decoder.process_raw(pcm.tobytes(), full_utt=True)
        self._decoder.end_utt()


def _segments(heard: Iterable[Any]) -> Iterator[_Segment]:
    for segment in heard:
        if not segment.word.startswith(_FILLERS):
            word = _ALTERNATIVE.sub("", segment.word)
            yield _Segment(word, segment.start_frame, segment.end_frame + 1)
