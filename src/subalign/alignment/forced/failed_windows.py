"""What happens to a window that fails: its words are placed in new windows and timed again.

A window fails where it was not decoded nearly as the transcript has it, or where a word is timed
far from where it was recognised. A first pass over new windows gives nearer anchors, from which
windows are planned once more; the final pass edits their texts and times them exactly.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.coarse import CoarseEstimator, CoarseTimes
from subalign.alignment.forced.matching import Anchors
from subalign.alignment.forced.recognition import Context
from subalign.alignment.forced.thresholds import WindowThresholds
from subalign.alignment.forced.timing import AlignedWords, Window, time_windows
from subalign.alignment.forced.untranscribed import ExtendedText
from subalign.alignment.pauses import FrameSpan, pause_depth
from subalign.mel import FRAMES_PER_SECOND
from subalign.mel.loudness import RecordingLoudness

__all__ = ["WindowLimits", "accepted_words", "plan_windows", "retime_failed", "split_anchored"]


def accepted_words(
    windows: Sequence[Window], timed: AlignedWords, recognised: Anchors, displacement: float
) -> NDArray[np.bool_]:
    """The words (words,) of windows that do not fail.

    In these all `recognised` words are timed within so many seconds of where they were recognised.
    """
    near = np.abs(timed.starts[recognised.words] - recognised.starts) <= displacement
    far = set(recognised.words[~near].tolist())
    accepted = np.zeros(timed.starts.size, bool)
    for window in windows:
        accepted[list(window.words)] = not far.intersection(window.words)
    return accepted


def retime_failed(
    context: Context,
    text: ExtendedText,
    accepted: NDArray[np.bool_],
    coarse: CoarseTimes,
    estimator: CoarseEstimator,
    loudness: RecordingLoudness,
    passes: Sequence[Callable[[FrameSpan], None]],
) -> tuple[AlignedWords, CoarseTimes]:
    """Time the words that are not `accepted` (words,); also better coarse times of all words.

    `passes` are called with each window's span, in the first pass and in the final one.
    """
    thresholds = context.thresholds
    first, final = passes
    windows = _planned(context, text, coarse.without(accepted), loudness)
    anchored, others = split_anchored(windows, text.anchors, thresholds.windows)
    timed = time_windows(context, text.words, others, first)
    in_both = {word for window in others for word in window.words}
    kept = {word for window in anchored for word in window.words} - in_both
    kept |= set(np.flatnonzero(accepted).tolist())
    nearer = timed.anchors(thresholds)
    coarse = estimator.estimate(nearer.merged(text.anchors.of(kept)))
    windows = _planned(context, text, coarse.without(accepted), loudness)
    return time_windows(context, text.words, windows, final, final=True), coarse


def _planned(
    context: Context, text: ExtendedText, coarse: CoarseTimes, loudness: RecordingLoudness
) -> list[Window]:
    thresholds = context.thresholds.windows
    whole = context.model.dims.window_frames
    limits = WindowLimits(round(thresholds.length * whole), context.text_room, whole)
    return plan_windows(coarse, text.n_tokens, loudness, limits, thresholds)


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
