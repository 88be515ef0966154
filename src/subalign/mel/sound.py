"""Whether a stretch of a recording holds anything but its steady noise."""

import torch

from subalign.mel.spectrogram import FRAMES_PER_SECOND, LogMel

__all__ = ["has_sound"]

# The noise is measured on a window, and on what was before it where that is shorter.
_NOISE_FRAMES = 30 * FRAMES_PER_SECOND

# Of all mel bands, those from about 200 Hz to 4 kHz, where whispers and telephones have speech too.
_LOWEST, _HIGHEST = 0.07, 0.78

# Noise fluctuates: 14 groups of bands, averaged over 90 ms, do so by less than 5.7 dB in 30 s.
_GROUPS = 14
_SMOOTHING = 9

# How much of the time a group of bands is at most as loud as its noise.
_NOISE_SHARE = 0.2

# The log-mel's unit is 40 dB. A word whispered at 0 dB in pink noise stands out by 8 dB.
_LEAST_EXCESS = 6.5 / 40

# In less than two seconds speech need not pause, so that its own level is not known from noise.
_LEAST_FRAMES = 2 * FRAMES_PER_SECOND
_ROUNDING = 0.002  # of half precision


def has_sound(mel: LogMel, start: int, length: int) -> bool:
    """Whether frames `start` to `start + length` hold more than silence, hiss or hum.

    Speech is louder than the noise around it somewhere between 200 Hz and 4 kHz, be the
    recording as quiet as it may. Steps, knocks and music count as sound too.
    """
    end = min(start + length, mel.n_frames)
    if end <= start:
        return False
    first = max(0, min(start, end - _NOISE_FRAMES))
    bands = mel.window(first, end - first, end - first)  # (n_mels, frames)
    bands = bands[round(_LOWEST * mel.n_mels) : round(_HIGHEST * mel.n_mels)]
    signal = (bands > max(mel.floor, mel.silence) + _ROUNDING).any(dim=0)  # (frames,)
    if end - first < _LEAST_FRAMES:
        return bool(signal[start - first :].any())
    groups = torch.nn.functional.adaptive_avg_pool2d(bands[None], (_GROUPS, bands.shape[1]))
    levels = torch.nn.functional.avg_pool1d(groups, _SMOOTHING, 1)[0]  # (groups, frames - 8)
    # digital silence is not the noise of a recording that has any
    signal = signal[_SMOOTHING // 2 :][: levels.shape[1]]
    measured = levels[:, signal] if int(signal.sum()) >= _LEAST_FRAMES else levels
    noise = measured.quantile(_NOISE_SHARE, dim=1, keepdim=True)  # (groups, 1)
    own = levels[:, min(start - first, levels.shape[1] - 1) :]
    return bool((own - noise).max() >= _LEAST_EXCESS)
