"""Where a recording has speech, and where it is cut into windows: in pauses."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from subalign.mel.loudness import RecordingLoudness, loudness_probability
from subalign.mel.spectrogram import FRAMES_PER_SECOND, HOP_LENGTH, LogMel

__all__ = ["Frames", "Speech", "SpeechThresholds"]

Frames = NDArray[np.int64]
"""The numbers of the mel frames that a window is made of (kept,), in order."""

_Range = tuple[int, int]  # from a frame to before another


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechThresholds:
    """Numbers of this module; frames are 10 ms (bench/README.md, "Where there is speech")."""

    # speech lasts until its probability falls so far below the threshold at which it began
    release: float = 0.15
    # frames: shorter speech is noise; a shorter pause is none
    shortest: int = 10
    shortest_pause: int = 20
    # frames around speech that are kept with it: weak consonants, breath, reverberation
    margin: int = 30
    # frames between stretches, above which a pause is left out of a window
    longest_pause: int = 100
    # share of its greatest length from which a window may end in a pause of so many frames
    earliest_cut: float = 0.8
    cut_pause: int = 10


@dataclass(frozen=True, eq=False)
class Speech:
    """The probability of speech in each mel frame of a recording, float32 (frames,).

    From `threshold` on a frame is speech. With `everything`, no frame is left out of the windows,
    and probabilities only tell where to cut.
    """

    probability: NDArray[np.float32]
    threshold: float = 0.5
    everything: bool = False
    thresholds: SpeechThresholds = field(default_factory=SpeechThresholds)

    @classmethod
    def of_chunks(
        cls, probabilities: NDArray[np.float32], chunk_samples: int, mel: LogMel, threshold: float
    ) -> "Speech":
        """By the probability of each chunk of so many samples (chunks,)."""
        chunk = np.arange(mel.n_frames) * HOP_LENGTH // chunk_samples
        return cls(probabilities[np.minimum(chunk, len(probabilities) - 1)], threshold)

    @classmethod
    def by_loudness(
        cls, mel: LogMel, threshold: float = 0.5, *, everything: bool = False
    ) -> "Speech":
        """By how loud each frame is beside the recording's others."""
        probability = loudness_probability(RecordingLoudness.from_mel(mel))
        return cls(probability, threshold, everything)

    def selected(self, frames: Frames) -> "Speech":
        """Of a recording of these frames alone, as `LogMel.selected` makes it."""
        return replace(self, probability=self.probability[frames])

    def seconds(self, frames: Frames) -> float:
        """How much of these frames is speech."""
        return float((self.probability[frames] >= self.threshold).sum()) / FRAMES_PER_SECOND

    def ranges(self, first: int, end: int) -> list[_Range]:
        """The stretches of speech from a frame to before another, with a margin around each."""
        if self.everything:
            return [(first, end)] if end > first else []
        thresholds = self.thresholds
        joined = _joined(self._spoken(first, end), thresholds.shortest_pause - 1)
        long_enough = [(a, b) for a, b in joined if b - a >= thresholds.shortest]
        margin = thresholds.margin
        return _joined([(max(first, a - margin), min(end, b + margin)) for a, b in long_enough], 0)

    def _spoken(self, first: int, end: int) -> list[_Range]:
        """Runs of frames whose speech reaches the threshold, and lasts until it falls below it."""
        part = self.probability[first:end]
        runs = _runs(part >= self.threshold - self.thresholds.release)
        return [(first + a, first + b) for a, b in runs if part[a:b].max() >= self.threshold]

    def windows(self, first: int, end: int, width: int) -> list[Frames]:
        """Windows of at most `width` frames that hold all speech from `first` to before `end`.

        They are filled one after the other. Long pauses are left out, and a stretch that does not
        fit is cut at the longest pause in the last part of the window, else where speech is least
        probable.
        """
        thresholds = self.thresholds
        waiting = _joined(self.ranges(first, end), thresholds.longest_pause)[::-1]
        earliest = int(thresholds.earliest_cut * width)
        windows: list[Frames] = []
        parts: list[Frames] = []
        used = 0
        while waiting:
            start, stop = waiting.pop()
            if stop - start <= width - used:
                parts.append(np.arange(start, stop))
                used += stop - start
                continue
            cut = self._cut(start, start + max(0, earliest - used), start + width - used)
            if cut > start:
                parts.append(np.arange(start, cut))
            windows.append(np.concatenate(parts))
            waiting.append((max(start, cut), stop))
            parts, used = [], 0
        return [*windows, np.concatenate(parts)] if parts else windows

    def _cut(self, start: int, earliest: int, latest: int) -> int:
        """Where a stretch is cut that begins at `start`; there, where it better waits."""
        if earliest >= latest:
            return start
        part = self.probability[earliest:latest]
        # the margin before a stretch is no pause in it
        pauses = [run for run in _runs(part < self.threshold) if earliest + run[0] > start]
        longest = max(pauses, key=lambda run: (run[1] - run[0], run[0]), default=(0, 0))
        if longest[1] - longest[0] >= self.thresholds.cut_pause:
            return earliest + (longest[0] + longest[1]) // 2
        # the stretch has begun with the window's last part: the window ends before it
        return start if earliest == start else earliest + int(part.argmin())


def _runs(inside: NDArray[np.bool_]) -> list[_Range]:
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False)).reshape(-1, 2)
    return [(int(a), int(b)) for a, b in edges]


def _joined(ranges: Sequence[_Range], longest: int) -> list[_Range]:
    """Ranges with at most so many frames between them are one."""
    joined: list[_Range] = []
    for start, end in ranges:
        if joined and start - joined[-1][1] <= longest:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return joined
