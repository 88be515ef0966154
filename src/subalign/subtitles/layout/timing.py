"""When a cue ends: it lingers after its last word, and leaves the next one its gap."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from subalign.subtitles.layout.profiles import Profile

__all__ = ["FOREVER", "Numbers", "Ticks", "count_ticks", "end_ticks", "start_ticks"]

FOREVER = 1 << 40  # Ticks; later than any recording ends.

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ticks:
    """A profile's times in ticks of its clock; `last` is where the recording ends."""

    per_second: float
    min_duration: int
    max_duration: int
    gap: int
    linger: int
    chain_gap: int
    last: int = FOREVER

    def needed(self, characters: Numbers, speeds: NDArray[np.float64]) -> Numbers:
        """The fewest ticks in which so many characters are read at so many a second."""
        ticks: Numbers = np.ceil(characters * self.per_second / speeds - 1e-9).astype(np.int64)
        return ticks

    def ends(
        self, starts: Numbers, word_ends: Numbers, next_starts: Numbers, needed: Numbers
    ) -> Numbers:
        """When cues end, each a tick or more after its start and before the next one starts.

        A cue lingers after its last word, longer where `min_duration` or reading it asks for that,
        stays where the gap to the next one would be short, and always leaves `gap` if it can. None
        lingers on after the recording's end.
        """
        latest = next_starts - self.gap
        wanted = np.maximum(np.maximum(needed, self.min_duration) + starts, word_ends + self.linger)
        chained = np.where(latest - wanted < self.chain_gap, latest, wanted)
        chained = np.minimum(chained, np.maximum(word_ends, self.last))
        ends: Numbers = np.minimum(chained, starts + self.max_duration)
        return np.maximum(ends, starts + 1)


def count_ticks(profile: Profile, duration: float | None = None) -> Ticks:
    """The profile's times, rounded so that what keeps them keeps the profile.

    `duration` is the recording's, in seconds; one that is not known limits nothing.
    """
    clock = profile.clock
    most = profile.max_duration
    gap = profile.gap_ticks
    return Ticks(
        per_second=float(clock.ticks_per_second),
        min_duration=clock.at_least(profile.min_duration),
        max_duration=FOREVER if most == float("inf") else max(1, clock.at_most(most)),
        gap=gap,
        linger=clock.at_most(profile.linger),
        chain_gap=max(0, clock.at_most(profile.chain_gap) - gap),
        last=clock.at_most(duration) if duration and math.isfinite(duration) else FOREVER,
    )


def start_ticks(seconds: Any, per_second: float) -> Numbers:
    """Starts of words, in seconds, as ticks that each lie after the one before."""
    nearest = np.maximum(np.rint(np.asarray(seconds, np.float64) * per_second), 0)
    order = np.arange(nearest.size)
    # strictly rising: what is left after a step each must not fall
    rising: Numbers = (np.maximum.accumulate(nearest - order) + order).astype(np.int64)
    return rising


def end_ticks(seconds: Any, starts: Numbers, per_second: float) -> Numbers:
    """Ends of words, none before its start or an earlier end."""
    nearest = np.rint(np.asarray(seconds, np.float64) * per_second).astype(np.int64)
    ends: Numbers = np.maximum.accumulate(np.maximum(nearest, starts))
    return ends
