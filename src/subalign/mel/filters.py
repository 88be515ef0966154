"""Triangular mel filters on Slaney's scale (Slaney 1998, Auditory Toolbox, section MFCC).

The scale is linear below 1 kHz, 15 mel there, and logarithmic above, a factor of 6.4 in 27 mel.
Each filter has unit area, so its height is 2 / bandwidth.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["mel_filters"]

_BREAK_HERTZ = 1000.0
_BREAK_MEL = 15.0
_LOG_STEP = np.log(6.4) / 27.0


def mel_filters(n_mels: int, *, sample_rate: int, n_fft: int) -> NDArray[np.float32]:
    """Weights (n_mels, n_fft // 2 + 1) that turn a power spectrum into mel bands.

    The bands cover 0 Hz to half the sample rate, evenly in mel.
    """
    if n_mels < 1:
        raise ValueError(f"At least one mel band is needed, not {n_mels}.")
    bins = np.fft.rfftfreq(n_fft, 1.0 / sample_rate)
    # (n_mels + 2,): each filter rises from one edge to the next and falls to the one after.
    edges = _mel_to_hertz(np.linspace(0.0, _hertz_to_mel(sample_rate / 2), n_mels + 2))
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - left) / (centre - left)  # (n_mels, bins)
    falling = (right - bins) / (right - centre)  # (n_mels, bins)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * 2.0 / (right - left)).astype(np.float32)


def _hertz_to_mel(hertz: float) -> float:
    if hertz < _BREAK_HERTZ:
        return hertz * _BREAK_MEL / _BREAK_HERTZ
    return float(_BREAK_MEL + np.log(hertz / _BREAK_HERTZ) / _LOG_STEP)


def _mel_to_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = mel * _BREAK_HERTZ / _BREAK_MEL
    # The exponent is held at 0 below the break, where it is not used.
    logarithmic = _BREAK_HERTZ * np.exp(_LOG_STEP * np.maximum(mel - _BREAK_MEL, 0.0))
    return np.where(mel < _BREAK_MEL, linear, logarithmic)
