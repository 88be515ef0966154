"""Windows of audio with the words that are said in them."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.coarse import Anchors, Placement
from subalign.alignment.loudness import RecordingLoudness
from subalign.alignment.pauses import FrameSpan, pause_depth
from subalign.mel import FRAMES_PER_SECOND

__all__ = ["Window", "WindowLimits", "plan_windows", "settled_windows", "split_settled"]

# shares of a window's length: where it may be cut, and how far it reaches into its neighbours
_EARLIEST_CUT, _LATEST_CUT = 0.4, 0.78
_LEAST_OVERLAP, _MOST_OVERLAP = 0.03, 0.09

# seconds of audio before the first and after the last word, where nothing else is said
_MARGIN = 0.5

# windows are settled where this share of the words has anchors of more than this weight
_SETTLED, _SURE = 0.9, 0.5

# spans are settled with so many words in a row at most that were not rightly decoded, with fewer
# where two spans meet, and with this share that was
_MOST_UNSURE, _MOST_AT_EDGE, _LEAST_SURE = 4, 2, 0.7

# what makes a good cut: words of known place, a pause, and, a little, a long window
_PAUSE_WEIGHT, _LENGTH_WEIGHT = 0.6, 0.3


@dataclass(frozen=True, slots=True)
class WindowLimits:
    """What is timed at once: mel frames and text tokens.

    A recording of at most `whole` frames is not cut up, if the transcript tells of all of it.
    """

    frames: int
    tokens: int
    whole: int = 0

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / FRAMES_PER_SECOND


@dataclass(frozen=True, slots=True)
class Window:
    """A span of audio and the words (their numbers in the transcript) that are said in it."""

    span: FrameSpan
    words: tuple[int, ...]


def plan_windows(
    placement: Placement,
    tokens: NDArray[np.int64],
    loudness: RecordingLoudness,
    limits: WindowLimits,
) -> list[Window]:
    """Windows that together hold all words that are not absent.

    Neighbouring windows of a stretch overlap by a few words, so that each word is inside one.
    `tokens` (words,) counts the words' tokens.
    """
    present = np.flatnonzero(~placement.absent)
    if _is_one_window(placement, tokens, loudness, limits):
        return [Window(FrameSpan(0, loudness.frames.size), tuple(present.tolist()))]
    planner = _Planner(placement, tokens, loudness, limits)
    windows: list[Window] = []
    bounds = [0, *(np.flatnonzero(placement.breaks[present])).tolist(), present.size]
    for first, end in itertools.pairwise(bounds):
        if end > first:
            windows += planner.stretch(present[first:end])
    return windows


def _is_one_window(
    placement: Placement,
    tokens: NDArray[np.int64],
    loudness: RecordingLoudness,
    limits: WindowLimits,
) -> bool:
    """Whether a recording is a window, and has neither more nor less than its words."""
    return (
        0 < loudness.frames.size <= limits.whole
        and 0 < int(tokens.sum()) <= limits.tokens
        and not (placement.absent | placement.breaks).any()
    )


def split_settled(windows: Sequence[Window], anchors: Anchors) -> tuple[list[Window], list[Window]]:
    """Windows whose words nearly all have a sure place already, and the others."""
    sure = set(anchors.words[anchors.weights > _SURE].tolist())
    settled: list[Window] = []
    others: list[Window] = []
    for window in windows:
        known = len(sure.intersection(window.words))
        (settled if known >= _SETTLED * len(window.words) else others).append(window)
    return settled, others


def settled_windows(
    spans: Sequence[FrameSpan],
    anchors: Anchors,
    sure: NDArray[np.bool_],
    placement: Placement,
    tokens: NDArray[np.int64],
    room: int,
) -> list[Window]:
    """Those of the spans that were decoded nearly as the transcript has it, with their words.

    `anchors` are where words were decoded, and `sure` (words,) marks those that were decoded right.
    One or two others where two spans meet belong where they are placed.
    """
    known = anchors.at(sure[anchors.words])
    begins = np.array([span.start / FRAMES_PER_SECOND for span in spans])
    placed = np.searchsorted(begins, placement.starts, side="right") - 1
    owners = np.full(sure.size, -1)
    owners[known.words] = np.searchsorted(begins, known.starts, side="right") - 1
    doubted = {-1}
    for before, after in itertools.pairwise([-1, *known.words.tolist(), sure.size]):
        between = slice(before + 1, after)
        beside = [int(owners[word]) for word in (before, after) if 0 <= word < sure.size]
        if after - before - 1 > (_MOST_UNSURE if len(set(beside)) == 1 else _MOST_AT_EDGE):
            doubted.update(beside)
        elif beside:
            owners[between] = np.clip(placed[between], min(beside), max(beside))
    windows: list[Window] = []
    for row, span in enumerate(spans):
        own = np.flatnonzero(owners == row)
        if row in doubted or not own.size or tokens[own].sum() > room:
            continue
        if sure[own].mean() >= _LEAST_SURE:
            windows.append(Window(span, tuple(own.tolist())))
    return windows


@dataclass(frozen=True, eq=False)
class _Planner:
    placement: Placement
    tokens: NDArray[np.int64]
    loudness: RecordingLoudness
    limits: WindowLimits

    def stretch(self, words: NDArray[np.int64]) -> Iterator[Window]:
        """Windows for words that follow each other without anything else between them."""
        length = self.limits.seconds
        starts, ends = self.placement.starts[words], self.placement.ends[words]
        scores = self._cut_scores(words)
        core = 0
        while core < words.size:
            first = self._reach_back(core, starts, scores)
            begin = starts[first] - _MARGIN
            if self._fits(words[first:]) and ends[-1] + _MARGIN - begin <= length:
                yield self._window(words[first:])
                return
            next_core = self._cut(first, core, starts, ends, scores, words)
            last = self._reach_on(first, next_core, starts, ends, scores, words)
            yield self._window(words[first:last])
            core = next_core

    def _cut_scores(self, words: NDArray[np.int64]) -> NDArray[np.float64]:
        """How good a cut before each word would be, but for where that leaves the window."""
        weights = self.placement.weights[words]
        sure = np.minimum(weights, np.concatenate([[0.0], weights[:-1]]))
        pauses = [
            pause_depth(
                self.loudness,
                round(FRAMES_PER_SECOND * (self.placement.ends[before] - 0.2)),
                round(FRAMES_PER_SECOND * (self.placement.starts[after] + 0.2)),
            )
            for before, after in itertools.pairwise(words)
        ]
        merits: NDArray[np.float64] = sure + _PAUSE_WEIGHT * np.array([1.0, *pauses])
        return merits

    def _cut(
        self,
        first: int,
        core: int,
        starts: NDArray[np.float64],
        ends: NDArray[np.float64],
        scores: NDArray[np.float64],
        words: NDArray[np.int64],
    ) -> int:
        """The word that the next window's own words begin with."""
        length = self.limits.seconds
        candidates = np.arange(core + 1, words.size)
        passed = ends[candidates - 1] - starts[first]
        held = np.cumsum(self.tokens[words[first:]])[candidates - 1 - first] <= self.limits.tokens
        possible = (passed <= _LATEST_CUT * length) & held
        late = possible & (passed >= _EARLIEST_CUT * length)
        chosen = candidates[late] if late.any() else candidates[possible][-1:]
        if not chosen.size:
            return core + 1
        lengths = (ends[chosen - 1] - starts[first]) / length
        return int(chosen[(scores[chosen] + _LENGTH_WEIGHT * lengths).argmax()])

    def _reach_back(
        self, core: int, starts: NDArray[np.float64], scores: NDArray[np.float64]
    ) -> int:
        """The first word of a window whose own words begin with `core`."""
        if core == 0:
            return 0
        length = self.limits.seconds
        distance = starts[core] - starts[:core]
        within = np.flatnonzero(
            (distance >= _LEAST_OVERLAP * length) & (distance <= _MOST_OVERLAP * length)
        )
        return int(within[scores[within].argmax()]) if within.size else core

    def _reach_on(
        self,
        first: int,
        next_core: int,
        starts: NDArray[np.float64],
        ends: NDArray[np.float64],
        scores: NDArray[np.float64],
        words: NDArray[np.int64],
    ) -> int:
        """One after the last word of a window whose own words end before `next_core`."""
        if next_core >= words.size:
            return words.size
        length = self.limits.seconds
        candidates = np.arange(next_core + 1, words.size)
        distance = ends[candidates - 1] - starts[next_core]
        within = (distance >= _LEAST_OVERLAP * length) & (distance <= _MOST_OVERLAP * length)
        within &= ends[candidates - 1] - starts[first] + 2 * _MARGIN <= length
        held = np.cumsum(self.tokens[words[first:]])[candidates - 1 - first] <= self.limits.tokens
        chosen = candidates[within & held]
        return int(chosen[scores[chosen].argmax()]) if chosen.size else next_core

    def _fits(self, words: NDArray[np.int64]) -> bool:
        return int(self.tokens[words].sum()) <= self.limits.tokens

    def _window(self, words: NDArray[np.int64]) -> Window:
        """The words with the audio around them, up to the words that come before and after."""
        n_frames = self.loudness.frames.size
        begin = self.placement.starts[words[0]] - _MARGIN
        end = self.placement.ends[words[-1]] + _MARGIN
        first = max(0, min(round(begin * FRAMES_PER_SECOND), n_frames - 1))
        last = min(round(end * FRAMES_PER_SECOND), n_frames, first + self.limits.frames)
        return Window(FrameSpan(first, max(last, first + 1)), tuple(words.tolist()))
