"""Frame rates as exact fractions, and times counted in frames or milliseconds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from subalign.subtitles.cue import Cue

__all__ = ["MILLISECONDS", "Clock", "frame_rate", "on_frames"]

_NTSC = {
    round(float(rate), 2): rate
    for rate in (Fraction(frames * 1000, 1001) for frames in (24, 30, 48, 60, 120))
}


def frame_rate(fps: float) -> Fraction:
    """The exact rate that a number stands for: 23.976 and 23.98 are 24000/1001, 25 is 25."""
    return _NTSC.get(round(fps, 2), Fraction(fps).limit_denominator(1000))


@dataclass(frozen=True, slots=True)
class Clock:
    """Counts time in ticks: frames of a video, or milliseconds."""

    ticks_per_second: Fraction

    def nearest(self, seconds: float) -> int:
        """The tick nearest to a time; times before the start are tick 0."""
        return max(0, round(seconds * float(self.ticks_per_second)))

    def at_least(self, seconds: float) -> int:
        """The fewest ticks that last so long."""
        return -(-self._exact(seconds) // 1)

    def at_most(self, seconds: float) -> int:
        """The most ticks that last no longer."""
        return int(self._exact(seconds) // 1)

    def milliseconds(self, ticks: int) -> int:
        """The millisecond nearest to a tick."""
        rate = self.ticks_per_second
        # halves up, in integers: round() of a Fraction is many times slower
        return (2000 * ticks * rate.denominator + rate.numerator) // (2 * rate.numerator)

    def _exact(self, seconds: float) -> Fraction:
        return Fraction(seconds).limit_denominator(100_000) * self.ticks_per_second


MILLISECONDS = Clock(Fraction(1000))


def on_frames(cues: Iterable[Cue], rate: Fraction) -> Iterator[Cue]:
    """Cues that start and end on the frames nearest to their times, and last one or more."""
    clock = Clock(rate)
    for cue in cues:
        first = clock.nearest(cue.start_ms / 1000)
        start = clock.milliseconds(first)
        end = clock.milliseconds(max(first + 1, clock.nearest(cue.end_ms / 1000)))
        words = tuple(
            word._replace(
                start_ms=min(max(word.start_ms, start), end),
                end_ms=min(max(word.end_ms, start), end),
            )
            for word in cue.words
        )
        yield replace(cue, start_ms=start, end_ms=end, words=words)
