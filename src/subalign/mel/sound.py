"""Whether a stretch of a recording holds anything but its steady noise."""

from dataclasses import dataclass

import torch

from subalign.mel.spectrogram import FRAMES_PER_SECOND, LogMel

__all__ = ["NoiseThresholds", "has_sound"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseThresholds:
    """How a recording's steady noise is measured; frames are 10 ms, the log-mel's unit is 40 dB."""

    # frames: the noise is measured on a window, and on what was before it where that is shorter
    frames: int = 30 * FRAMES_PER_SECOND
    # of all mel bands, those from about 200 Hz to 4 kHz, where whispers and telephones have speech
    lowest: float = 0.07
    highest: float = 0.78
    # noise fluctuates: so many groups of bands, averaged over 90 ms, do so by less than 5.7 dB in
    # 30 s
    groups: int = 14
    smoothing: int = 9
    # how much of the time a group of bands is at most as loud as its noise
    share: float = 0.2
    # a word whispered at 0 dB in pink noise stands out by 8 dB
    least_excess: float = 6.5 / 40
    # in fewer frames speech need not pause, so that its own level is not known from noise
    least_frames: int = 2 * FRAMES_PER_SECOND
    # of half precision
    rounding: float = 0.002


def has_sound(
    mel: LogMel, start: int, length: int, limits: NoiseThresholds = NoiseThresholds()
) -> bool:
    """Whether frames `start` to `start + length` hold more than silence, hiss or hum.

    Speech is louder than the noise around it somewhere between 200 Hz and 4 kHz, be the
    recording as quiet as it may. Steps, knocks and music count as sound too.
    """
    end = min(start + length, mel.n_frames)
    if end <= start:
        return False
    first = max(0, min(start, end - limits.frames))
    bands = mel.window(first, end - first, end - first)  # (n_mels, frames)
    bands = bands[round(limits.lowest * mel.n_mels) : round(limits.highest * mel.n_mels)]
    signal = (bands > max(mel.floor, mel.silence) + limits.rounding).any(dim=0)  # (frames,)
    if end - first < limits.least_frames:
        return bool(signal[start - first :].any())
    groups = torch.nn.functional.adaptive_avg_pool2d(bands[None], (limits.groups, bands.shape[1]))
    levels = torch.nn.functional.avg_pool1d(groups, limits.smoothing, 1)[0]  # (groups, frames - 8)
    # digital silence is not the noise of a recording that has any
    signal = signal[limits.smoothing // 2 :][: levels.shape[1]]
    measured = levels[:, signal] if int(signal.sum()) >= limits.least_frames else levels
    noise = measured.quantile(limits.share, dim=1, keepdim=True)  # (groups, 1)
    own = levels[:, min(start - first, levels.shape[1] - 1) :]
    return bool((own - noise).max() >= limits.least_excess)
