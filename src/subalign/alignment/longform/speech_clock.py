"""A clock that hardly moves where nobody speaks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.longform.hearing import HeardWord
from subalign.alignment.longform.loudness import Loudness
from subalign.mel import FRAMES_PER_SECOND

__all__ = ["SpeechClock"]

# how fast the clock goes beside speech
_SLOW = 0.001

# a decoded word tells of speech if the audio speaks for it (nats a token)
_LEAST_EVIDENCE = 2.0

# frames on each side of a decoded word that count as speech
_MARGIN = 20

# frames are silent above this quietness
_QUIET = 0.7


@dataclass(frozen=True, eq=False)
class SpeechClock:
    """Seconds of speech before each frame's start (frames + 1,), rising."""

    ticks: NDArray[np.float64]

    @classmethod
    def of_sound(cls, loudness: Loudness) -> "SpeechClock":
        """A clock that takes all sound for speech, and goes slowly in silence."""
        return cls._running(np.where(loudness.quiet_frames(_QUIET), _SLOW, 1.0))

    @classmethod
    def of_decoded(cls, loudness: Loudness, decoded: Sequence[HeardWord]) -> "SpeechClock":
        """A clock that goes slowly wherever no words were decoded."""
        speed = np.full(loudness.frames.size, _SLOW)
        for word in decoded:
            if word.evidence >= _LEAST_EVIDENCE:
                first = max(0, round(word.start * FRAMES_PER_SECOND) - _MARGIN)
                speed[first : round(word.end * FRAMES_PER_SECOND) + _MARGIN] = 1.0
        return cls._running(speed)

    @classmethod
    def _running(cls, speed: NDArray[np.float64]) -> "SpeechClock":
        return cls(np.concatenate([[0.0], np.cumsum(speed / FRAMES_PER_SECOND)]))

    def between(self, begin: float, end: float) -> float:
        """Seconds of speech between two times."""
        first, last = self.read(np.array([begin, end]))
        return float(last - first)

    @property
    def duration(self) -> float:
        """Seconds of the recording, by an ordinary clock."""
        return (self.ticks.size - 1) / FRAMES_PER_SECOND

    def read(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the clock shows at these times."""
        return np.interp(seconds * FRAMES_PER_SECOND, np.arange(self.ticks.size), self.ticks)

    def times(self, readings: NDArray[np.float64]) -> NDArray[np.float64]:
        """When the clock shows this (seconds)."""
        return np.interp(readings, self.ticks, np.arange(self.ticks.size)) / FRAMES_PER_SECOND
