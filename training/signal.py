"""Signal processing that synthesis and augmentation share."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

__all__ = [
    "SAMPLE_RATE",
    "cut_by_energy",
    "fft_filter",
    "frame_rms",
    "resample",
    "resample_fast",
]

SAMPLE_RATE = 16000

_ENERGY_FRAME = 0.005
_SILENCE_DECIBELS = -40.0


def resample(samples: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """About `factor` times as many samples, through the Fourier transform.

    The factor is met to about 1 in 10,000 only for long input; silence at both ends keeps the
    wrap-around inaudible.
    """
    if factor == 1.0 or not samples.size:
        return samples
    n_in = _padded(samples)
    return _resized(samples, n_in, round(n_in * factor))


def resample_fast(samples: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """As `resample`, several times as fast, with a factor that is up to 5% higher."""
    if factor == 1.0 or not samples.size:
        return samples
    n_in = _padded(samples)
    return _resized(samples, n_in, fft.next_fast_len(round(n_in * factor), real=True))


def _padded(samples: NDArray[np.float32]) -> int:
    return fft.next_fast_len(samples.size + 1024, real=True)  # type: ignore[no-any-return]


def _resized(samples: NDArray[np.float32], n_in: int, n_out: int) -> NDArray[np.float32]:
    spectrum = fft.rfft(samples, n_in)
    resized = np.zeros(n_out // 2 + 1, spectrum.dtype)
    kept = min(spectrum.size, resized.size)
    resized[:kept] = spectrum[:kept]
    resampled = fft.irfft(resized, n_out) * (n_out / n_in)
    return resampled[: round(samples.size * n_out / n_in)].astype(np.float32)


def fft_filter(samples: NDArray[np.float32], response: NDArray[np.float32]) -> NDArray[np.float32]:
    """Zero-phase filter: `response` holds gains at even steps from 0 Hz to half the rate."""
    n = fft.next_fast_len(samples.size + 512, real=True)
    spectrum = fft.rfft(samples, n)
    at = np.linspace(0.0, response.size - 1.0, spectrum.size)
    gains = np.interp(at, np.arange(response.size), response)
    return fft.irfft(spectrum * gains, n)[: samples.size].astype(np.float32)


def cut_by_energy(
    samples: NDArray[np.float32], sample_rate: int, start: float, end: float, *, peak: float
) -> tuple[float, float]:
    """The part of `start` to `end` (seconds) that is louder than `peak` less 40 dB.

    `peak` is the loudest root mean square of a 5 ms frame. The span comes back whole if nothing
    in it is that loud.
    """
    width = round(_ENERGY_FRAME * sample_rate)
    first = round(start * sample_rate)
    loud = frame_rms(samples[first : round(end * sample_rate)], width) > peak * 10 ** (
        _SILENCE_DECIBELS / 20
    )
    if not loud.any():
        return start, end
    frames = np.flatnonzero(loud)
    return (
        start + int(frames[0]) * _ENERGY_FRAME,
        min(end, start + (int(frames[-1]) + 1) * _ENERGY_FRAME),
    )


def frame_rms(samples: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Root mean square of each frame of `width` samples; the last may be shorter."""
    padded = np.zeros(-(-samples.size // width) * width, np.float32)
    padded[: samples.size] = samples
    return np.sqrt(np.square(padded.reshape(-1, width)).mean(axis=1))
