"""Long pauses, cut out of a window before its words are timed.

A model that learned from flowing speech looks for the next word right after the last one, however
long the pause between them is.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.edges import edge_frame, edge_time
from subalign.alignment.speech import loudness
from subalign.alignment.words import WordTiming
from subalign.mel import FRAMES_PER_SECOND

__all__ = ["ShortenedWindow", "shorten"]

# `loudness` below which a frame, smoothed over 90 ms, belongs to a pause
_QUIET, _SMOOTHING = 0.1, 9

# frames of the longest pause that stays, and how many are left at each end of a longer one
_LONGEST, _LEFT = 100, 5


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


def shorten(mel: NDArray[np.float32], num_frames: int) -> ShortenedWindow | None:
    """Cut the long pauses before the last sound out of a window; None where there are none.

    `mel` is (n_mels, frames), of which `num_frames` are audio.
    """
    levels = loudness(mel[:, :num_frames])
    if levels.size <= _LONGEST:
        return None
    smooth = np.convolve(levels, np.full(_SMOOTHING, 1 / _SMOOTHING), mode="same")
    edges = np.flatnonzero(np.diff(smooth < _QUIET, prepend=False, append=False))
    kept = np.ones(num_frames, bool)
    for first, end in edges.reshape(-1, 2).tolist():
        if end - first > _LONGEST and end < num_frames:
            kept[first + _LEFT : end - _LEFT] = False
    if kept.all():
        return None
    shortened = np.full_like(mel, mel.min())
    rest = np.concatenate([mel[:, :num_frames][:, kept], mel[:, num_frames:]], axis=1)
    shortened[:, : rest.shape[1]] = rest
    return ShortenedWindow(shortened, np.flatnonzero(kept))
