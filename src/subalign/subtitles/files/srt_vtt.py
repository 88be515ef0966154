"""SubRip and WebVTT: cues between blank lines, found by their lines of times.

Files of people and programs are read with what they get wrong: blank lines missing between cues or
left inside a text, numbers missing, dots for commas, single hyphens in arrows.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, groupby, islice

from subalign.subtitles.files.subtitle_file import FileCue, FileFormat, OtherLines
from subalign.subtitles.files.times import DIRECTION, TIME, milliseconds, written_times

__all__ = ["begins_with_cue", "is_line_of_times", "parse_blocks", "render_blocks"]

_BESIDE = rf"[\s{DIRECTION}]*"
_TIMES = re.compile(
    rf"\s*(?P<times>[{DIRECTION}]*(?P<start>{TIME}){_BESIDE}-{{1,3}}>{_BESIDE}(?P<end>{TIME})"
    rf"[{DIRECTION}]*)(?P<more>.*)"
)
# a line that was meant to be times: an arrow, and the digits of two times
_BROKEN = re.compile(r"(?=.*-->)(?:\D*\d){6}|(?=.*->)(?:\D*\d){12}")
_NUMBER = re.compile(rf"[{DIRECTION}]*(\d{{1,9}})[{DIRECTION}]*")
_MISSING = 10  # numbers that may be left out where no blank line stands before the next one

_VTT_NOTE = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
_VTT_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION|WEBVTT)(?:\s|$)")


@dataclass(frozen=True, slots=True)
class _Opening:
    """Where a cue begins: the line of its times, and that of what stands before them."""

    first: int
    times: int
    found: re.Match[str] | None


def begins_with_cue(text: str) -> bool:
    """Whether the first lines of a text are a cue's times with hours, after a number at most."""
    first = [line for line in islice(text.lstrip().split("\n", 4), 4) if line.strip()][:2]
    if len(first) == 2 and _number(first[0].strip()) is not None:
        first = first[1:]
    found = _times(first[0]) if first else None
    return found is not None and found["start"].count(":") >= 2


def is_line_of_times(line: str) -> bool:
    """Whether a line of a text is read as a cue's times, readable or not."""
    return ">" in line and (_times(line) is not None or _meant_as_times(line))


def parse_blocks(text: str, format: FileFormat) -> list[FileCue | OtherLines]:
    """The cues of `srt` or `vtt` text, whose line breaks are LF, and all between them."""
    lines = text.split("\n")
    openings = list(_openings(lines, format))
    ends = [*(opening.first for opening in openings[1:]), len(lines)][: len(openings)]
    head = lines[: openings[0].first] if openings else lines
    # what stands before SubRip's first cue is lost; WebVTT has its header there
    parts: list[FileCue | OtherLines] = [
        OtherLines(line=at + 1, text=block, lost=format == "srt" or not _VTT_BLOCK.match(block))
        for at, block in _split(head, 0)
    ]
    ids = count()
    for opening, end in zip(openings, ends, strict=True):
        if opening.found is None:
            body = "\n".join(lines[opening.first : end]).strip("\n")
            parts.append(OtherLines(line=opening.first + 1, text=body, lost=True))
        else:
            parts += _cue(next(ids), lines, opening, opening.found, end, format)
    return parts


def render_blocks(parts: Sequence[FileCue | OtherLines], format: FileFormat) -> str:
    """The text of parts, with a blank line between two, without a line break at the end."""
    return "\n\n".join(
        part.text if isinstance(part, OtherLines) else _block(part, format) for part in parts
    )


def _block(cue: FileCue, format: FileFormat) -> str:
    times = cue.times or written_times(cue.start_ms, cue.end_ms, format)
    # what follows must not be read as more of the time
    times += "" if cue.times or cue.settings[:1].isspace() or not cue.settings else " "
    head = f"{cue.identifier}\n" if cue.identifier else ""
    body = f"\n{cue.text}" if cue.text else ""
    return f"{head}{times}{cue.settings}{body}"


def _openings(lines: Sequence[str], format: FileFormat) -> Iterator[_Opening]:
    number = 0  # the last cue's
    free = 0  # the first line that no opening has taken
    block = 0  # the first line after the last blank one
    for at, line in enumerate(lines):
        if ">" not in line:
            block = block if line.strip() else at + 1
            continue
        if format == "vtt" and (_VTT_NOTE.match(lines[block]) or _VTT_NOTE.match(line)):
            continue
        found = _times(line)
        if found is None and not _meant_as_times(line):
            continue
        first = at
        before = lines[at - 1].strip() if at > free else ""
        number_before = _number(before)
        after_blank = at - 2 < free or not lines[at - 2].strip()
        if format == "vtt":
            if before and after_blank and not _VTT_BLOCK.match(before):
                first = at - 1
        elif number_before is not None and (after_blank or 0 < number_before - number <= _MISSING):
            first = at - 1
        if first < at and number_before is not None:
            number = number_before
        yield _Opening(first, at, found)
        free = at + 1


def _number(text: str) -> int | None:
    """A cue's number, also among marks of direction."""
    found = _NUMBER.fullmatch(text)
    return int(found[1]) if found else None


def _times(line: str) -> re.Match[str] | None:
    found = _TIMES.fullmatch(line)
    if found is None:
        return None
    # "at 12:30 -> 13:30" is speech
    quick = "-->" not in found["times"] and not re.search(r"[.,]\d", found["times"])
    return None if quick else found


def _meant_as_times(line: str) -> bool:
    return _BROKEN.match(line[:80]) is not None


def _cue(
    id: int,
    lines: Sequence[str],
    opening: _Opening,
    found: re.Match[str],
    end: int,
    format: FileFormat,
) -> Iterator[FileCue | OtherLines]:
    body = list(lines[opening.times + 1 : end])
    others: list[OtherLines] = []
    if format == "vtt":
        at = next(
            (
                place
                for place, line in enumerate(body)
                if _VTT_BLOCK.match(line) and place > 0 and not body[place - 1].strip()
            ),
            len(body),
        )
        others = [
            OtherLines(line=place + 1, text=block, lost=not _VTT_BLOCK.match(block))
            for place, block in _split(body[at:], opening.times + 1 + at)
        ]
        body = body[:at]
    while body and not body[-1].strip():
        del body[-1]
    yield FileCue(
        id=id,
        line=opening.times + 1,
        identifier=lines[opening.first].strip() if opening.first < opening.times else "",
        times=found["times"],
        start_ms=milliseconds(found["start"]),
        end_ms=milliseconds(found["end"]),
        settings=found["more"].rstrip(),
        text="\n".join(body),
    )
    yield from others


def _split(lines: Sequence[str], first: int) -> Iterator[tuple[int, str]]:
    """The blocks between blank lines, each with the index of its first line in the file."""
    for filled, block in groupby(enumerate(lines, first), key=lambda place: bool(place[1].strip())):
        if filled:
            placed = list(block)
            yield placed[0][0], "\n".join(line for _, line in placed)
