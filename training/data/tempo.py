"""Uneven tempo: people speed up and slow down within a sentence, synthesisers hardly do."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.data.windows import Placed, Window

__all__ = ["Tempo", "random_tempo"]

_SHORTEST, _LONGEST = 0.2, 1.0  # seconds of one tempo
_FRAMES_PER_SECOND = 100


@dataclass(frozen=True, slots=True)
class Tempo:
    """A change of tempo: what was heard at `heard[n]` is heard at `moved[n]`, linear between."""

    heard: NDArray[np.float64]  # seconds, increasing; so are `moved`, with the same ends
    moved: NDArray[np.float64]

    def at(self, seconds: float) -> float:
        """When the sound at `seconds` is heard now; behind the end nothing moves."""
        if seconds >= self.heard[-1]:
            return seconds
        return float(np.interp(seconds, self.heard, self.moved))

    def window(self, window: Window) -> Window:
        """The window with its words where they are heard now; the samples stay as they are."""
        placed = tuple(self._placed(item) for item in window.utterances)
        return replace(window, utterances=placed)

    def mel(self, mel: Tensor) -> Tensor:
        """Log-mel (n_mels, frames) at the new tempo, which is changed within `heard` alone."""
        n_frames = min(mel.shape[1], round(float(self.heard[-1]) * _FRAMES_PER_SECOND))
        if n_frames < 2:
            return mel
        times = (np.arange(n_frames) + 0.5) / _FRAMES_PER_SECOND
        source = np.interp(times, self.moved, self.heard) * _FRAMES_PER_SECOND - 0.5
        source = np.clip(source, 0.0, n_frames - 1.001)
        left = torch.from_numpy(source.astype(np.int64))
        part = torch.from_numpy((source - np.floor(source)).astype(np.float32))
        changed = mel.clone()
        changed[:, :n_frames] = torch.lerp(mel[:, left], mel[:, left + 1], part)
        return changed

    def _placed(self, placed: Placed) -> Placed:
        start = self.at(placed.start)

        def moved(seconds: float) -> float:
            return self.at(placed.start + seconds) - start

        spans = tuple(s and (moved(s[0]), moved(s[1])) for s in placed.utterance.spans)
        utterance = replace(placed.utterance, spans=spans)
        return replace(placed, utterance=utterance, start=start, end=self.at(placed.end))


def random_tempo(rng: np.random.Generator, seconds: float, strength: float) -> Tempo:
    """Over `seconds`, a new tempo every 0.2 to 1 s, about 1 ± `strength` times the old."""
    count = int(seconds / _SHORTEST) + 1
    heard = np.cumsum(rng.uniform(_SHORTEST, _LONGEST, count))
    heard = np.concatenate([[0.0], heard[heard < seconds - _SHORTEST], [seconds]])
    lengths = np.diff(heard) * np.exp(rng.normal(0.0, strength, heard.size - 1))
    moved = np.concatenate([[0.0], np.cumsum(lengths)])
    return Tempo(heard, moved * (seconds / moved[-1]))
