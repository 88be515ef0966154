"""Which limits of a profile cues break, whoever laid them out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from subalign.subtitles.layout.profiles import Profile
from subalign.subtitles.layout.width import is_mostly_wide, measure
from subalign.subtitles.tags import one_line, plain_text
from subalign.subtitles.timecode import clock_time

__all__ = ["Breach", "Limit", "ShownText", "breaches_told", "find_breaches"]

Limit = Literal["lines", "width", "words", "speed", "short", "long", "gap", "overlap", "reversed"]

_TOLD = 5  # cues that a message names

_UNITS: Mapping[Limit, str] = {
    "lines": "lines",
    "width": "columns",
    "words": "words in a line",
    "speed": "characters a second",
    "short": "s",
    "long": "s",
    "gap": "s to the next",
    "overlap": "s to the next",
    "reversed": "s",
}

_MILLISECOND = 1


class ShownText(Protocol):
    """Text and its time in milliseconds, as `Cue` has it."""

    @property
    def start_ms(self) -> int: ...
    @property
    def end_ms(self) -> int: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a cue breaks.

    `cue` counts cues from 0. `value` is what the cue has, `allowed` what it may have: lines;
    columns of its widest line; words in a line; characters a second; seconds of duration (`short`,
    `long`) or of the gap before the next cue (`gap`; `overlap`, where it is negative). A cue that
    ends when it starts, or before, is `reversed`, with its duration as `value`.
    """

    cue: int
    limit: Limit
    value: float
    allowed: float


def find_breaches(
    cues: Iterable[ShownText], profile: Profile, *, rounding_ms: int = _MILLISECOND
) -> list[Breach]:
    """Every limit that every cue breaks, in the order of the cues.

    Formatting tags are no text. Line breaks count as the spaces that they stand for. Times of a
    file are rounded, to milliseconds or to `rounding_ms`, so durations and gaps may be off by that.
    """
    shown = list(cues)
    found: list[Breach] = []
    for index, cue in enumerate(shown):
        lines = plain_text(cue.text).splitlines()
        found += (Breach(index, *breach) for breach in _text_breaches(lines, profile))
        found += (
            Breach(index, *breach) for breach in _time_breaches(cue, lines, profile, rounding_ms)
        )
        if index + 1 < len(shown):
            gap = shown[index + 1].start_ms - cue.end_ms
            found += (Breach(index, *breach) for breach in _gap_breaches(gap, profile, rounding_ms))
    return found


def breaches_told(breaches: Sequence[Breach], cues: Sequence[ShownText], profile: Profile) -> str:
    """The cues that break limits, in words: how many they are, and the first of them."""
    first = dict(reversed([(breach.cue, breach) for breach in breaches]))
    told = [_told(first[number], cues[number]) for number in sorted(first)[:_TOLD]]
    more = f", and {len(first) - _TOLD} more" if len(first) > _TOLD else ""
    breaks = "cues breaks" if len(first) == 1 else "cues break"
    return (
        f"{len(first)} of {len(cues)} {breaks} a limit of the profile {profile.name}, as no layout "
        f"keeps all of the text within it: {', '.join(told)}{more}"
    )


def _told(breach: Breach, cue: ShownText) -> str:
    value, allowed = round(breach.value, 2), round(breach.allowed, 2)
    time = clock_time(cue.start_ms)
    return f"{breach.cue + 1} at {time} ({value:g} {_UNITS[breach.limit]}, not {allowed:g})"


_Found = tuple[Limit, float, float]


def _text_breaches(lines: Sequence[str], profile: Profile) -> Iterator[_Found]:
    if len(lines) > profile.max_line_count:
        yield "lines", len(lines), profile.max_line_count
    limit, wide_limit = profile.max_line_width, profile.max_wide_line_width
    too_wide: list[tuple[float, float]] = []
    for line in lines:
        columns, wide, _ = measure(line.strip())
        if columns > (allowed := wide_limit if is_mostly_wide(columns, wide) else limit):
            too_wide.append((columns, allowed))
    if too_wide:
        yield ("width", *max(too_wide))
    words = max((len(line.split()) for line in lines), default=0)
    if words > profile.max_words_per_line:
        yield "words", words, profile.max_words_per_line


def _time_breaches(
    cue: ShownText, lines: Sequence[str], profile: Profile, rounding_ms: int
) -> Iterator[_Found]:
    duration = cue.end_ms - cue.start_ms
    if duration <= 0:
        yield "reversed", duration / 1000, profile.min_duration
        return
    columns, wide, characters = measure(one_line("\n".join(lines)))
    speed = profile.max_wide_cps if is_mostly_wide(columns, wide) else profile.max_cps
    if characters * 1000 > speed * (duration + rounding_ms):
        yield "speed", characters * 1000 / duration, speed
    if duration + rounding_ms < profile.min_duration * 1000:
        yield "short", duration / 1000, profile.min_duration
    if duration - rounding_ms > profile.max_duration * 1000:
        yield "long", duration / 1000, profile.max_duration


def _gap_breaches(gap: int, profile: Profile, rounding_ms: int) -> Iterator[_Found]:
    allowed = profile.clock.milliseconds(profile.gap_ticks)
    if gap < 0:
        yield "overlap", gap / 1000, allowed / 1000
    elif gap + rounding_ms < allowed:
        yield "gap", gap / 1000, allowed / 1000
