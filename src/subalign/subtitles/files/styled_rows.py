r"""Cues as rows of characters with their styles, for formats that draw on a grid.

A cue's text has SubRip's markup: `<i>`, `<b>`, `<u>`, and `{\an8}` for the top of the picture.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from subalign.subtitles.tags import split_tags

__all__ = ["Character", "StyledCue", "marked_up", "runs", "styled_cues"]

_TOP = re.compile(r"\{\\an[789]\}")


class Character(NamedTuple):
    """A character, and which of `i`, `b` and `u` it has."""

    char: str
    styles: frozenset[str]


Row = tuple[Character, ...]


@dataclass(frozen=True, slots=True)
class StyledCue:
    """What is shown from `start_ms` to `end_ms`, row by row, at the top or the bottom."""

    start_ms: int
    end_ms: int
    rows: tuple[Row, ...]
    on_top: bool = False


def styled_cues(
    spans: Iterable[tuple[int, int, str]], *, columns: int, rows: int
) -> Iterator[StyledCue]:
    """Cues (start, end, text) with no row wider than `columns`, and no more `rows` than that.

    Longer rows are broken at their last space, or where they are full. A cue of too many rows
    becomes several, which share its time by their characters. Those without text are left out.
    """
    for start, end, text in spans:
        wrapped = [row for line in _lines(text) for row in _wrapped(line, columns)]
        parts = [wrapped[at : at + rows] for at in range(0, len(wrapped), rows)]
        total = sum(map(len, wrapped))
        done, first = 0, start
        for part in parts:
            done += sum(map(len, part))
            last = start + (end - start) * done // total
            yield StyledCue(first, max(last, first + 1), tuple(part), bool(_TOP.search(text)))
            first = max(last, first + 1)


def runs(row: Sequence[Character]) -> Iterator[tuple[frozenset[str], str]]:
    """A row as texts of one style each."""
    for styles, characters in groupby(row, key=lambda item: item.styles):
        yield styles, "".join(item.char for item in characters)


def marked_up(rows: Iterable[Sequence[Character]], *, on_top: bool = False) -> str:
    """The text of rows, in SubRip's markup."""
    parts = [r"{\an8}"] if on_top else []
    opened: list[str] = []
    for number, row in enumerate(rows):
        for index, (styles, text) in enumerate(runs(row)):
            while not styles.issuperset(opened):
                parts.append(f"</{opened.pop()}>")
            parts.append("\n" if number and not index else "")
            new = sorted(styles.difference(opened))
            opened += new
            parts += [f"<{style}>" for style in new]
            parts.append(text)
    parts += [f"</{style}>" for style in reversed(opened)]
    return "".join(parts)


def _lines(text: str) -> Iterator[Row]:
    """The lines of a text that have something to see, with one space between words."""
    styles: list[str] = []
    line: list[Character] = []
    for run in (*split_tags(text), "\n"):
        if not isinstance(run, str):
            if run.style and not run.closing:
                styles.append(run.style)
            elif run.style in styles:
                styles.remove(run.style)
            continue
        now = frozenset(styles) & {"i", "b", "u"}
        for char in run:
            if char != "\n":
                if not char.isspace():
                    line.append(Character(char, now))
                elif line and line[-1].char != " ":
                    line.append(Character(" ", now))
                continue
            if bare := _stripped(line):
                yield bare
            line = []


def _wrapped(row: Row, columns: int) -> Iterator[Row]:
    first = 0
    while len(row) - first > columns:
        space = next((at for at in range(columns, 0, -1) if row[first + at].char == " "), 0)
        end = first + (space or columns)
        yield _stripped(row[first:end])
        first = end + (row[end].char == " ")
    if first < len(row):
        yield row[first:]


def _stripped(row: Sequence[Character]) -> Row:
    inside = [at for at, item in enumerate(row) if item.char != " "]
    return tuple(row[inside[0] : inside[-1] + 1]) if inside else ()
