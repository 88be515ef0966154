"""Windows laid out of several utterances with pauses, somewhere in the 30 s window."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.config import AugmentationConfig, Stage, WindowConfig
from training.data.augment import augment_window, change_speed, coloured_noise, hesitate, tones
from training.data.shards import Utterance
from training.signal import SAMPLE_RATE

__all__ = ["POSITIONS_PER_SECOND", "Placed", "Window", "compose"]

POSITIONS_PER_SECOND = 50

_WINDOW_SECONDS = 30.0
_LEAST_CUT = 1.0  # seconds of an utterance that the window's end cuts
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Placed:
    """An utterance from `start` to `end` (seconds) in the crop; `cut` if the end is beyond it."""

    utterance: Utterance
    start: float
    end: float
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """A crop of a 30 s window: `place` is its first position there, 50 a second.

    `samples` may be shorter than `seconds`: the recording ends there. No utterances: no speech.
    """

    samples: NDArray[np.float32]
    seconds: float
    place: int
    utterances: tuple[Placed, ...]

    @property
    def audio_seconds(self) -> float:
        """How much of the crop is recording."""
        return self.samples.size / SAMPLE_RATE


def compose(
    rng: np.random.Generator,
    seconds: float,
    pool: Sequence[Utterance],
    stage: Stage,
    windows: WindowConfig,
    augmentation: AugmentationConfig,
) -> Window:
    """Lay out and augment one window from the utterances of `pool`."""
    place = _place(rng, seconds, windows)
    if not stage.single and rng.random() < windows.no_speech_share:
        return Window(_no_speech(rng, seconds), seconds, place, ())
    placed = _lay_out(rng, seconds, pool, stage, windows, augmentation)
    samples = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    last = 0.0
    for item in placed:
        begin = round(item.start * SAMPLE_RATE)
        part = item.utterance.samples[: samples.size - begin]
        gain = 10 ** (rng.uniform(-9.0, 0.0) / 20) if stage.augment else 1.0
        samples[begin : begin + part.size] += part * np.float32(gain)
        last = (begin + part.size) / SAMPLE_RATE
    samples = samples[: round(_audio_end(rng, seconds, last) * SAMPLE_RATE)]
    if stage.augment:
        samples = augment_window(samples, rng, augmentation, pool)
    return Window(samples, seconds, place, tuple(placed))


def _place(rng: np.random.Generator, seconds: float, windows: WindowConfig) -> int:
    room = round((_WINDOW_SECONDS - seconds) * POSITIONS_PER_SECOND)
    if room <= 0 or rng.random() < windows.at_start_share:
        return 0
    return int(rng.integers(room + 1))


def _lay_out(
    rng: np.random.Generator,
    seconds: float,
    pool: Sequence[Utterance],
    stage: Stage,
    windows: WindowConfig,
    augmentation: AugmentationConfig,
) -> list[Placed]:
    placed: list[Placed] = []
    speed = augmentation.speed if stage.augment else 0.0
    at = 0.0 if rng.random() < 0.2 else float(rng.uniform(0.0, 1.0))
    may_cut = not stage.single and seconds >= _WINDOW_SECONDS and rng.random() < windows.cut_share
    while at < seconds:
        room = seconds - at
        tried = [pool[n] for n in rng.integers(len(pool), size=_TRIES).tolist()]
        factor = float(rng.uniform(1.0 - speed, 1.0 + speed))
        fitting = [u for u in tried if u.samples.size / SAMPLE_RATE / factor < room - 0.1]
        if not fitting:
            if may_cut and room > _LEAST_CUT:
                cut = change_speed(tried[0], factor)
                if cut.samples.size / SAMPLE_RATE > room:
                    placed.append(_placed(cut, at, cut=True))
                break
            if placed or all(u.samples.size / SAMPLE_RATE > seconds for u in pool):
                break
            at = 0.0
            continue
        utterance = change_speed(fitting[0], factor)
        if stage.augment and rng.random() < augmentation.hesitation_share:
            utterance = hesitate(utterance, rng)
        if utterance.samples.size / SAMPLE_RATE > room:
            continue
        placed.append(_placed(utterance, at))
        if stage.single:
            break
        at += utterance.samples.size / SAMPLE_RATE + _pause(rng, windows)
        if rng.random() < 0.06:
            break
    return placed


def _placed(utterance: Utterance, start: float, *, cut: bool = False) -> Placed:
    return Placed(utterance, start, start + utterance.samples.size / SAMPLE_RATE, cut)


def _pause(rng: np.random.Generator, windows: WindowConfig) -> float:
    if rng.random() < 0.75:
        return float(rng.uniform(0.0, 0.7))
    return float(rng.uniform(0.5, windows.longest_pause))


def _audio_end(rng: np.random.Generator, seconds: float, last: float) -> float:
    """The recording ends soon after the last word, or goes on to the end of the window."""
    if rng.random() < 0.5:
        return seconds
    return min(seconds, max(0.5, last + float(rng.uniform(0.0, 1.5))))


def _no_speech(rng: np.random.Generator, seconds: float) -> NDArray[np.float32]:
    """Silence, noise or tones at any level."""
    length = round(seconds * SAMPLE_RATE)
    if rng.random() < 0.4:
        length = round(float(rng.uniform(0.5, seconds)) * SAMPLE_RATE)
    kind = rng.random()
    if kind < 0.15:
        return np.zeros(length, np.float32)
    sound = coloured_noise(length, rng) if kind < 0.6 else tones(length, rng)
    if kind > 0.85:
        sound = sound + coloured_noise(length, rng) * np.float32(rng.uniform(0.05, 0.7))
    return np.clip(sound * 10 ** (rng.uniform(-75.0, -12.0) / 20), -1.0, 1.0).astype(np.float32)
