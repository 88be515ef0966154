"""From the attention matrix to the audio position at which each token begins."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from subalign.kernels.dtw import dtw

__all__ = ["token_positions"]


def token_positions(matrix: Tensor) -> NDArray[np.int64]:
    """The first position (tokens,) of each row of `matrix` (tokens, positions).

    They are read off the monotonic path of the highest sum (dynamic time warping), so the first
    is 0 and they never decrease. Without any position they are all 0.
    """
    n_tokens, n_positions = matrix.shape
    if n_positions == 0:
        return np.zeros(n_tokens, dtype=np.int64)
    tokens, positions = dtw(-matrix.cpu().numpy())
    enters = np.diff(tokens, prepend=-1) > 0
    return positions[enters]
