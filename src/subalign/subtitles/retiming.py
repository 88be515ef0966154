"""New times for the cues of a subtitle file: shifted, stretched, or from one frame rate to another.

The map is linear and exact, t → factor · t + offset; rounding comes last.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from subalign.errors import UsageError
from subalign.results import Script, Segment, Transcript
from subalign.subtitles.files import Aside, FileCue, SubtitleFile
from subalign.subtitles.files.subtitle_file import FileFormat, is_placed, shown_text
from subalign.subtitles.files.times import milliseconds
from subalign.subtitles.timecode import to_milliseconds, vtt_timecode

__all__ = ["Retimed", "TimeMap", "retime", "retime_by_speech", "through_points"]

_INNER_TIME = re.compile(r"<((?:\d+:)?\d+:\d+\.\d+)>")


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
    parts: list[FileCue | Aside] = []
    clamped = vanished = 0
    least = 10 if file.format == "ass" else 1
    for part in file.parts:
        if not isinstance(part, FileCue):
            parts.append(part)
            continue
        start, end = times.milliseconds(part.start_ms), times.milliseconds(part.end_ms)
        clamped += start < 0
        vanished += start < 0 and end <= 0
        start, end = max(0, start), max(0, end)
        if part.end_ms > part.start_ms:
            end = max(end, start + least)
        text = _inner(part.text, times) if file.format == "vtt" else part.text
        parts.append(replace(part, start_ms=start, end_ms=end, times="", text=text))
    return Retimed(replace(file, parts=tuple(parts)), clamped, vanished)


def retime_by_speech(file: SubtitleFile, script: Script, transcript: Transcript) -> SubtitleFile:
    """The file with its cues where they were heard.

    `script` is what `read_script` makes of the file, `transcript` what alignment makes of that: a
    segment for each line. Cues that are no lines (drawings, comments, cues without text) and signs
    of SubStation Alpha move as far as the last line that started before them.
    """
    signs: set[tuple[int, int]] = set()
    heard: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for line, segment in zip(script.lines, transcript.segments, strict=True):
        if line.start is None or line.end is None:
            continue
        old = round(line.start * 1000), round(line.end * 1000)
        if file.format == "ass" and not line.spoken:
            signs.add(old)
        else:
            heard.setdefault(old, []).append(_heard(segment))
    moves = sorted((old[0], new[0][0] - old[0]) for old, new in heard.items())
    parts: list[FileCue | Aside] = []
    texts: dict[tuple[int, int], list[str]] = {}
    for part in file.parts:
        if not isinstance(part, FileCue):
            parts.append(part)
            continue
        old = part.start_ms, part.end_ms
        is_sign = old in signs and is_placed(part)
        if old in heard and not part.is_comment and not is_sign:
            # cues at one time are told by their order, and copies of a cue stay together
            seen = texts.setdefault(old, [])
            text = shown_text(part, file.format)
            if text not in seen:
                seen.append(text)
            start, end = heard[old][min(seen.index(text), len(heard[old]) - 1)]
        else:
            at = bisect_right(moves, part.start_ms, key=lambda pair: pair[0])
            move = moves[max(0, at - 1)][1] if moves else 0
            start, end = max(0, part.start_ms + move), max(0, part.end_ms + move)
        parts.append(_moved(part, start, end, file.format))
    return replace(file, parts=tuple(parts))


def _moved(cue: FileCue, start: int, end: int, format: FileFormat) -> FileCue:
    """The cue at another time; times within WebVTT's text go with its start."""
    text = cue.text
    if format == "vtt":
        text = _inner(text, TimeMap(offset=Fraction(start - cue.start_ms, 1000)))
    return replace(cue, start_ms=start, end_ms=end, times="", text=text)


def _heard(segment: Segment) -> tuple[int, int]:
    """The time of a segment's words, or its own where it has none."""
    words = segment.words or ()
    start, end = (words[0].start, words[-1].end) if words else (segment.start, segment.end)
    return to_milliseconds(start), to_milliseconds(end)


def _inner(text: str, times: TimeMap) -> str:
    return _INNER_TIME.sub(
        lambda found: f"<{_vtt_time(max(0, times.milliseconds(milliseconds(found[1]))))}>", text
    )


def _vtt_time(time_ms: int) -> str:
    short = vtt_timecode(time_ms)
    return short if short.count(":") == 2 else f"00:{short}"
