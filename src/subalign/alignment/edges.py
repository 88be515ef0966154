"""Words begin and end where the sound does, wherever there is nothing beside them."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from subalign.mel import FRAMES_PER_SECOND

__all__ = ["edge_frame", "edge_time", "settle_edges"]

Span = tuple[int, int]

# how loud (0 to 1) speech is at least when it sets in, and when it dies away
_ONSET, _OFFSET = 0.12, 0.2

# frames of 10 ms: an edge moves by less than this away from its word, by this at most into it
_OUTWARDS, _INWARDS = 12, 6

# frames that a word keeps, and that must lie between words for their edges to be free
_LEAST_WORD, _LEAST_GAP = 4, 3


def edge_time(frame: int) -> float:
    """When a frame begins, in seconds: frame n of the log-mel is centred on n / 100 s."""
    return max(0.0, (frame - 0.5) / FRAMES_PER_SECOND)


def edge_frame(time: float) -> int:
    """The frame that begins at an `edge_time`."""
    return math.ceil(time * FRAMES_PER_SECOND - 1e-6)


def settle_edges(spans: Sequence[Span], levels: NDArray[np.float64]) -> list[Span]:
    """Move words' edges beside gaps to the next change between sound and silence.

    `spans` and the result are (start, end) in frames of 10 ms, in order and without overlap;
    `levels` is `speech_levels` (frames,). No word gets shorter than 40 ms or over its neighbour.
    """
    settled = list(spans)
    for index, (start, end) in enumerate(settled):
        following = settled[index + 1][0] if index + 1 < len(settled) else levels.size
        if following - end >= _LEAST_GAP:
            settled[index] = start, _settled_end(start, end, following, levels)
    for index, (start, end) in enumerate(settled):
        before = settled[index - 1][1] if index else 0
        if start - before >= _LEAST_GAP:
            # the same, looked at from the other end of the recording
            size = levels.size
            mirrored = _settled_end(
                size - end, size - start, size - before, levels[::-1], threshold=_ONSET
            )
            settled[index] = size - mirrored, end
    return settled


def _settled_end(
    start: int,
    end: int,
    following: int,
    levels: NDArray[np.float64],
    *,
    threshold: float = _OFFSET,
) -> int:
    if end < 1 or end >= levels.size:
        return end
    if levels[end - 1] >= threshold and levels[end] >= threshold:
        limit = min(following, end + _OUTWARDS, levels.size)
        quiet = np.flatnonzero(levels[end:limit] < threshold)
        return end + int(quiet[0]) if quiet.size else end
    lowest = max(start + _LEAST_WORD, end - _INWARDS)
    loud = np.flatnonzero(levels[lowest - 1 : end] >= threshold) if lowest <= end else np.empty(0)
    return lowest + int(loud[-1]) if loud.size else end
