"""Windows: spans of audio with the words that are said in them.

Windows that were decoded nearly as the transcript has them are taken as they are
(`recognised_windows`); for all other words new ones are planned (`plan_windows`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.coarse import CoarseTimes
from subalign.alignment.forced.matching import Anchors
from subalign.alignment.forced.thresholds import WindowThresholds
from subalign.alignment.loudness import RecordingLoudness
from subalign.alignment.pauses import FrameSpan, pause_depth
from subalign.mel import FRAMES_PER_SECOND

__all__ = ["Window", "WindowLimits", "plan_windows", "recognised_windows", "split_anchored"]


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


def recognised_windows(
    spans: Sequence[FrameSpan],
    recognised: Anchors,
    matched: NDArray[np.bool_],
    coarse: CoarseTimes,
    n_tokens: NDArray[np.int64],
    room: int,
    thresholds: WindowThresholds = WindowThresholds(),
) -> list[Window]:
    """Those of the decoded spans that were recognised nearly as written, with their words.

    `matched` (words,) marks the words that were recognised right, `recognised` are the anchors of
    those in order. `n_tokens` (words,) counts the words' tokens, of which `room` fit into the
    decoder. One or two other words where two spans meet belong where their coarse times are.
    """
    begins = np.array([span.start / FRAMES_PER_SECOND for span in spans])
    placed = np.searchsorted(begins, coarse.starts, side="right") - 1
    owners = np.full(matched.size, -1)
    owners[recognised.words] = np.searchsorted(begins, recognised.starts, side="right") - 1
    failed = {-1}
    for before, after in pairwise([-1, *recognised.words.tolist(), matched.size]):
        between = slice(before + 1, after)
        beside = [int(owners[word]) for word in (before, after) if 0 <= word < matched.size]
        inside = len(set(beside)) == 1
        most = thresholds.most_unmatched if inside else thresholds.most_unmatched_at_edge
        if after - before - 1 > most:
            failed.update(beside)
        elif beside:
            owners[between] = np.clip(placed[between], min(beside), max(beside))
    windows: list[Window] = []
    for row, span in enumerate(spans):
        words = np.flatnonzero(owners == row)
        if row in failed or not words.size or n_tokens[words].sum() > room:
            continue
        if matched[words].mean() >= thresholds.matched_share:
            windows.append(Window(span, tuple(words.tolist())))
    return windows


def split_anchored(
    windows: Sequence[Window],
    anchors: Anchors,
    thresholds: WindowThresholds = WindowThresholds(),
) -> tuple[list[Window], list[Window]]:
    """Windows of whose words nearly all have an anchor of much weight, and the others."""
    sure = set(anchors.words[anchors.weights > thresholds.anchor_weight].tolist())
    anchored: list[Window] = []
    others: list[Window] = []
    for window in windows:
        known = len(sure.intersection(window.words))
        is_anchored = known >= thresholds.anchored_share * len(window.words)
        (anchored if is_anchored else others).append(window)
    return anchored, others


def plan_windows(
    coarse: CoarseTimes,
    n_tokens: NDArray[np.int64],
    loudness: RecordingLoudness,
    limits: WindowLimits,
    thresholds: WindowThresholds = WindowThresholds(),
) -> list[Window]:
    """Windows that together hold all words that are not absent.

    Neighbouring windows without a break between them overlap by a few words, so that each word is
    inside one. `n_tokens` (words,) counts the words' tokens.
    """
    present = np.flatnonzero(~coarse.absent)
    if (
        0 < loudness.frames.size <= limits.whole
        and 0 < int(n_tokens.sum()) <= limits.tokens
        and not (coarse.absent | coarse.breaks).any()
    ):
        return [Window(FrameSpan(0, loudness.frames.size), tuple(present.tolist()))]
    windows: list[Window] = []
    bounds = [0, *(np.flatnonzero(coarse.breaks[present])).tolist(), present.size]
    for first, end in pairwise(bounds):
        if end > first:
            words = present[first:end]
            windows += _WordRun(coarse, n_tokens, loudness, limits, thresholds, words).windows()
    return windows


@dataclass(frozen=True, eq=False)
class _WordRun:
    """Words (their numbers) that follow each other without anything else between them.

    Within the methods words are counted in the run.
    """

    coarse: CoarseTimes
    all_n_tokens: NDArray[np.int64]
    loudness: RecordingLoudness
    limits: WindowLimits
    thresholds: WindowThresholds
    words: NDArray[np.int64]

    @cached_property
    def starts(self) -> NDArray[np.float64]:
        return self.coarse.starts[self.words]

    @cached_property
    def ends(self) -> NDArray[np.float64]:
        return self.coarse.ends[self.words]

    @cached_property
    def tokens_before(self) -> NDArray[np.int64]:
        """How many tokens stand before each word, and in all (words + 1,)."""
        return np.concatenate([[0], np.cumsum(self.all_n_tokens[self.words])])

    @cached_property
    def merits(self) -> NDArray[np.float64]:
        """How good a cut before each word is, but for where that leaves the window (words,)."""
        weights = self.coarse.weights[self.words]
        sure = np.minimum(weights, np.concatenate([[0.0], weights[:-1]]))
        reach = self.thresholds.pause_reach
        pauses = [
            pause_depth(
                self.loudness,
                round(FRAMES_PER_SECOND * (end - reach)),
                round(FRAMES_PER_SECOND * (start + reach)),
            )
            for end, start in zip(self.ends[:-1], self.starts[1:], strict=True)
        ]
        merits: NDArray[np.float64] = sure + self.thresholds.pause_weight * np.array([1.0, *pauses])
        return merits

    def windows(self) -> Iterator[Window]:
        """Windows for all words; each has words of its own and some of its neighbours'."""
        margin, n = self.thresholds.margin, self.words.size
        core = 0
        while core < n:
            first = self._first_word(core)
            length = self.ends[-1] + margin - (self.starts[first] - margin)
            if length <= self.limits.seconds and self._fit(first, np.array([n])).all():
                yield self._window(first, n)
                return
            next_core = self._cut(first, core)
            yield self._window(first, self._end_word(first, next_core))
            core = next_core

    def _fit(self, first: int, ends: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the decoder can read the words from `first` to before each of the `ends`."""
        n_tokens = self.tokens_before[ends] - self.tokens_before[first]
        fit: NDArray[np.bool_] = n_tokens <= self.limits.tokens
        return fit

    def _cut(self, first: int, core: int) -> int:
        """The word that the next window's own words begin with."""
        length, thresholds = self.limits.seconds, self.thresholds
        candidates = np.arange(core + 1, self.words.size)
        passed = self.ends[candidates - 1] - self.starts[first]
        possible = (passed <= thresholds.latest_cut * length) & self._fit(first, candidates)
        late = possible & (passed >= thresholds.earliest_cut * length)
        chosen = candidates[late] if late.any() else candidates[possible][-1:]
        if not chosen.size:
            return core + 1
        lengths = (self.ends[chosen - 1] - self.starts[first]) / length
        return int(chosen[(self.merits[chosen] + thresholds.length_weight * lengths).argmax()])

    def _overlaps(self, distance: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether so many seconds are a good overlap with the neighbour."""
        length = self.limits.seconds
        least, most = self.thresholds.least_overlap, self.thresholds.most_overlap
        within: NDArray[np.bool_] = (distance >= least * length) & (distance <= most * length)
        return within

    def _first_word(self, core: int) -> int:
        """The first word of a window whose own words begin with `core`."""
        if core == 0:
            return 0
        chosen = np.flatnonzero(self._overlaps(self.starts[core] - self.starts[:core]))
        return int(chosen[self.merits[chosen].argmax()]) if chosen.size else core

    def _end_word(self, first: int, next_core: int) -> int:
        """One after the last word of a window whose own words end before `next_core`."""
        if next_core >= self.words.size:
            return self.words.size
        candidates = np.arange(next_core + 1, self.words.size)
        ends = self.ends[candidates - 1]
        length = ends - self.starts[first] + 2 * self.thresholds.margin
        chosen = candidates[
            self._overlaps(ends - self.starts[next_core])
            & (length <= self.limits.seconds)
            & self._fit(first, candidates)
        ]
        return int(chosen[self.merits[chosen].argmax()]) if chosen.size else next_core

    def _window(self, first: int, end: int) -> Window:
        """The words with the audio around them, up to the words that come before and after."""
        n_frames, margin = self.loudness.frames.size, self.thresholds.margin
        begin = round((self.starts[first] - margin) * FRAMES_PER_SECOND)
        stop = round((self.ends[end - 1] + margin) * FRAMES_PER_SECOND)
        begin = max(0, min(begin, n_frames - 1))
        stop = min(stop, n_frames, begin + self.limits.frames)
        span = FrameSpan(begin, max(stop, begin + 1))
        return Window(span, tuple(self.words[first:end].tolist()))
