"""New times for the cues of a subtitle file: by a linear map, or by the speech in the recording.

The map shifts, stretches, or goes from one frame rate to another. It is exact,
t → factor · t + offset; rounding comes last.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from subalign.errors import UsageError
from subalign.results import Script, Segment, Transcript
from subalign.subtitles.files import FileCue, SubtitleFile
from subalign.subtitles.files.subtitle_file import is_placed, shown_text
from subalign.subtitles.files.times import milliseconds
from subalign.subtitles.timecode import clock_time, to_milliseconds

__all__ = ["Retimed", "TimeMap", "retime", "retime_by_speech", "through_points"]

_INNER_TIME = re.compile(r"<((?:\d{1,4}:)?\d{1,3}:\d{1,2}\.\d{1,20})>")


@dataclass(frozen=True, slots=True)
class TimeMap:
    """t → `factor` · t + `offset`, in seconds."""

    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        if self.factor <= 0:
            raise UsageError("Times cannot be turned round: give factors above 0.")

    def milliseconds(self, time_ms: int) -> int:
        """The nearest millisecond of the new time; negative before the start."""
        return round(self.factor * time_ms + self.offset * 1000)


@dataclass(frozen=True, slots=True)
class Retimed:
    """The file with new times.

    `clamped` counts the cues that would start before 0, and start there. `vanished` counts those
    among them that would end there as well, and last 1 ms (SubStation Alpha: 10 ms).
    """

    file: SubtitleFile
    clamped: int
    vanished: int


def through_points(points: Sequence[tuple[Fraction, Fraction]]) -> TimeMap:
    """The map that takes each old time (seconds) to its new one; one point shifts.

    Raises:
        UsageError: more than two points, or two that no map in the same direction goes through.
    """
    if len(points) == 1:
        ((old, new),) = points
        return TimeMap(offset=new - old)
    if len(points) != 2:
        raise UsageError("`at` takes one or two points: leave the others out.")
    (old, new), (other_old, other_new) = points
    if (other_old - old) * (other_new - new) <= 0:
        raise UsageError(
            "The two `at` points must lie apart and in the same order, before and after."
        )
    factor = (other_new - new) / (other_old - old)
    return TimeMap(factor, new - factor * old)


def retime(file: SubtitleFile, times: TimeMap) -> Retimed:
    """Move every cue, and the times within its text that WebVTT may have.

    All else stays: texts, tags, styles, names, settings, notes. A cue that had a duration keeps
    one.
    """
    clamped = vanished = 0
    least = 10 if file.format == "ass" else 1

    def moved(cue: FileCue) -> FileCue:
        nonlocal clamped, vanished
        start, end = times.milliseconds(cue.start_ms), times.milliseconds(cue.end_ms)
        clamped += start < 0
        vanished += start < 0 and end <= 0
        start, end = max(0, start), max(0, end)
        if cue.end_ms > cue.start_ms:
            end = max(end, start + least)
        text = _with_inner_times(cue.text, times) if file.format == "vtt" else cue.text
        return replace(cue, start_ms=start, end_ms=end, times="", text=text)

    return Retimed(file.with_cues(moved), clamped, vanished)


def retime_by_speech(file: SubtitleFile, script: Script, transcript: Transcript) -> SubtitleFile:
    """The file with its cues where their words are spoken.

    `script` is what `script_of_file` makes of the file, `transcript` what alignment makes of that:
    a segment for each line. Cues that are no lines (drawings, comments, cues without text) and
    signs of SubStation Alpha move as far as the last line that started before them.
    """
    times = _times_by_id(file, script, transcript)
    found: dict[tuple[int, int], int] = {}  # where lines share their times the first one counts
    for cue in file.cues:
        if cue.id in times:
            found.setdefault((cue.start_ms, cue.end_ms), times[cue.id][0] - cue.start_ms)
    shifts = sorted((start, shift) for (start, _), shift in found.items())

    def moved(cue: FileCue) -> FileCue:
        if cue.id in times:
            start, end = times[cue.id]
        else:
            at = bisect_right(shifts, cue.start_ms, key=lambda pair: pair[0])
            shift = shifts[max(0, at - 1)][1] if shifts else 0
            start, end = max(0, cue.start_ms + shift), max(0, cue.end_ms + shift)
        text = cue.text
        if file.format == "vtt":
            moved_by = Fraction(start - cue.start_ms, 1000)
            text = _with_inner_times(text, TimeMap(offset=moved_by))
        return replace(cue, start_ms=start, end_ms=end, times="", text=text)

    return file.with_cues(moved)


def _times_by_id(
    file: SubtitleFile, script: Script, transcript: Transcript
) -> dict[int, tuple[int, int]]:
    """The new times (ms) of cues by their ids; none for cues that move with others."""
    times: dict[int, tuple[int, int]] = {}
    signs: set[int] = set()
    for line, segment in zip(script.lines, transcript.segments, strict=True):
        if line.spoken or file.format != "ass":
            times.update(dict.fromkeys(line.cues, _spoken_times(segment)))
        else:
            signs.update(line.cues)
    copies: dict[tuple[int, int, str], tuple[int, int]] = {}
    places: dict[tuple[int, int], tuple[int, int]] = {}
    for cue in file.cues:
        if cue.id in times:
            # typesetters stack copies of a cue, with other tags: they stay together
            copy = cue.start_ms, cue.end_ms, shown_text(cue, file.format)
            times[cue.id] = copies.setdefault(copy, times[cue.id])
            places.setdefault(copy[:2], times[cue.id])
    for cue in file.cues:
        old = cue.start_ms, cue.end_ms
        # a drawing with the times of a line belongs to it
        if cue.id not in times and old in places and not (cue.id in signs and is_placed(cue)):
            times[cue.id] = places[old]
    return times


def _spoken_times(segment: Segment) -> tuple[int, int]:
    """The time of a segment's words, or its own where it has none."""
    words = segment.words or ()
    start, end = (words[0].start, words[-1].end) if words else (segment.start, segment.end)
    return to_milliseconds(start), to_milliseconds(end)


def _with_inner_times(text: str, times: TimeMap) -> str:
    """WebVTT's text with the times within it moved."""
    return _INNER_TIME.sub(
        lambda found: f"<{clock_time(max(0, times.milliseconds(milliseconds(found[1]))))}>", text
    )
