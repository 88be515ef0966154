"""Dynamic time warping on the CPU, compiled by numba when it is first used."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from subalign.kernels.compiling import compiled

__all__ = ["DtwPath", "dtw", "warm_up"]

DtwPath: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
"""The tokens and the frames of a path's cells, both (cells,)."""

_DIAGONAL, _VERTICAL, _HORIZONTAL = range(3)

# anti-diagonals whose costs are laid out at once: by then whole cache lines have been read
_LINES = 32


def dtw(cost: NDArray[np.floating]) -> DtwPath:
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
    single = cost.dtype == np.float32
    costs = np.ascontiguousarray(cost, np.float32 if single else np.float64)
    return _compiled(single=single)(costs)


def warm_up() -> None:
    """Compile the kernel, or load it from numba's cache, ahead of its first use."""
    _compiled(single=True)


@cache
def _compiled(*, single: bool) -> Callable[..., DtwPath]:
    import numba

    _register_parts()
    kind: Any = numba.float32 if single else numba.float64
    # a read-only argument takes writable arrays too
    return compiled(_find_path, numba.types.Array(kind, 2, "C", readonly=True))


@cache
def _register_parts() -> None:
    """Let numba compile what `_find_path` calls: LLVM makes vector code of each by itself."""
    from numba.extending import register_jitable

    for part in (_lay_out, _go_on, _walk_back):
        register_jitable(part)


def _find_path(cost: NDArray[np.floating]) -> DtwPath:
    n_tokens, n_frames = cost.shape
    n_lines = n_tokens + n_frames - 1
    # how the path comes to the cells of each anti-diagonal, from its first cell on
    came_by = np.empty((n_lines, min(n_tokens, n_frames)), np.uint8)
    costs = np.empty((_LINES, n_tokens))  # of some anti-diagonals, by token
    # totals of three neighbouring anti-diagonals, by token, after one cell of infinity
    totals = np.full((3, n_tokens + 1), np.inf)
    totals[1, 0] = 0
    for line in range(n_lines):
        first, last = max(0, line - n_frames + 1), min(n_tokens, line + 1)
        if line % _LINES == 0:
            _lay_out(cost, line, costs)
        this, before_last, before = line % 3, (line + 1) % 3, (line + 2) % 3
        _go_on(
            totals[before_last, first:last],
            totals[before, first : last + 1],
            costs[line % _LINES, first:last],
            totals[this, first + 1 : last + 1],
            came_by[line],
        )
        totals[before_last, 0] = np.inf
    return _walk_back(came_by, n_tokens, n_frames)


def _lay_out(cost: NDArray[np.floating], line: int, costs: NDArray[np.float64]) -> None:
    """Put the costs of the anti-diagonals from `line` on into the rows of `costs`."""
    n_lines = costs.shape[0]
    n_tokens, n_frames = cost.shape
    for token in range(max(0, line - n_frames + 1), min(n_tokens, line + n_lines)):
        frame = line - token
        first, last = max(0, -frame), min(n_lines, n_frames - frame)
        row = cost[token, frame + first : frame + last]
        column = costs[first:last, token]
        for n in range(row.size):
            column[n] = row[n]


def _go_on(
    diagonals: NDArray[np.float64],
    lasts: NDArray[np.float64],
    costs: NDArray[np.float64],
    totals: NDArray[np.float64],
    steps: NDArray[np.uint8],
) -> None:
    """The totals of an anti-diagonal, whose cells do not depend on each other, and their steps.

    `lasts` are the totals of the anti-diagonal before: of each cell's upper, then left neighbour.
    """
    for n in range(costs.size):
        diagonal, above, left = diagonals[n], lasts[n], lasts[n + 1]
        by_diagonal = (diagonal < above) & (diagonal < left)
        by_above = (above < diagonal) & (above < left)
        best = diagonal if by_diagonal else (above if by_above else left)
        total = costs[n] + best
        totals[n] = np.inf if np.isnan(total) else total
        steps[n] = _DIAGONAL if by_diagonal else (_VERTICAL if by_above else _HORIZONTAL)


def _walk_back(came_by: NDArray[np.uint8], n_tokens: int, n_frames: int) -> DtwPath:
    length = 0
    tokens = np.empty(n_tokens + n_frames - 1, np.int64)
    frames = np.empty(n_tokens + n_frames - 1, np.int64)
    token, frame = n_tokens - 1, n_frames - 1
    while True:
        tokens[length], frames[length] = token, frame
        length += 1
        if token == 0 and frame == 0:
            break
        line = token + frame
        step = came_by[line, token - max(0, line - n_frames + 1)]
        # at the borders there is one way left, whatever the totals are
        if token == 0 or (frame > 0 and step == _HORIZONTAL):
            frame -= 1
        elif frame == 0 or step == _VERTICAL:
            token -= 1
        else:
            token, frame = token - 1, frame - 1
    return tokens[:length][::-1].copy(), frames[:length][::-1].copy()
