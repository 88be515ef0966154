"""Turns by channels, for recordings with a speaker on each: who is louder speaks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from subalign.audio import SAMPLE_RATE
from subalign.options import SpeakerTurn
from subalign.speakers.turns import default_name

__all__ = ["ChannelTurnThresholds", "channel_levels", "turns_by_channel"]

_FRAMES_PER_SECOND = 100
_FRAME = SAMPLE_RATE // _FRAMES_PER_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTurnThresholds:
    """When a channel is the one that is spoken in; chosen, and tried by `bench/speakers.py`."""

    # frames of 10 ms over which power is averaged, as syllables are longer
    smoothed: int = 20
    # of the power that 95% of the loudest channel's frames stay below: 40 dB
    least: float = 1e-4
    # seconds of silence within a turn
    pause: float = 0.5


def channel_levels(blocks: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The mean power of each 10 ms of a channel's samples at 16 kHz, which come in blocks."""
    found: list[NDArray[np.float32]] = []
    rest = np.zeros(0, np.float32)
    for block in blocks:
        samples = np.concatenate([rest, block])
        whole = samples.size // _FRAME * _FRAME
        found.append(np.square(samples[:whole].reshape(-1, _FRAME)).mean(axis=1))
        rest = samples[whole:]
    return np.concatenate([*found, np.zeros(0, np.float32)])


def turns_by_channel(
    levels: Sequence[NDArray[np.float32]],
    limits: ChannelTurnThresholds = ChannelTurnThresholds(),
) -> list[SpeakerTurn]:
    """The turns of speakers A, B … on the channels whose power is given, each (frames,)."""
    length = min((level.size for level in levels), default=0)
    if not length:
        return []
    window = np.ones(limits.smoothed) / limits.smoothed
    power = np.stack([np.convolve(level[:length], window, "same")[:length] for level in levels])
    loudest = np.where(power.max(axis=0) > 0, power.argmax(axis=0), -1)
    loud = max(float(np.quantile(one, 0.95)) for one in power)
    loudest[power.max(axis=0) < limits.least * loud] = -1
    edges = np.flatnonzero(np.diff(loudest, prepend=-2, append=-2))
    turns: list[SpeakerTurn] = []
    for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if loudest[first] < 0:
            continue
        name = default_name(int(loudest[first]))
        start, stop = first / _FRAMES_PER_SECOND, end / _FRAMES_PER_SECOND
        if turns and turns[-1].speaker == name and start - turns[-1].end <= limits.pause:
            turns[-1] = SpeakerTurn(turns[-1].start, stop, name)
        else:
            turns.append(SpeakerTurn(start, stop, name))
    return turns
