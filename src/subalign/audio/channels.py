"""One channel from two: the mix, but where it loses what the first channel holds, that channel."""

import numpy as np
from numpy.typing import NDArray

from subalign.audio.ffmpeg import SAMPLE_RATE

__all__ = ["without_cancellation"]

# A voice in one of two channels gives the mix a quarter of that channel's power, in one of
# sixteen still 0.004. Less than this means that the channels cancel each other.
_LEAST_SHARE = 0.003
_FAINT = 1e-6  # power: 60 dB below full scale, where rounding alone may make the difference


def without_cancellation(pairs: NDArray[np.float32]) -> tuple[NDArray[np.float32], bool]:
    """Samples of the mix, or second by second of the first channel where the mix is cancelled.

    `pairs` is (samples, 2): mix and first channel. Returns (samples,) and whether any second is
    the first channel's.
    """
    mix = pairs[:, 0].copy()
    cancelled = False
    for start in range(0, len(pairs), SAMPLE_RATE):
        second = pairs[start : start + SAMPLE_RATE]
        power, first = np.mean(np.square(second, dtype=np.float64), axis=0)
        if first > _FAINT and power < _LEAST_SHARE * first:
            mix[start : start + SAMPLE_RATE] = second[:, 1]
            cancelled = True
    return mix, cancelled
