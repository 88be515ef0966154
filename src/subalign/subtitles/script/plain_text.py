"""Transcripts as plain text: which lines are speech, and which are times or headings.

Web pages put times between lines (`0:04`, `4 seconds`) or before each (`0:04 Hello`). They are
told from speech by their number and order.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from subalign.subtitles.script.lines import ParsedScript, ScriptLine

__all__ = ["parse_plain_text"]

_CLOCK = r"(?:\d{1,3}:)?\d{1,2}:\d\d(?:[.,]\d{1,3})?"
_TIME_LINE = re.compile(
    rf"[\[(]?(?P<clock>{_CLOCK})(?:\s?[-–—>]{{1,3}}\s?{_CLOCK})?[\])]?(?P<more>.{{0,60}})"
)
_LEADING = re.compile(rf"(?P<clock>{_CLOCK})\s+\S")
_DURATION = re.compile(
    r"(?:(?P<h>\d+) hours?,? ?)?(?:(?P<m>\d+) minutes?,? ?)?(?:(?P<s>\d+) seconds?)?"
)
# a heading of Markdown; with a second mark at the end it is sung
_HEADING = re.compile(r"#{1,6}\s.*(?<!#)")

# times without digits between colons: two in a row may be spoken
_LEAST_DURATIONS = 3


def parse_plain_text(text: str) -> ParsedScript:
    """The lines of a text that are neither empty nor a time alone; headings have no words."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    times = _time_lines(lines)
    kept = [line for line, is_time in zip(lines, times, strict=True) if not is_time]
    sung = any(line.endswith(" #") for line in kept)
    return ParsedScript(
        tuple(
            ScriptLine(line, () if _HEADING.fullmatch(line) and not sung else None) for line in kept
        ),
        timed=_are_timed(kept),
    )


def _time_lines(lines: Sequence[str]) -> list[bool]:
    """Which lines are times alone."""
    clocks = [_alone(line) for line in lines]
    known = [clock for clock in clocks if clock is not None]
    if (len(known) > 1 or known == [0]) and _rise(known):
        # "4 seconds" after "0:04" says the same
        return [
            clock is not None or (at > 0 and _says(line, lines[at - 1], clocks[at - 1]))
            for at, (line, clock) in enumerate(zip(lines, clocks, strict=True))
        ]
    durations = [_duration(line) for line in lines]
    known = [seconds for seconds in durations if seconds is not None]
    if len(known) >= _LEAST_DURATIONS and _rise(known):
        return [seconds is not None for seconds in durations]
    return [False] * len(lines)


def _alone(line: str) -> int | None:
    """The seconds of a time that has a line to itself, or shares it with the same in words."""
    found = _TIME_LINE.fullmatch(line)
    if found is None or (found["more"] and not _says(found["more"].strip(), found["clock"], 0)):
        return None
    return _seconds(found["clock"])


def _says(line: str, clock_line: str, clock: int | None) -> bool:
    """Whether a line says in words the time of the line before: "1 minute, 4 seconds" of 1:04."""
    if clock is None or not line[:1].isdecimal() or len(line.split()) > 8:
        return False
    found = re.search(_CLOCK, clock_line)
    parts = [int(part) for part in re.findall(r"\d+", found[0])] if found else []
    numbers = [int(number) for number in re.findall(r"\d{1,9}", line)]
    pairs = re.fullmatch(r"(?:\d{1,9}\s?[^\W\d]+[\s,.]*(?:[^\W\d]{1,3}\s)?)+", line)
    return pairs is not None and [n for n in numbers if n] == [n for n in parts if n]


def _duration(line: str) -> int | None:
    found = _DURATION.fullmatch(line) if line[:1].isdecimal() and len(line) < 60 else None
    if found is None:
        return None
    hours, minutes, seconds = (int(found[name] or 0) for name in "hms")
    return (hours * 60 + minutes) * 60 + seconds


def _are_timed(lines: Sequence[str]) -> bool:
    found = [match for match in map(_LEADING.match, lines) if match is not None]
    known = [_seconds(match["clock"]) for match in found]
    return len(known) > 1 and 2 * len(known) >= len(lines) and _rise(known)


def _seconds(clock: str) -> int:
    seconds = 0
    for part in re.split("[.,]", clock)[0].split(":"):
        seconds = seconds * 60 + int(part)
    return seconds


def _rise(times: Sequence[int]) -> bool:
    return all(first <= second for first, second in pairwise(times))
