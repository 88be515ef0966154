"""A running median in plain NumPy: what every median kernel must return."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["median_filter_oracle"]


def median_filter_oracle(x: NDArray[np.floating], width: int) -> NDArray[np.floating]:
    """The result that `subalign.kernels.median.median_filter` documents, sorted window by window.

    `x` is (..., frames); the result has its shape and type.
    """
    n_frames = x.shape[-1]
    if n_frames <= width // 2:
        width = max(range(1, n_frames + 1, 2), default=1)
    reach = width // 2
    result = np.empty_like(x)
    for row in np.ndindex(x.shape[:-1]):
        # NumPy's "reflect" does not repeat the border either
        padded = np.pad(x[row], reach, mode="reflect")
        for frame in range(n_frames):
            window = np.sort(padded[frame : frame + width])
            has_nan = bool(np.isnan(window[-1]))
            result[(*row, frame)] = np.nan if has_nan else window[reach]
    return result
