"""What happens to a window that fails: its words are verified and timed again.

A window fails where it was not decoded nearly as the transcript has it, or where a word is timed
far from where it was recognised. Its words go to the decoded spans by their coarse times. A first
pass gives nearer anchors, by which they are placed once more; the final pass edits each span's text
and times it exactly. No sound is encoded again.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.coarse import CoarseEstimator, CoarseTimes
from subalign.alignment.forced.matching import Anchors
from subalign.alignment.forced.recognition import Context
from subalign.alignment.forced.timing import AlignedWords, Window, time_windows
from subalign.alignment.forced.untranscribed import ExtendedText
from subalign.alignment.pauses import FrameSpan
from subalign.mel import FRAMES_PER_SECOND

__all__ = ["accepted_words", "retime_failed", "span_windows"]


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
    spans: Sequence[FrameSpan],
    passes: Sequence[Callable[[FrameSpan], None]],
) -> tuple[AlignedWords, CoarseTimes]:
    """Time the words that are not `accepted` (words,); also better coarse times of all words.

    `spans` are those that were decoded; `passes` are called with each window's span, in the first
    pass and in the final one.
    """
    first, final = passes
    room = context.text_room
    windows = span_windows(spans, coarse, accepted, text.n_tokens, room)
    nearer = time_windows(context, text.words, windows, first).anchors(context.thresholds)
    known = set(np.flatnonzero(accepted).tolist())
    coarse = estimator.estimate(nearer.merged(text.anchors.of(known)))
    windows = span_windows(spans, coarse, accepted, text.n_tokens, room)
    return time_windows(context, text.words, windows, final, final=True), coarse


def span_windows(
    spans: Sequence[FrameSpan],
    coarse: CoarseTimes,
    accepted: NDArray[np.bool_],
    n_tokens: NDArray[np.int64],
    room: int,
) -> list[Window]:
    """The decoded spans with the words, neither absent nor `accepted` (words,), that are in each.

    `n_tokens` (words,) counts the words' tokens, of which `room` fit into the decoder: words beyond
    these are in no window.
    """
    begins = np.array([span.start / FRAMES_PER_SECOND for span in spans])
    middles = (coarse.starts + coarse.ends) / 2
    owners = np.searchsorted(begins, middles, side="right") - 1
    owners[coarse.absent | accepted] = -1
    windows = []
    for row, span in enumerate(spans):
        words = np.flatnonzero(owners == row)
        words = words[np.cumsum(n_tokens[words]) <= room]
        if words.size:
            windows.append(Window(span, tuple(words.tolist())))
    return windows
