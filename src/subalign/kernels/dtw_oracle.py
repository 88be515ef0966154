"""Dynamic time warping as in a textbook, in plain Python: what every DTW kernel must return."""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIAGONAL", "HORIZONTAL", "VERTICAL", "dtw_oracle"]

DIAGONAL, VERTICAL, HORIZONTAL = range(3)


def dtw_oracle(cost: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The path that `subalign.kernels.dtw.dtw` documents, found cell by cell.

    Sakoe and Chiba 1978, without slope weights: the total cost of a cell (token, frame) is its
    own cost plus the total of the diagonal, the upper or the left neighbour.
    """
    n_tokens, n_frames = cost.shape
    total = np.full((n_tokens + 1, n_frames + 1), np.inf)
    total[0, 0] = 0
    came_by = np.zeros(cost.shape, dtype=np.int64)
    for token in range(n_tokens):
        for frame in range(n_frames):
            best, came_by[token, frame] = _step(
                float(total[token, frame]),
                float(total[token, frame + 1]),
                float(total[token + 1, frame]),
            )
            through = float(cost[token, frame]) + best
            total[token + 1, frame + 1] = math.inf if math.isnan(through) else through
    return _walk_back(came_by)


def _step(diagonal: float, above: float, left: float) -> tuple[float, int]:
    if diagonal < above and diagonal < left:
        return diagonal, DIAGONAL
    if above < diagonal and above < left:
        return above, VERTICAL
    return left, HORIZONTAL


def _walk_back(came_by: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    token, frame = came_by.shape[0] - 1, came_by.shape[1] - 1
    path = [(token, frame)] if token >= 0 and frame >= 0 else []
    while path and path[-1] != (0, 0):
        if token == 0:
            step = HORIZONTAL
        elif frame == 0:
            step = VERTICAL
        else:
            step = int(came_by[token, frame])
        token -= step != HORIZONTAL
        frame -= step != VERTICAL
        path.append((token, frame))
    tokens_and_frames = np.array(path[::-1], dtype=np.int64).reshape(-1, 2)
    return tokens_and_frames[:, 0], tokens_and_frames[:, 1]
