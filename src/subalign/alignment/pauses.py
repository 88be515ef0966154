"""How loud each frame is, where a window or a recording pauses, and how it is cut there.

Loudness is the mean of the log-mel's bands, relative to other frames: 0 is as quiet as the quiet
frames, 1 as loud as the loud ones. `frame_loudness`, `speech_levels` and `speech_probability` are
of one window, `RecordingLoudness` of a recording.

`cut_long_pauses` cuts the middle of long pauses out of a window before its words are timed: a model
that learned from flowing speech looks for the next word right after the last one, however long the
pause between them is. `cut_at_pauses` cuts a recording into spans that fit a window.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.boundaries import edge_frame, edge_time
from subalign.alignment.words import WordTiming
from subalign.mel import FRAMES_PER_SECOND, LogMel

__all__ = [
    "FrameSpan",
    "LoudnessThresholds",
    "PauseThresholds",
    "RecordingLoudness",
    "ShortenedWindow",
    "cut_at_pauses",
    "cut_long_pauses",
    "frame_loudness",
    "pause_depth",
    "quiet_frames",
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
        blocks = []
        for start in range(0, mel.n_frames, thresholds.block):
            length = min(thresholds.block, mel.n_frames - start)
            blocks.append(mel.window(start, length, length).mean(dim=0).numpy())
        frames = np.concatenate([np.zeros(0, np.float32), *blocks])
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseThresholds:
    """Numbers of this module.

    What is left of a pause was measured on 392 synthetic words with pauses (bench/README.md): with
    0.05 s at either end none was on the wrong side of the cut, with 0.1 s one, with 0.3 s eleven.
    """

    # loudness (0 to 1) below which a frame belongs to a pause, and the frames averaged before
    level: float = 0.1
    smoothing: int = 9
    # frames: the longest pause that stays, and what is left at each end of a longer one
    longest: int = 100
    left: int = 5
    # share of its greatest length that a span of a recording has at least
    earliest_cut: float = 2 / 3


@dataclass(frozen=True, slots=True)
class FrameSpan:
    """Mel frames of a recording, from `start` to before `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """The number of frames."""
        return self.end - self.start


@dataclass(frozen=True, eq=False)
class ShortenedWindow:
    """A window without the middle of its long pauses.

    `mel` (n_mels, frames) is as long as the window was, with silence at its end. `frames` (kept,)
    are the numbers that its first frames had in the window.
    """

    mel: NDArray[np.float32]
    frames: NDArray[np.int64]

    def times(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where times of the window as it was lie in this one."""
        before = np.append(self.frames, self.frames[-1] + 1) / FRAMES_PER_SECOND
        return np.interp(seconds, before, np.arange(before.size) / FRAMES_PER_SECOND)

    def restored(self, timing: WordTiming) -> WordTiming:
        """A word's time in the window as it was.

        A word on both sides of a cut is taken to be where more of it is.
        """
        start, end = edge_frame(timing.start), edge_frame(timing.end)
        inside = self.frames[start:end]
        if not inside.size:
            at = edge_time(int(self.frames[min(start, self.frames.size - 1)]))
            return replace(timing, start=at, end=at)
        parts = np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1)
        longest = max(parts, key=len)
        return replace(
            timing, start=edge_time(int(longest[0])), end=edge_time(int(longest[-1]) + 1)
        )


def cut_long_pauses(
    mel: NDArray[np.float32], num_frames: int, thresholds: PauseThresholds = PauseThresholds()
) -> ShortenedWindow | None:
    """Cut the long pauses before the last sound out of a window; None where there are none.

    `mel` is (n_mels, frames), of which `num_frames` are audio.
    """
    levels = frame_loudness(mel[:, :num_frames])
    if levels.size <= thresholds.longest:
        return None
    width = thresholds.smoothing
    smooth = np.convolve(levels, np.full(width, 1 / width), mode="same")
    edges = np.flatnonzero(np.diff(smooth < thresholds.level, prepend=False, append=False))
    kept = np.ones(num_frames, bool)
    for first, end in edges.reshape(-1, 2).tolist():
        if end - first > thresholds.longest and end < num_frames:
            kept[first + thresholds.left : end - thresholds.left] = False
    if kept.all():
        return None
    shortened = np.full_like(mel, mel.min())
    rest = np.concatenate([mel[:, :num_frames][:, kept], mel[:, num_frames:]], axis=1)
    shortened[:, : rest.shape[1]] = rest
    return ShortenedWindow(shortened, np.flatnonzero(kept))


def cut_at_pauses(
    loudness: RecordingLoudness, longest: int, thresholds: PauseThresholds = PauseThresholds()
) -> list[FrameSpan]:
    """Cut a recording into spans of at most `longest` frames, each at its quietest late frame."""
    spans: list[FrameSpan] = []
    start, n_frames = 0, loudness.frames.size
    while n_frames - start > longest:
        first = start + int(longest * thresholds.earliest_cut)
        cut = first + int(loudness.frames[first : start + longest].argmin())
        spans.append(FrameSpan(start, cut))
        start = cut
    if n_frames > start:
        spans.append(FrameSpan(start, n_frames))
    return spans


def pause_depth(loudness: RecordingLoudness, first: int, end: int) -> float:
    """How far the quietest frame from `first` to before `end` lies below loud ones, from 0 to 1."""
    quiet, loud = loudness.range
    first = min(max(0, first), max(0, loudness.frames.size - 1))
    frames = loudness.frames[first : max(first + 1, end)]
    if not frames.size or loud <= quiet:
        return 0.0
    return float(np.clip((loud - frames.min()) / (loud - quiet), 0.0, 1.0))


def quiet_frames(loudness: RecordingLoudness, level: float) -> NDArray[np.bool_]:
    """Which frames (frames,) of a recording are at most so loud (0 to 1)."""
    quiet, loud = loudness.range
    if loud <= quiet:
        return np.zeros(loudness.frames.size, bool)
    below: NDArray[np.bool_] = loud - loudness.frames >= (1 - level) * (loud - quiet)
    return below
