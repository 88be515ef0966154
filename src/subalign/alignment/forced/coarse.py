"""Roughly where each word of a transcript is, from those whose place is known."""

import itertools
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.matching import Matching
from subalign.alignment.forced.recognition import HeardWord
from subalign.alignment.loudness import RecordingLoudness
from subalign.alignment.pauses import quiet_frames
from subalign.mel import FRAMES_PER_SECOND

__all__ = [
    "Anchors",
    "Placement",
    "SpeechClock",
    "letter_seconds",
    "place",
]


# decoded words matched with less confidence are not relied on
_LEAST_CONFIDENCE = 0.25

# seconds that a letter takes where no anchors tell, and the bounds of what is believed
_LETTER_SECONDS = 0.07
_FASTEST_LETTER, _SLOWEST_LETTER = 0.04, 0.15

# words between two anchors have room if their time is at least this share of the expected (less
# what a pair of ends may be wrong by), and belong together if it is not longer than this
_LEAST_SHARE, _SLACK = 0.4, 0.3
_MOST_SHARE, _LONGEST_PAUSE = 2.0, 3.0
_USUAL_SHARE = 1.3

# decoded speech does if it is this share of what words need; else the decoder left some out
_ENOUGH = 0.6

# anchors before and after words without room that may be wrong
_DROPPED = [(0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (0, 3), (3, 0)]

# so few words without room are rather one word too many than a passage, unless they need as many
# seconds
_FEW_WORDS, _LONG_NEED = 4, 2.0


@dataclass(frozen=True, eq=False)
class SpeechClock:
    """Seconds of speech before each frame's start (frames + 1,), rising."""

    ticks: NDArray[np.float64]

    @classmethod
    def of_sound(cls, loudness: RecordingLoudness) -> "SpeechClock":
        """A clock that takes all sound for speech, and goes slowly in silence."""
        return cls._running(np.where(quiet_frames(loudness, _QUIET), _SLOW, 1.0))

    @classmethod
    def of_decoded(cls, loudness: RecordingLoudness, decoded: Sequence[HeardWord]) -> "SpeechClock":
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


@dataclass(frozen=True, eq=False)
class Anchors:
    """Words whose place is known: their numbers, rising, their times (seconds) and weights."""

    words: NDArray[np.int64]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def from_matching(cls, matching: Matching) -> "Anchors":
        """The words that were decoded, with enough around them, where their order is right."""
        sure = (matching.confidence >= _LEAST_CONFIDENCE) & np.isfinite(matching.starts)
        words = np.flatnonzero(sure)
        return cls.in_order(
            words, matching.starts[words], matching.ends[words], matching.confidence[words]
        )

    @classmethod
    def in_order(
        cls,
        words: NDArray[np.int64],
        starts: NDArray[np.float64],
        ends: NDArray[np.float64],
        weights: NDArray[np.float64],
    ) -> "Anchors":
        """As many of these as can be kept so that the times rise with the words."""
        kept = _longest_rising(starts)
        kept = kept[(np.diff(ends[kept], prepend=-np.inf) > 0)]
        return cls(words[kept], starts[kept], ends[kept], weights[kept])

    def of(self, words: Collection[int]) -> "Anchors":
        """Those of some words."""
        return self.at(np.isin(self.words, sorted(words)))

    def merged(self, others: "Anchors") -> "Anchors":
        """As many of these and of other words' anchors as rise together."""
        columns = zip(astuple(self), astuple(others), strict=True)
        words, starts, ends, weights = (np.concatenate(pair) for pair in columns)
        order = np.argsort(words)
        return Anchors.in_order(words[order], starts[order], ends[order], weights[order])

    def at(self, rows: NDArray[np.bool_]) -> "Anchors":
        """Those that `rows` (anchors,) marks."""
        return Anchors(*(array[rows] for array in astuple(self)))


@dataclass(frozen=True, eq=False)
class Placement:
    """Where the words are, roughly: `starts` and `ends` (words,) in seconds.

    `weights` (words,) tells how sure that is, `absent` marks words that have no room in the
    audio, and `breaks` those before which the recording has something else: a word's stretch
    begins there.
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    weights: NDArray[np.float64]
    absent: NDArray[np.bool_]
    breaks: NDArray[np.bool_]

    def without(self, words: NDArray[np.bool_]) -> "Placement":
        """The same but for words (words,) that are taken for absent, with breaks after them."""
        after = np.append(False, words[:-1])
        return replace(self, absent=self.absent | words, breaks=self.breaks | after)


def place(
    anchors: Anchors, letters: NDArray[np.int64], decoded: SpeechClock, sound: SpeechClock
) -> Placement:
    """Place all words, which have so many letters (words,), between the anchors.

    Words between two anchors share the speech there by their letters: that which was `decoded`,
    or, where this is too little, all `sound`. Where there is much more than they need, they are
    taken to follow the first anchor, or to precede the second where there is no first; where
    there is much too little, they are absent, unless a few anchors beside them are to blame.
    """
    n = letters.size
    anchors = _believable(anchors, letters, sound)
    starts, ends, weights = np.zeros(n), np.zeros(n), np.zeros(n)
    absent, breaks = np.zeros(n, bool), np.zeros(n, bool)
    starts[anchors.words], ends[anchors.words] = anchors.starts, anchors.ends
    weights[anchors.words] = anchors.weights
    seconds = letter_seconds(anchors, letters)
    edges = [-1, *anchors.words.tolist(), n]
    for before, after in itertools.pairwise(edges):
        between = np.arange(before + 1, after)
        if not between.size:
            continue
        begin = ends[before] if before >= 0 else 0.0
        end = max(begin, starts[after] if after < n else decoded.duration)
        need = float((letters[between] + 1).sum()) * seconds
        enough = decoded.between(begin, end) >= _ENOUGH * need
        clock = decoded if enough else sound
        room = clock.between(begin, end)
        if room > _MOST_SHARE * need + _LONGEST_PAUSE and anchors.words.size:
            begin, end = _beside_anchor(begin, end, _USUAL_SHARE * need, clock, first=before < 0)
        elif room < _LEAST_SHARE * need - _SLACK and (
            between.size > _FEW_WORDS or need > _LONG_NEED
        ):
            absent[between] = True
        shares = np.cumsum(letters[between] + 1) / int((letters[between] + 1).sum())
        readings = clock.read(np.array([begin, end]))
        times = clock.times(readings[0] + np.append(0.0, shares) * (readings[1] - readings[0]))
        starts[between], ends[between] = _gathered(times, sound)
    present = np.flatnonzero(~absent)
    breaks[present[1:]] = starts[present[1:]] - ends[present[:-1]] > _LONGEST_PAUSE
    return Placement(starts, ends, weights, absent, breaks)


def _believable(anchors: Anchors, letters: NDArray[np.int64], sound: SpeechClock) -> Anchors:
    """The anchors without the few that alone leave many words no room.

    A decoder that passes over a sentence likes to join what is before it to what is after it.
    """
    seconds = letter_seconds(anchors, letters)
    before = np.concatenate([[0], np.cumsum(letters + 1)])  # letters before each word
    kept = np.ones(anchors.words.size, bool)

    def share(first: int, last: int) -> float:
        """The room between two anchors, as a share of what the words there need."""
        passed = before[anchors.words[last]] - before[anchors.words[first] + 1]
        room = sound.between(float(anchors.ends[first]), float(anchors.starts[last]))
        return (room + _SLACK) / max(float(passed) * seconds, _SLACK)

    for at in np.flatnonzero(np.diff(anchors.words) > _FEW_WORDS + 1).tolist():
        if share(at, at + 1) >= _LEAST_SHARE:
            continue
        ways = [(at - left, at + 1 + right) for left, right in _DROPPED]
        for first, last in ways:
            if first >= 0 and last < kept.size and share(first, last) >= _ENOUGH:
                kept[first + 1 : last] = False
                break
    return anchors.at(kept)


def _gathered(
    times: NDArray[np.float64], sound: SpeechClock
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Starts and ends of words between `times` (words + 1,), each on one side of a long pause."""
    starts, ends = times[:-1].copy(), times[1:].copy()
    long = np.flatnonzero(ends - starts > _LONGEST_PAUSE)
    readings = (sound.read(starts[long]) + sound.read(ends[long])) / 2
    middles = sound.times(readings)
    late = ends[long] - middles < middles - starts[long]
    starts[long[late]] = np.maximum(starts[long], ends[long] - _LONGEST_PAUSE / 2)[late]
    ends[long[~late]] = np.minimum(ends[long], starts[long] + _LONGEST_PAUSE / 2)[~late]
    return starts, ends


def _beside_anchor(
    begin: float, end: float, need: float, clock: SpeechClock, *, first: bool
) -> tuple[float, float]:
    """So much speech after `begin`; before `end` if it is the `first` of the recording."""
    readings = clock.read(np.array([begin, end]))
    if first:
        return float(clock.times(readings[1:] - need)[0]), end
    return begin, float(clock.times(readings[:1] + need)[0])


def letter_seconds(anchors: Anchors, letters: NDArray[np.int64]) -> float:
    """What a letter takes between neighbouring anchors, pauses included."""
    neighbours = np.flatnonzero(np.diff(anchors.words) == 1)
    if neighbours.size < 20:
        return _LETTER_SECONDS
    seconds = anchors.starts[neighbours + 1] - anchors.starts[neighbours]
    rate = float(np.median(seconds / (letters[anchors.words[neighbours]] + 1)))
    return min(max(rate, _FASTEST_LETTER), _SLOWEST_LETTER)


def _longest_rising(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of a longest rising subsequence (Fredman 1975)."""
    tails: list[float] = []
    last: list[int] = []
    before = np.full(values.size, -1, np.int64)
    for index, value in enumerate(values.tolist()):
        at = bisect_left(tails, value)
        before[index] = last[at - 1] if at else -1
        if at == len(tails):
            tails.append(value)
            last.append(index)
        else:
            tails[at], last[at] = value, index
    chain: list[int] = []
    at = last[-1] if last else -1
    while at >= 0:
        chain.append(at)
        at = int(before[at])
    return np.array(chain[::-1], np.int64)


# how fast the clock goes beside speech
_SLOW = 0.001

# a decoded word tells of speech if the audio speaks for it (nats a token)
_LEAST_EVIDENCE = 2.0

# frames on each side of a decoded word that count as speech
_MARGIN = 20

# frames are silent up to this loudness
_QUIET = 0.3
