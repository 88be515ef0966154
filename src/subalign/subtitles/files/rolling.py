"""Rolling captions: each cue repeats the last line of the one before it, and may add one.

Automatic captions of YouTube and roll-up captions of broadcasts are of this kind.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from subalign.subtitles.files.subtitle_file import FileCue
from subalign.subtitles.tags import INNER_TIME, TAG

__all__ = ["are_rolling", "unrolled"]

_MARKUP = re.compile(f"{TAG.pattern}|{INNER_TIME.pattern}")

# so many cues must repeat a line and add one; fewer are a refrain or a joke
_LEAST = 3

# that a cue can repeat
_MOST_LINES = 8

# ms between two cues of which the second can still show the first one's line
_PAUSE = 1000


@dataclass(frozen=True, slots=True)
class _Step:
    """A cue with those of its lines that the cue before does not have, and whether it has some."""

    cue: FileCue
    new: tuple[str, ...]
    repeats: bool


def are_rolling(cues: Sequence[FileCue]) -> bool:
    """Whether most cues, in the order of their starts, repeat a line of the one before."""
    steps = [step for step in _steps(cues) if step.new or step.repeats]
    adding = sum(step.repeats and bool(step.new) for step in steps)
    repeating = sum(step.repeats for step in steps)
    return adding >= _LEAST and 2 * repeating >= len(steps) - 1


def unrolled(cues: Sequence[FileCue]) -> list[FileCue | None]:
    """Each cue with those of its lines that are new; None for those without any."""
    return [
        (replace(step.cue, text="\n".join(step.new)) if step.repeats else step.cue)
        if step.new
        else None
        for step in _steps(cues)
    ]


def _steps(cues: Sequence[FileCue]) -> Iterator[_Step]:
    before: list[str] = []
    end_ms = 0
    for cue in cues:
        lines = [line for line in cue.text.split("\n") if _bare(line)]
        if not lines:
            yield _Step(cue, (), repeats=False)
            continue
        shown = [_bare(line) for line in lines]
        most = min(len(before), len(shown), _MOST_LINES) if cue.start_ms - end_ms <= _PAUSE else 0
        same = next((n for n in range(most, 0, -1) if before[-n:] == shown[:n]), 0)
        yield _Step(cue, tuple(lines[same:]), same > 0)
        before, end_ms = shown, cue.end_ms


def _bare(line: str) -> str:
    """A line as it is read, without tags and times in it."""
    return " ".join(_MARKUP.sub("", line).split())
