"""When cues start and end: with their words, unless a limit of time asks for more.

A cue lingers after its last word and leaves the next one its gap. One that would be too short, or
too fast to read, begins earlier in the silence before it, and cues where speech is quick share
their time: each may start a little before or after its first word.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from subalign.subtitles.layout.profiles import Profile

__all__ = ["FOREVER", "Numbers", "Ticks", "count_ticks", "end_ticks", "start_ticks"]

SHIFT = 0.2
"""Seconds by which a cue may start before its first word, or after it, though others speak then.

Chosen: less is not seen as out of step."""

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
    shift: int
    last: int = FOREVER

    def needed(self, characters: Numbers, speeds: NDArray[np.float64]) -> Numbers:
        """The fewest ticks in which so many characters are read at so many a second."""
        ticks: Numbers = np.ceil(characters * self.per_second / speeds - 1e-9).astype(np.int64)
        return ticks

    def times(
        self,
        starts: Numbers,
        word_ends: Numbers,
        needed: Numbers,
        *,
        earliest: int = 0,
        next_start: int = FOREVER,
    ) -> tuple[Numbers, Numbers]:
        """When cues start and end.

        `starts` and `word_ends` are those of their words, `needed` is what reading them takes.
        They are shown from `earliest` on, or from their first word if that is earlier;
        `next_start` is where what follows them begins.
        """
        moved = self._shifted(starts, word_ends, needed, earliest, next_start)
        return moved, self.ends(moved, word_ends, np.append(moved[1:], next_start), needed)

    def _shifted(
        self,
        starts: Numbers,
        word_ends: Numbers,
        needed: Numbers,
        earliest: int,
        next_start: int,
    ) -> Numbers:
        """Starts that leave each cue the time that it needs, as far as they may be moved."""
        need = np.minimum(np.maximum(needed, self.min_duration), self.max_duration) + self.gap
        end = min(next_start, max(int(word_ends[-1]), self.last) + self.gap)
        following = np.append(starts[1:], end)
        if (starts + need <= following).all():
            return starts
        silent = np.append(earliest, word_ends[:-1] + self.gap)
        early = np.maximum(silent, starts - self.linger)
        early[1:] = np.maximum(np.minimum(early, starts - self.shift)[1:], 0)
        given, length = starts.tolist(), need.tolist()
        # as early as may be, but not before the cues before have what they need
        first = np.minimum(early, starts).tolist()
        for index in range(1, len(given)):
            free = max(first[index], first[index - 1] + length[index - 1])
            first[index] = min(given[index], free)
        # earlier, where a cue would not have what it needs before the next one
        found = [*given, end]
        for index in reversed(range(len(given))):
            found[index] = max(first[index], min(given[index], found[index + 1] - length[index]))
        # later, where the cue before has it not yet, as far as the cues after still have it
        last = [*(starts + self.shift).tolist(), end]
        for index in reversed(range(len(given))):
            last[index] = max(found[index], min(last[index], last[index + 1] - length[index]))
        for index in range(1, len(given)):
            wanted = max(found[index], found[index - 1] + length[index - 1])
            found[index] = min(last[index], wanted)
        return np.array(found[:-1], np.int64)

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
        shift=clock.at_most(SHIFT),
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
