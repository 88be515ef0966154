"""SubViewer as YouTube has it (`.sbv`): two times between a comma, then lines of text.

https://support.google.com/youtube/answer/2734698
"""

import re
from collections.abc import Iterable, Iterator

from subalign.subtitles.files.times import milliseconds
from subalign.subtitles.tags import plain_text

__all__ = ["begins_as_sbv", "parse_sbv", "render_sbv"]

_NESTED = 5  # tags within tags; nobody writes more

_CLOCK = r"\d{1,3}:\d\d:\d\d(?:\.\d{1,9})?"
_TIMES = re.compile(rf"({_CLOCK}),({_CLOCK})")
_FIRST = re.compile(rf"\s*{_CLOCK},{_CLOCK}[ \t]*(?:\n|$)")


def begins_as_sbv(text: str) -> bool:
    """Whether a text, line breaks LF, begins with a line of times."""
    return _FIRST.match(text) is not None


def parse_sbv(text: str) -> Iterator[tuple[int, int, str]]:
    """Start and end in milliseconds and text of each cue of a text, line breaks LF."""
    times: re.Match[str] | None = None
    lines: list[str] = []
    for line in [*text.split("\n"), "0:00:00.000,0:00:00.000"]:
        found = _TIMES.fullmatch(line.strip())
        if found is None:
            lines.append(line.strip())
            continue
        if times is not None:
            shown = "\n".join(filter(None, lines)).replace("[br]", "\n")
            yield milliseconds(times[1]), milliseconds(times[2]), shown
        times, lines = found, []


def render_sbv(cues: Iterable[tuple[int, int, str]]) -> Iterator[str]:
    """The text of cues (start, end, text), in pieces; it has no tags."""
    for start, end, text in cues:
        lines = [line for line in _untagged(text).split("\n") if line.strip()]
        # a line of text that reads as times would begin another cue
        body = "\n".join(line.replace(",", ", ") if _TIMES.match(line) else line for line in lines)
        yield f"{_time(start)},{_time(end)}\n{body}\n\n"


def _untagged(text: str) -> str:
    """Text without tags, nor those that come about where one within them goes (`</i<b>>`)."""
    for _ in range(_NESTED):
        before, text = text, plain_text(text)
        if text == before:
            break
    return text


def _time(milliseconds: int) -> str:
    """`0:00:01.080`."""
    seconds, fraction = divmod(milliseconds, 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:03d}"
