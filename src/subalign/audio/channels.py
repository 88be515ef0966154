"""The mono mix of a recording's channels, and tracks or channels that are missing or silent."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from subalign.audio.ffmpeg import SAMPLE_RATE
from subalign.audio.log import FfmpegLog
from subalign.errors import NoAudioError
from subalign.options import AudioOptions

__all__ = ["ChannelThresholds", "missing_channel", "mono_mix", "silent_track"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelThresholds:
    """When channels cancel each other, and when a track is silent; full scale is 1."""

    # A voice in one of two channels gives the mix a quarter of that channel's power, in one of
    # sixteen still 0.004. Less than this share means that the channels cancel each other.
    least_share: float = 0.003
    # power 60 dB below full scale, where rounding alone may make the difference
    faint: float = 1e-6
    # the peak of a silent track stays below: 60 dB under full scale
    silent: float = 1e-3


def mono_mix(
    pairs: NDArray[np.float32], thresholds: ChannelThresholds = ChannelThresholds()
) -> tuple[NDArray[np.float32], bool]:
    """The mix, and in seconds where the channels cancel each other in it, the first channel.

    `pairs` is (samples, 2): mix and first channel. Returns (samples,) and whether any second is
    the first channel's.
    """
    mix = pairs[:, 0].copy()
    cancelled = False
    for start in range(0, len(pairs), SAMPLE_RATE):
        second = pairs[start : start + SAMPLE_RATE]
        power, first = np.mean(np.square(second, dtype=np.float64), axis=0)
        if first > thresholds.faint and power < thresholds.least_share * first:
            mix[start : start + SAMPLE_RATE] = second[:, 1]
            cancelled = True
    return mix, cancelled


def missing_channel(log: FfmpegLog, label: str, options: AudioOptions) -> NoAudioError | None:
    """The error for a channel that the track lacks, for which ffmpeg would give silence."""
    tracks = log.audio_tracks
    n_channels = tracks[options.track - 1].n_channels if len(tracks) >= options.track else None
    if options.channel is None or n_channels is None or options.channel <= n_channels:
        return None
    channels = "1 channel" if n_channels == 1 else f"{n_channels} channels"
    return NoAudioError(
        f"{label} has {channels}, so `channel={options.channel}` does not exist: use a number"
        f" from 1 to {n_channels}, or mix."
    )


def silent_track(log: FfmpegLog, label: str, track: int) -> str | None:
    """The warning for a track that was silent, which names the others; None where it is alone."""
    tracks = log.audio_tracks
    others = [
        f"{number}" if other.language is None else f"{number} ({other.language})"
        for number, other in enumerate(tracks, 1)
        if number != track
    ]
    if not others:
        return None
    return (
        f"{label} has {len(tracks)} audio tracks, of which number {track} is silent: choose"
        f" {' or '.join(others)} with `track`."
    )
