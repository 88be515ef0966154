"""How loud each frame of a recording is, and where it pauses."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from subalign.mel import LogMel

__all__ = ["Loudness"]

# frames read at once
_BLOCK = 3000

# frames that are averaged: a pause, not one quiet frame of a plosive
_SMOOTHING = 9


@dataclass(frozen=True, eq=False)
class Loudness:
    """The mean of each frame's log-mel bands, smoothed over 90 ms, float32 (frames,)."""

    frames: NDArray[np.float32]

    @classmethod
    def of(cls, mel: LogMel) -> "Loudness":
        """Read a recording's log-mel block by block."""
        blocks = []
        for start in range(0, mel.n_frames, _BLOCK):
            length = min(_BLOCK, mel.n_frames - start)
            blocks.append(mel.window(start, length, length).mean(dim=0).numpy())
        frames = np.concatenate([np.zeros(0, np.float32), *blocks])
        margin = _SMOOTHING // 2
        padded = np.pad(frames, margin, mode="edge") if frames.size else frames
        total = np.cumsum(padded, dtype=np.float64)
        total = np.concatenate([[0.0], total])
        smooth = (total[_SMOOTHING:] - total[:-_SMOOTHING]) / _SMOOTHING
        return cls(smooth[: frames.size].astype(np.float32))

    @cached_property
    def _range(self) -> tuple[float, float]:
        low, high = np.percentile(self.frames, [5, 90]) if self.frames.size else (0.0, 0.0)
        return float(low), float(high)

    def quietest(self, first: int, end: int) -> int:
        """The quietest frame from `first` up to `end`, which lie inside the recording."""
        return first + int(self.frames[first:end].argmin())

    def quietness(self, first: int, end: int) -> float:
        """How quiet it gets between two frames: from 0, as loud as speech, to 1."""
        low, high = self._range
        first = min(max(0, first), max(0, self.frames.size - 1))
        stretch = self.frames[first : max(first + 1, end)]
        if not stretch.size or high <= low:
            return 0.0
        return float(np.clip((high - stretch.min()) / (high - low), 0.0, 1.0))

    def mean(self, first: int, end: int) -> float:
        """The mean of the frames from `first` to before `end`; 0 where there are none."""
        return float(self.frames[first:end].mean()) if end > first else 0.0

    def quiet_frames(self, quietness: float) -> NDArray[np.bool_]:
        """Which frames (frames,) are at least so quiet."""
        low, high = self._range
        if high <= low:
            return np.zeros(self.frames.size, bool)
        quiet: NDArray[np.bool_] = high - self.frames >= quietness * (high - low)
        return quiet
