"""Which limits of a profile cues break, whoever laid them out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from subalign.subtitles.layout.profiles import Profile
from subalign.subtitles.layout.width import is_mostly_wide, measure
from subalign.subtitles.tags import one_line, plain_text

__all__ = ["Breach", "Limit", "ShownText", "find_breaches"]

Limit = Literal["lines", "width", "words", "speed", "short", "long", "gap", "overlap", "reversed"]

_ROUNDING = 1  # ms by which the distance of two rounded times may be off


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


def find_breaches(cues: Iterable[ShownText], profile: Profile) -> list[Breach]:
    """Every limit that every cue breaks, in the order of the cues.

    Formatting tags are no text. Line breaks count as the spaces that they stand for. Times of a
    file are rounded to milliseconds, so durations and gaps may fall short by one.
    """
    shown = list(cues)
    found: list[Breach] = []
    for index, cue in enumerate(shown):
        lines = plain_text(cue.text).splitlines()
        found += (Breach(index, *breach) for breach in _text_breaches(lines, profile))
        found += (Breach(index, *breach) for breach in _time_breaches(cue, lines, profile))
        if index + 1 < len(shown):
            gap = shown[index + 1].start_ms - cue.end_ms
            found += (Breach(index, *breach) for breach in _gap_breaches(gap, profile))
    return found


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


def _time_breaches(cue: ShownText, lines: Sequence[str], profile: Profile) -> Iterator[_Found]:
    duration = cue.end_ms - cue.start_ms
    if duration <= 0:
        yield "reversed", duration / 1000, profile.min_duration
        return
    columns, wide, characters = measure(one_line("\n".join(lines)))
    speed = profile.max_wide_cps if is_mostly_wide(columns, wide) else profile.max_cps
    if characters * 1000 > speed * (duration + _ROUNDING):
        yield "speed", characters * 1000 / duration, speed
    if duration + _ROUNDING < profile.min_duration * 1000:
        yield "short", duration / 1000, profile.min_duration
    if duration - _ROUNDING > profile.max_duration * 1000:
        yield "long", duration / 1000, profile.max_duration


def _gap_breaches(gap: int, profile: Profile) -> Iterator[_Found]:
    allowed = profile.clock.milliseconds(profile.gap_ticks)
    if gap < 0:
        yield "overlap", gap / 1000, allowed / 1000
    elif gap + _ROUNDING < allowed:
        yield "gap", gap / 1000, allowed / 1000
