"""Coarse times: where each word of a transcript is, roughly, between its anchors.

Words between two anchors share the speech there by their letters. `SpeechTime` measures how much
speech there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.matching import Anchors
from subalign.alignment.forced.recognition import RecognisedWord
from subalign.alignment.forced.thresholds import CoarseThresholds
from subalign.alignment.pauses import quiet_frames
from subalign.mel import FRAMES_PER_SECOND
from subalign.mel.loudness import RecordingLoudness

__all__ = ["CoarseEstimator", "CoarseTimes", "SpeechTime", "expected_seconds", "letter_seconds"]


@dataclass(frozen=True, eq=False)
class SpeechTime:
    """Seconds of speech before each mel frame's start (frames + 1,), rising."""

    readings: NDArray[np.float64]

    @classmethod
    def from_loudness(
        cls, loudness: RecordingLoudness, thresholds: CoarseThresholds = CoarseThresholds()
    ) -> "SpeechTime":
        """All sound counts as speech; silence hardly counts."""
        quiet = quiet_frames(loudness, thresholds.silence)
        return cls._summed(np.where(quiet, thresholds.slow, 1.0))

    @classmethod
    def from_recognised(
        cls,
        loudness: RecordingLoudness,
        recognised: Sequence[RecognisedWord],
        thresholds: CoarseThresholds = CoarseThresholds(),
    ) -> "SpeechTime":
        """What lies beside recognised words hardly counts."""
        speed = np.full(loudness.frames.size, thresholds.slow)
        for word in recognised:
            if word.evidence >= thresholds.evidence:
                first = max(0, round(word.start * FRAMES_PER_SECOND) - thresholds.margin)
                speed[first : round(word.end * FRAMES_PER_SECOND) + thresholds.margin] = 1.0
        return cls._summed(speed)

    @classmethod
    def _summed(cls, speed: NDArray[np.float64]) -> "SpeechTime":
        return cls(np.concatenate([[0.0], np.cumsum(speed / FRAMES_PER_SECOND)]))

    def between(self, begin: float, end: float) -> float:
        """Seconds of speech between two times."""
        first, last = self.at(np.array([begin, end]))
        return float(last - first)

    @property
    def duration(self) -> float:
        """Seconds of the recording."""
        return (self.readings.size - 1) / FRAMES_PER_SECOND

    def at(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Seconds of speech before these times."""
        return np.interp(seconds * FRAMES_PER_SECOND, np.arange(self.readings.size), self.readings)

    def times(self, readings: NDArray[np.float64]) -> NDArray[np.float64]:
        """When there has been so much speech (seconds); the inverse of `at`."""
        frames = np.interp(readings, self.readings, np.arange(self.readings.size))
        return frames / FRAMES_PER_SECOND


@dataclass(frozen=True, eq=False)
class CoarseTimes:
    """Where the words are, roughly: `starts` and `ends` (words,) in seconds.

    `absent` (words,) marks those that have no room in the audio.
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    absent: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CoarseEstimator:
    """Estimates the times of words that have so many `letters` (words,) between any anchors."""

    letters: NDArray[np.int64]
    recognised: SpeechTime
    sound: SpeechTime
    thresholds: CoarseThresholds = field(default_factory=CoarseThresholds)

    @classmethod
    def of_recording(
        cls,
        letters: NDArray[np.int64],
        loudness: RecordingLoudness,
        recognised: Sequence[RecognisedWord],
        thresholds: CoarseThresholds = CoarseThresholds(),
    ) -> "CoarseEstimator":
        """For words of so many letters (words,), by the speech of a recording."""
        return cls(
            letters,
            SpeechTime.from_recognised(loudness, recognised, thresholds),
            SpeechTime.from_loudness(loudness, thresholds),
            thresholds,
        )

    def estimate(self, anchors: Anchors) -> CoarseTimes:
        """The times of all words.

        Words between two anchors share the recognised speech there, or, where this is too little,
        all sound. Where there is much more than they need, they are taken to follow the first
        anchor, or to precede the second where there is no first; where there is much too little,
        they are absent, unless a few anchors beside them are to blame.
        """
        limits, n = self.thresholds, self.letters.size
        anchors = self._believable(anchors)
        seconds = letter_seconds(anchors, self.letters, limits)
        starts, ends, absent = np.zeros(n), np.zeros(n), np.zeros(n, bool)
        starts[anchors.words], ends[anchors.words] = anchors.starts, anchors.ends
        for before, after in pairwise([-1, *anchors.words.tolist(), n]):
            between = np.arange(before + 1, after)
            if not between.size:
                continue
            begin = ends[before] if before >= 0 else 0.0
            end = max(begin, starts[after] if after < n else self.recognised.duration)
            need = float((self.letters[between] + 1).sum()) * seconds
            enough = self.recognised.between(begin, end) >= limits.enough * need
            speech = self.recognised if enough else self.sound
            room = speech.between(begin, end)
            if room > limits.most_share * need + limits.longest_pause and anchors.words.size:
                usual = limits.usual_share * need
                begin, end = _beside_anchor(begin, end, usual, speech, first=before < 0)
            elif room < limits.least_share * need - limits.slack and (
                between.size > limits.few_words or need > limits.long_need
            ):
                absent[between] = True
            starts[between], ends[between] = self._shared(between, begin, end, speech)
        return CoarseTimes(starts, ends, absent)

    def _believable(self, anchors: Anchors) -> Anchors:
        """The anchors without the few that alone leave many words no room.

        A decoder that passes over a sentence likes to join what is before it to what is after it.
        """
        limits = self.thresholds
        seconds = letter_seconds(anchors, self.letters, limits)
        before = np.concatenate([[0], np.cumsum(self.letters + 1)])  # letters before each word
        kept = np.ones(anchors.words.size, bool)

        def share(first: int, last: int) -> float:
            """The room between two anchors, as a share of what the words there need."""
            passed = before[anchors.words[last]] - before[anchors.words[first] + 1]
            room = self.sound.between(float(anchors.ends[first]), float(anchors.starts[last]))
            return (room + limits.slack) / max(float(passed) * seconds, limits.slack)

        for at in np.flatnonzero(np.diff(anchors.words) > limits.few_words + 1).tolist():
            if share(at, at + 1) >= limits.least_share:
                continue
            for left, right in limits.dropped:
                first, last = at - left, at + 1 + right
                if first >= 0 and last < kept.size and share(first, last) >= limits.enough:
                    kept[first + 1 : last] = False
                    break
        return anchors.at(kept)

    def _shared(
        self, words: NDArray[np.int64], begin: float, end: float, speech: SpeechTime
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Starts and ends of words that share the speech between two times by their letters.

        Each is on one side of a long pause.
        """
        letters = self.letters[words] + 1
        shares = np.cumsum(letters) / int(letters.sum())
        readings = speech.at(np.array([begin, end]))
        times = speech.times(readings[0] + np.append(0.0, shares) * (readings[1] - readings[0]))
        starts, ends = times[:-1].copy(), times[1:].copy()
        pause = self.thresholds.longest_pause
        long = np.flatnonzero(ends - starts > pause)
        middles = self.sound.times((self.sound.at(starts[long]) + self.sound.at(ends[long])) / 2)
        late = ends[long] - middles < middles - starts[long]
        starts[long[late]] = np.maximum(starts[long], ends[long] - pause / 2)[late]
        ends[long[~late]] = np.minimum(ends[long], starts[long] + pause / 2)[~late]
        return starts, ends


def _beside_anchor(
    begin: float, end: float, need: float, speech: SpeechTime, *, first: bool
) -> tuple[float, float]:
    """So much speech after `begin`; before `end` if it is the `first` of the recording."""
    readings = speech.at(np.array([begin, end]))
    if first:
        return float(speech.times(readings[1:] - need)[0]), end
    return begin, float(speech.times(readings[:1] + need)[0])


def letter_seconds(
    anchors: Anchors, letters: NDArray[np.int64], thresholds: CoarseThresholds = CoarseThresholds()
) -> float:
    """What a letter takes between neighbouring anchors, pauses included."""
    neighbours = np.flatnonzero(np.diff(anchors.words) == 1)
    if neighbours.size < thresholds.anchor_pairs:
        return thresholds.letter
    seconds = anchors.starts[neighbours + 1] - anchors.starts[neighbours]
    rate = float(np.median(seconds / (letters[anchors.words[neighbours]] + 1)))
    return min(max(rate, thresholds.fastest_letter), thresholds.slowest_letter)


def expected_seconds(
    anchors: Anchors, letters: NDArray[np.int64], thresholds: CoarseThresholds = CoarseThresholds()
) -> NDArray[np.float64]:
    """How long (words,) words of so many `letters` (words,) should take."""
    return (letters + 1).astype(np.float64) * letter_seconds(anchors, letters, thresholds)
