"""How loud each frame is: the mean of the log-mel's bands, relative to other frames.

0 is as quiet as the quiet frames, 1 as loud as the loud ones. `frame_loudness`, `speech_levels` and
`speech_probability` are of one window, `RecordingLoudness` of a recording.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from subalign.mel.spectrogram import LogMel

__all__ = [
    "LoudnessThresholds",
    "RecordingLoudness",
    "frame_loudness",
    "frame_means",
    "loudness_probability",
    "speech_levels",
    "speech_probability",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoudnessThresholds:
    """Numbers of this module. The log-mel's unit is 40 dB.

    Measured by `bench/accuracy.py` on synthetic voices with and without noise (bench/README.md);
    those of a recording were not measured by themselves.
    """

    # percentiles of the quiet and of the loud frames: what is quieter or louder still is rare
    quiet_percentile: float = 5.0
    loud_percentile: float = 98.0
    recording_loud_percentile: float = 90.0
    # log-mel units (6 dB) between quiet and loud frames, below which all sound alike
    least_range: float = 0.15
    # loudness at which speech is as likely as silence, and the width of the logistic curve there
    speech_level: float = 0.2
    speech_slope: float = 0.05
    # log-mel units (8 and 28 dB) between quiet and loud frames with much noise and with little,
    # and the power of loudness for each: by 0.6 noise in pauses would be taken for speech
    noisy_range: float = 0.2
    clean_range: float = 0.7
    noisy_power: float = 0.75
    clean_power: float = 1.0
    # frames (90 ms) that a recording's loudness is averaged over: one quiet frame of a plosive is
    # no pause
    smoothing: int = 9
    # frames of a recording that are read at once
    block: int = 3000


def frame_means(
    mel: LogMel, thresholds: LoudnessThresholds = LoudnessThresholds()
) -> NDArray[np.float64]:
    """The mean of each frame's bands in a recording (frames,), read block by block."""
    means = np.empty(mel.n_frames)
    for start in range(0, mel.n_frames, thresholds.block):
        length = min(thresholds.block, mel.n_frames - start)
        block = mel.window(start, length, length).numpy()
        means[start : start + length] = block.mean(axis=0, dtype=np.float64)
    return means


def frame_loudness(
    mel: NDArray[np.floating], thresholds: LoudnessThresholds = LoudnessThresholds()
) -> NDArray[np.float64]:
    """How loud each frame of a window's log-mel (n_mels, frames) is, from 0 to 1 (frames,).

    The mean of the bands, so that a fricative counts as much as a vowel. Where all frames are about
    equally loud, all are at the level between silence and speech.
    """
    return _measured(mel, thresholds)[0]


def speech_levels(
    mel: NDArray[np.floating], thresholds: LoudnessThresholds = LoudnessThresholds()
) -> NDArray[np.float64]:
    """`frame_loudness` (frames,), raised in noise, which hides how words die away.

    The less there is between quiet and loud frames, the more it is raised.
    """
    levels, spread = _measured(mel, thresholds)
    if not spread >= thresholds.least_range:
        return levels
    ranges = (thresholds.noisy_range, thresholds.clean_range)
    return levels ** np.interp(spread, ranges, (thresholds.noisy_power, thresholds.clean_power))


def _measured(
    mel: NDArray[np.floating], thresholds: LoudnessThresholds
) -> tuple[NDArray[np.float64], float]:
    """`frame_loudness` (frames,), and how far quiet and loud frames lie apart (log-mel units)."""
    levels = mel.mean(axis=0, dtype=np.float64)
    if levels.size == 0:
        return np.zeros(0), 0.0
    percentiles = (thresholds.quiet_percentile, thresholds.loud_percentile)
    quiet, loud = np.percentile(levels, percentiles)
    if not loud - quiet >= thresholds.least_range:
        return np.full(levels.size, thresholds.speech_level), 0.0
    return np.clip((levels - quiet) / (loud - quiet), 0.0, 1.0), float(loud - quiet)


def speech_probability(
    levels: NDArray[np.float64],
    n_positions: int,
    thresholds: LoudnessThresholds = LoudnessThresholds(),
) -> NDArray[np.float64]:
    """The probability of speech at each position (n_positions,), by `speech_levels` (frames,)."""
    each = max(1, levels.size // max(1, n_positions))
    usable = min(levels.size // each, n_positions)
    by_position = np.full(n_positions, thresholds.speech_level)
    by_position[:usable] = levels[: usable * each].reshape(usable, each).mean(axis=1)
    return 1.0 / (1.0 + np.exp((thresholds.speech_level - by_position) / thresholds.speech_slope))


@dataclass(frozen=True, eq=False)
class RecordingLoudness:
    """A recording's mean of each frame's log-mel bands, smoothed over 90 ms, float32 (frames,)."""

    frames: NDArray[np.float32]
    thresholds: LoudnessThresholds = LoudnessThresholds()

    @classmethod
    def from_mel(
        cls, mel: LogMel, thresholds: LoudnessThresholds = LoudnessThresholds()
    ) -> "RecordingLoudness":
        """Read a recording's log-mel block by block."""
        frames = frame_means(mel, thresholds).astype(np.float32)
        width = thresholds.smoothing
        padded = np.pad(frames, width // 2, mode="edge") if frames.size else frames
        total = np.concatenate([[0.0], np.cumsum(padded, dtype=np.float64)])
        smooth = (total[width:] - total[:-width]) / width
        return cls(smooth[: frames.size].astype(np.float32), thresholds)

    @cached_property
    def range(self) -> tuple[float, float]:
        """The means of quiet and of loud frames, 0 and 1 on the scale of loudness."""
        if not self.frames.size:
            return 0.0, 0.0
        percentiles = (self.thresholds.quiet_percentile, self.thresholds.recording_loud_percentile)
        quiet, loud = np.percentile(self.frames, percentiles)
        return float(quiet), float(loud)

    def mean(self, first: int, end: int) -> float:
        """The mean of the frames from `first` to before `end`; 0 where there are none."""
        return float(self.frames[first:end].mean()) if end > first else 0.0


def loudness_probability(loudness: RecordingLoudness) -> NDArray[np.float32]:
    """The probability of speech in each frame of a recording (frames,), by its loudness alone.

    Where nothing is much louder than the rest, speech is likely everywhere.
    """
    quiet, loud = loudness.range
    thresholds = loudness.thresholds
    if loud - quiet < thresholds.least_range:
        return np.ones(loudness.frames.size, np.float32)
    level = (loudness.frames - quiet) / (loud - quiet)
    return 1 / (1 + np.exp((thresholds.speech_level - level) / thresholds.speech_slope))  # type: ignore[no-any-return]
