"""From the attention matrix to the audio position at which each token begins."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from subalign.kernels.dispatch import dtw_paths
from subalign.options import KernelChoice

__all__ = ["batch_token_positions", "token_positions"]


def token_positions(matrix: Tensor, kernels: KernelChoice = "auto") -> NDArray[np.int64]:
    """The first position (tokens,) of each row of `matrix` (tokens, positions).

    They are read off the monotonic path of the highest sum (dynamic time warping), so the first
    is 0 and they never decrease. Without any position they are all 0.
    """
    [positions] = batch_token_positions([matrix], kernels)
    return positions


def batch_token_positions(
    matrices: Sequence[Tensor], kernels: KernelChoice = "auto"
) -> list[NDArray[np.int64]]:
    """`token_positions` of several matrices, which may differ in size, at once."""
    paths = dtw_paths([-matrix for matrix in matrices], kernels)
    return [
        _first_positions(*path, n_tokens=matrix.shape[0])
        for path, matrix in zip(paths, matrices, strict=True)
    ]


def _first_positions(
    tokens: NDArray[np.int64], positions: NDArray[np.int64], *, n_tokens: int
) -> NDArray[np.int64]:
    if positions.size == 0:
        return np.zeros(n_tokens, dtype=np.int64)
    enters = np.diff(tokens, prepend=-1) > 0
    return positions[enters]
