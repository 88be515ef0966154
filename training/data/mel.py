"""Log-mel windows as the package computes them, with a warped frequency axis and masks."""

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from subalign.mel import HOP_LENGTH, N_FFT, mel_filters
from training.signal import SAMPLE_RATE

__all__ = ["mask", "window_mel"]

_WARP_STEPS = 50
_LEAST_POWER = 1e-10
_DYNAMIC_RANGE = 8.0


def window_mel(
    samples: NDArray[np.float32],
    n_frames: int,
    *,
    n_mels: int,
    warp: float = 1.0,
    headroom: float = 0.0,
) -> Tensor:
    """Log-mel (n_mels, n_frames) of a window: its audio, then the zeros that pad a window.

    `warp` above 1 moves formants up, as a shorter vocal tract does. `headroom` is how much louder
    (powers of ten) the rest of the recording is, which lifts the floor.
    """
    spectrum = torch.stft(
        torch.from_numpy(samples), N_FFT, HOP_LENGTH, window=_hann(), return_complex=True
    )[:, :-1]  # (bins, frames)
    power = spectrum.real.square() + spectrum.imag.square()  # (bins, frames)
    filters = _warped_filters(n_mels, round(warp * _WARP_STEPS))
    logarithms = (filters @ power).clamp_(min=_LEAST_POWER).log10_()  # (n_mels, frames)
    floor = float(logarithms.max()) + headroom - _DYNAMIC_RANGE
    mel = torch.zeros(n_mels, n_frames)
    heard = min(n_frames, logarithms.shape[1])
    mel[:, :heard] = (logarithms[:, :heard].clamp_(min=floor) + 4.0) / 4.0
    return mel


def mask(mel: Tensor, rng: np.random.Generator) -> None:
    """Hide a few bands and short stretches, in place (Park et al. 2019, SpecAugment)."""
    n_mels, n_frames = mel.shape
    filling = float(mel.mean())
    for _ in range(rng.integers(0, 3)):
        width = int(rng.integers(1, n_mels // 6))
        low = int(rng.integers(n_mels - width))
        mel[low : low + width] = filling
    for _ in range(rng.integers(0, 1 + n_frames // 400)):
        width = int(rng.integers(2, 25))
        begin = int(rng.integers(n_frames - width))
        mel[:, begin : begin + width] = filling


@functools.cache
def _hann() -> Tensor:
    return torch.hann_window(N_FFT)


@functools.cache
def _warped_filters(n_mels: int, warp_steps: int) -> Tensor:
    """Mel filters (n_mels, bins) that read each frequency `warp` times higher.

    Above 7/8 of the band the warped axis bends so that its end stays the end (Eide and Gish 1996).
    """
    filters = mel_filters(n_mels, sample_rate=SAMPLE_RATE, n_fft=N_FFT)
    warp = warp_steps / _WARP_STEPS
    bins = filters.shape[1]
    if warp == 1.0:
        return torch.from_numpy(filters)
    nyquist = bins - 1
    knee = 0.875 * nyquist / max(warp, 1.0)
    # where a sound at each bin would have been without the warp
    source = np.interp(np.arange(bins), [0.0, knee * warp, nyquist], [0.0, knee, nyquist])
    warped = np.stack([np.interp(source, np.arange(bins), row) for row in filters])
    slope = np.gradient(source)  # keeps each filter's area
    return torch.from_numpy((warped * slope).astype(np.float32))
