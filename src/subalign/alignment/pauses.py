"""Where a window or a recording pauses, and how it is cut there.

`cut_long_pauses` cuts the middle of long pauses out of a window before its words are timed: a model
that learned from flowing speech looks for the next word right after the last one, however long the
pause between them is. `cut_at_pauses` cuts a recording into spans that fit a window.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.boundaries import edge_frame, edge_time
from subalign.alignment.words import WordTiming
from subalign.mel import FRAMES_PER_SECOND, LogMel
from subalign.mel.loudness import RecordingLoudness, frame_loudness, frame_means
from subalign.mel.speech import Frames

__all__ = [
    "FrameSpan",
    "PauseThresholds",
    "ShortenedWindow",
    "cut_at_pauses",
    "cut_long_pauses",
    "frames_without_long_pauses",
    "quiet_frames",
    "restored_span",
    "restored_time",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseThresholds:
    """Numbers of this module.

    What is left of a pause was measured on the set "mixed, pauses" of `bench/accuracy.py`, where
    0.05 to 0.4 s at either end are as good for words' times; of six minutes with a damaged
    transcript tiny.en had 98.7% of the starts within 200 ms with 0.05 s, 99.0 with 0.25.
    """

    # loudness (0 to 1) below which a frame belongs to a pause, and the frames averaged before
    level: float = 0.1
    smoothing: int = 9
    # frames: the longest pause that stays, and what is left at each end of a longer one
    longest: int = 100
    left: int = 25
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
    frames: Frames

    def times(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where times of the window as it was lie in this one."""
        before = np.append(self.frames, self.frames[-1] + 1) / FRAMES_PER_SECOND
        return np.interp(seconds, before, np.arange(before.size) / FRAMES_PER_SECOND)

    def restored(self, timing: WordTiming) -> WordTiming:
        """A word's time in the window as it was."""
        return restored_time(timing, self.frames)


def restored_time(timing: WordTiming, frames: Frames) -> WordTiming:
    """A word's time where its window is made of these frames, as `restored_span` has it."""
    start, end = restored_span(timing.start, timing.end, frames)
    return replace(timing, start=start, end=end)


def restored_span(start: float, end: float, frames: Frames) -> tuple[float, float]:
    """When (seconds) something is in what only these frames were taken from.

    A word on both sides of a cut is taken to be where more of it is.
    """
    first = edge_frame(start)
    inside = frames[first : edge_frame(end)]
    if not inside.size:
        at = edge_time(int(frames[min(first, frames.size - 1)]))
        return at, at
    parts = np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1)
    longest = max(parts, key=len)
    return edge_time(int(longest[0])), edge_time(int(longest[-1]) + 1)


def cut_long_pauses(
    mel: NDArray[np.float32], num_frames: int, thresholds: PauseThresholds = PauseThresholds()
) -> ShortenedWindow | None:
    """Cut the long pauses before the last sound out of a window; None where there are none.

    `mel` is (n_mels, frames), of which `num_frames` are audio.
    """
    kept = _without_long_pauses(frame_loudness(mel[:, :num_frames]), thresholds)
    if kept.size == num_frames:
        return None
    shortened = np.full_like(mel, mel.min())
    rest = np.concatenate([mel[:, :num_frames][:, kept], mel[:, num_frames:]], axis=1)
    shortened[:, : rest.shape[1]] = rest
    return ShortenedWindow(shortened, kept)


def frames_without_long_pauses(
    mel: LogMel, thresholds: PauseThresholds = PauseThresholds()
) -> Frames:
    """The frames (kept,) of a recording without its long pauses before the last sound."""
    return _without_long_pauses(frame_loudness(frame_means(mel)[None]), thresholds)


def _without_long_pauses(levels: NDArray[np.float64], thresholds: PauseThresholds) -> Frames:
    """The frames (kept,) that are left, by the loudness (frames,) of all."""
    kept = np.ones(levels.size, bool)
    if levels.size > thresholds.longest:
        width = thresholds.smoothing
        smooth = np.convolve(levels, np.full(width, 1 / width), mode="same")
        edges = np.flatnonzero(np.diff(smooth < thresholds.level, prepend=False, append=False))
        for first, end in edges.reshape(-1, 2).tolist():
            if end - first > thresholds.longest and end < levels.size:
                kept[first + thresholds.left : end - thresholds.left] = False
    return np.flatnonzero(kept)


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


def quiet_frames(loudness: RecordingLoudness, level: float) -> NDArray[np.bool_]:
    """Which frames (frames,) of a recording are at most so loud (0 to 1)."""
    quiet, loud = loudness.range
    if loud <= quiet:
        return np.zeros(loudness.frames.size, bool)
    below: NDArray[np.bool_] = loud - loudness.frames >= (1 - level) * (loud - quiet)
    return below
