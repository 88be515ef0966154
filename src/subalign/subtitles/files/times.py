"""The times of a cue, as each format writes them, and as people's programs do."""

import re
from collections.abc import Mapping

from subalign.subtitles.files.subtitle_file import FileFormat
from subalign.subtitles.timecode import ass_timecode, clock_time, srt_timecode, to_units

__all__ = [
    "DIRECTION",
    "RESOLUTION_MS",
    "TIME",
    "are_exact",
    "milliseconds",
    "written_time",
    "written_times",
]

TIME = r"-?(?:\d{1,4}:)?\d{1,3}:\d{1,2}(?:[.,:;]\d{1,20}(?:[.,]\d{1,20})?)?"
"""A time however it is written: one to three parts, any decimal mark, any number of decimals."""

DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks of the direction of writing, which some programs put before numbers and times; for use
in the brackets of a regular expression."""

# some programs write hh:mm:ss:mmm, and some parts of a millisecond after another mark; as many
# digits as in TIME, or a part would be taken for another
_PARTS = re.compile(r"(-?)(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:[.,:;](\d{1,20})(?:[.,]\d{1,20})?)?")

_LATEST = ((9999 * 60 + 59) * 60 + 59) * 1000 + 990  # the last that `TIME` matches in each format

_SRT = r"\d{2,}:[0-5]\d:[0-5]\d,\d{3}"
_VTT = r"(?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3}"
_ASS = r"\d+:[0-5]\d:[0-5]\d\.\d\d"
_EXACT = {
    "srt": re.compile(rf"{_SRT} --> {_SRT}"),
    "vtt": re.compile(rf"{_VTT}[ \t]+-->[ \t]+{_VTT}"),
    "ass": re.compile(rf"{_ASS},{_ASS}"),
}


RESOLUTION_MS: Mapping[FileFormat, int] = {"srt": 1, "vtt": 1, "ass": 10}
"""The steps in which formats count time."""


def milliseconds(time: str) -> int:
    """The milliseconds of a time that `TIME` matches; negative before the start.

    No time is later than 9999:59:59.99: what is read can be written and read again.
    """
    found = _PARTS.fullmatch(time)
    if found is None:
        raise ValueError(f"no time: {time}")
    sign, hours, minutes, seconds, fraction = found.groups()
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    decimals = (fraction or "").ljust(4, "0")
    total = min(_LATEST, whole * 1000 + int(decimals[:3]) + (int(decimals[3]) >= 5))
    return -total if sign else total


def are_exact(times: str, format: FileFormat) -> bool:
    """Whether times stand as the format demands."""
    return not times or _EXACT[format].fullmatch(times) is not None


def written_times(start_ms: int, end_ms: int, format: FileFormat) -> str:
    """Both times as the format writes them; SubStation Alpha counts hundredths of a second."""
    mark = "," if format == "ass" else " --> "
    return mark.join(written_time(time, format) for time in (start_ms, end_ms))


def written_time(time_ms: int, format: FileFormat) -> str:
    """One time, from 0 up, as the format writes it."""
    time_ms = min(_LATEST, time_ms)
    if format == "ass":
        return ass_timecode(to_units(time_ms, 10))
    return srt_timecode(time_ms) if format == "srt" else clock_time(time_ms)
