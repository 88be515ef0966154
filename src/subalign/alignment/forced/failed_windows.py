"""What happens to a window that fails: its words are placed in new windows and timed again.

A window fails where it was not decoded nearly as the transcript has it, or where a word is timed
far from where it was recognised. A first pass over new windows gives nearer anchors, from which
windows are planned once more; the final pass edits their texts and times them exactly.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.coarse import CoarseEstimator, CoarseTimes
from subalign.alignment.forced.context import Context
from subalign.alignment.forced.matching import Anchors
from subalign.alignment.forced.timing import AlignedWords, time_windows
from subalign.alignment.forced.untranscribed import ExtendedText
from subalign.alignment.forced.windows import Window, WindowLimits, plan_windows, split_anchored
from subalign.alignment.loudness import RecordingLoudness
from subalign.alignment.pauses import FrameSpan

__all__ = ["accepted_words", "retime_failed"]


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
