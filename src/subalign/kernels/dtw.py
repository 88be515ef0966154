"""Dynamic time warping on the CPU, compiled by numba when it is first used."""

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from subalign.kernels.compiling import compiled

__all__ = ["dtw", "warm_up"]

Path: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]


def dtw(cost: NDArray[np.floating]) -> Path:
    """The cheapest monotonic path through `cost` (tokens, frames), both corners included.

    Every step goes on by one token, one frame or both (Sakoe and Chiba 1978). A cell is entered
    diagonally if that is strictly cheaper than both other ways, else from the token before if
    that is strictly cheaper, else from the frame before: on ties the path takes more frames.
    Totals are added in float64, whatever the type of the costs: the path is openai-whisper's, cell
    by cell. NaN costs as much as infinity, and so does the sum of opposite infinities.

    Returns the tokens and the frames of the path's cells, both int64 and of equal length; both
    are empty if `cost` is.

    Raises:
        ValueError: `cost` is not a matrix.
    """
    if cost.ndim != 2:
        raise ValueError(f"DTW needs a matrix (tokens, frames), not {cost.ndim} dimensions")
    if cost.size == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return _compiled()(np.ascontiguousarray(cost, dtype=np.float64))


def warm_up() -> None:
    """Compile the kernel, or load it from numba's cache, ahead of its first use."""
    _compiled()


@cache
def _compiled() -> Callable[[NDArray[np.float64]], Path]:
    import numba

    # a read-only argument takes writable arrays too
    return compiled(_find_path, numba.types.Array(numba.float64, 2, "C", readonly=True))


def _find_path(cost: NDArray[np.float64]) -> Path:
    n_tokens, n_frames = cost.shape
    flat_cost = cost.ravel()
    # A line for each anti-diagonal, from its first cell on: 0 diagonal, 1 vertical, 2 horizontal.
    came_by = np.empty((n_tokens + n_frames - 1, min(n_tokens, n_frames)), np.uint8)

    # Totals of three neighbouring anti-diagonals, by token, after one cell of infinity: the cells
    # of an anti-diagonal do not depend on each other, so the inner loop becomes vector code.
    before_last = np.full(n_tokens + 1, np.inf)
    last = np.full(n_tokens + 1, np.inf)
    this = np.full(n_tokens + 1, np.inf)
    before_last[0] = 0
    for time in range(n_tokens + n_frames - 1):
        first = max(0, time - n_frames + 1)
        steps = came_by[time]
        for token in range(first, min(n_tokens, time + 1)):
            diagonal, above, left = before_last[token], last[token], last[token + 1]
            by_diagonal = (diagonal < above) & (diagonal < left)
            by_above = (above < diagonal) & (above < left)
            best = diagonal if by_diagonal else (above if by_above else left)
            total = flat_cost[token * (n_frames - 1) + time] + best  # token * n_frames + frame
            this[token + 1] = np.inf if np.isnan(total) else total
            steps[token - first] = 0 if by_diagonal else (1 if by_above else 2)
        before_last[0] = np.inf
        before_last, last, this = last, this, before_last

    length = 0
    tokens = np.empty(n_tokens + n_frames - 1, np.int64)
    frames = np.empty(n_tokens + n_frames - 1, np.int64)
    token, frame = n_tokens - 1, n_frames - 1
    while True:
        tokens[length], frames[length] = token, frame
        length += 1
        if token == 0 and frame == 0:
            break
        time = token + frame
        step = came_by[time, token - max(0, time - n_frames + 1)]
        # at the borders there is one way left, whatever the totals are
        if token == 0 or (frame > 0 and step == 2):
            frame -= 1
        elif frame == 0 or step == 1:
            token -= 1
        else:
            token, frame = token - 1, frame - 1
    return tokens[:length][::-1].copy(), frames[:length][::-1].copy()
