"""SubStation Alpha (`.ass`, `.ssa`): the events are cues, every other line is kept as it is."""

import re
from collections.abc import Iterator, Sequence
from itertools import count, groupby

from subalign.subtitles.files.subtitle_file import FileCue, OtherLines
from subalign.subtitles.files.times import TIME, milliseconds, written_times

__all__ = ["parse_events", "render_events"]

_FIELDS = ("Layer", "Start", "End", "Style", "Name", "MarginL", "MarginR", "MarginV", "Effect")
_EVENT = re.compile(r"(?P<kind>Dialogue|Comment):\s*(?P<rest>.*)", re.IGNORECASE)
_TIME = re.compile(TIME)


def parse_events(text: str) -> list[FileCue | OtherLines]:
    """The events of the text, whose line breaks are LF, and all other lines.

    Raises:
        ValueError: the events' fields stand in an order that no program writes.
    """
    parts: list[FileCue | OtherLines] = []
    for plain, group in groupby(_lines(text), key=_is_plain):
        found = list(group)
        if plain:
            joined = "\n".join(part.text for part in found)
            parts.append(OtherLines(line=found[0].line, text=joined))
        else:
            parts += found
    return parts


def _is_plain(part: FileCue | OtherLines) -> bool:
    return isinstance(part, OtherLines) and not part.lost


def render_events(parts: Sequence[FileCue | OtherLines]) -> str:
    """The text of parts, without a line break at the end."""
    return "\n".join(part.text if isinstance(part, OtherLines) else _event(part) for part in parts)


def _event(cue: FileCue) -> str:
    times = cue.times or written_times(cue.start_ms, cue.end_ms, "ass")
    return f"{cue.identifier},{times},{cue.settings}{cue.text}"


def _lines(text: str) -> Iterator[FileCue | OtherLines]:
    ids = count()
    start, number = _FIELDS.index("Start"), len(_FIELDS) + 1
    in_events = False
    for at, line in enumerate(text.split("\n"), start=1):
        if line.startswith("["):
            in_events = line.strip().lower() == "[events]"
        if in_events and line.lower().startswith("format:"):
            start, number = _order(line)
        found = _EVENT.match(line) if in_events else None
        if found is None:
            yield OtherLines(line=at, text=line)
            continue
        fields = found["rest"].split(",", number - 1)
        times = [field.strip() for field in fields[start : start + 2]]
        if len(fields) < number or not all(_TIME.fullmatch(time) for time in times):
            yield OtherLines(line=at, text=line, lost=True)
            continue
        yield FileCue(
            id=next(ids),
            line=at,
            identifier=f"{found['kind'].capitalize()}: {','.join(fields[:start])}",
            times=",".join(times),
            start_ms=milliseconds(times[0]),
            end_ms=milliseconds(times[1]),
            settings="".join(f"{field}," for field in fields[start + 2 : -1]),
            text=fields[-1],
        )


def _order(line: str) -> tuple[int, int]:
    """The place of the start among the fields, and their number."""
    fields = [field.strip().lower() for field in line.partition(":")[2].split(",")]
    at = fields.index("start") if "start" in fields else 0
    if at == 0 or fields[at + 1 : at + 2] != ["end"] or fields[-1] != "text":
        raise ValueError("its events have their fields in an unknown order")
    return at, len(fields)
