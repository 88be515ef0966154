"""Cues: what layout makes of timed words, and what the writers of formats render."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from subalign.subtitles.tags import Run, render_runs

__all__ = ["Cue", "CueWord", "TextSpan", "split_word", "visible_parts", "visible_text"]

_LINE_END = re.compile(r"\r\n|\r|\n")

_Part = TypeVar("_Part")


class TextSpan(NamedTuple):
    """Text from `start_ms` to `end_ms`, in milliseconds from the recording's start."""

    start_ms: int
    end_ms: int
    text: str


class CueWord(NamedTuple):
    """A word as it stands in its cue: its text begins with its space, or with a line break.

    `before` and `after` are what stands beside it and nobody says: labels, directions, and tags
    where styles begin and end. `source` numbers the words of all segments, from 0; a segment
    without timed words counts as one. `speaker` is who says it, where that is known.
    """

    text: str
    start_ms: int
    end_ms: int
    before: tuple[Run, ...] = ()
    after: tuple[Run, ...] = ()
    source: int = -1
    speaker: str | None = None

    @property
    def shown(self) -> str:
        """The word and what stands beside it, without formatting."""
        if self.before or self.after:
            return render_runs(self.before) + self.text + render_runs(self.after)
        return self.text


@dataclass(frozen=True, slots=True)
class Cue:
    """Words shown from `start_ms` to `end_ms`, in milliseconds from the recording's start.

    Where it is not `timed`, its words have no times of their own: none is highlighted.
    """

    start_ms: int
    end_ms: int
    words: tuple[CueWord, ...]
    timed: bool = True

    @property
    def text(self) -> str:
        """What is read: lines with line feeds between them, without formatting."""
        return visible_text("".join([word.shown for word in self.words]).strip())

    @property
    def speaker(self) -> str | None:
        """Who speaks; None where that is not known, or several do."""
        names = {word.speaker for word in self.words if word.speaker is not None}
        return names.pop() if len(names) == 1 else None

    @property
    def lines(self) -> tuple[tuple[CueWord, ...], ...]:
        """The words of each line; a word belongs to the line on which it begins."""
        lines: list[list[CueWord]] = [[]]
        between = ""  # what stands between two words
        for word in self.words:
            between += render_runs(word.before) + split_word(word.text)[0]
            if lines[-1] and _LINE_END.search(between):
                lines.append([])
            lines[-1].append(word)
            between = split_word(word.text)[2] + render_runs(word.after)
        return tuple(map(tuple, lines))


def split_word(text: str) -> tuple[str, str, str]:
    """The space before a word, the word, and the line break after it."""
    word = text.lstrip()
    space = text[: len(text) - len(word)]
    spoken = word.rstrip("\r\n")
    return space, spoken, word[len(spoken) :]


def visible_text(text: str) -> str:
    """Text without blank lines, which would end a cue in its file; lines end with line feeds."""
    return "\n".join([line for line in _LINE_END.split(text) if line.strip()])


def visible_parts(parts: Iterable[_Part], *, strip: bool) -> list[_Part]:
    """Parts of a text without its blank lines; with `strip`, without space at either end.

    A part of another type than `str` counts as seen. Adjacent strings become one.
    """
    lines: list[list[Any]] = [[]]
    for part in _joined(parts):
        if type(part) is not str:
            lines[-1].append(part)
        elif part:
            first, *rest = _LINE_END.split(part)
            lines[-1].append(first)
            lines += [[line] for line in rest]
    lines = [line for line in lines if any(type(part) is not str or part.strip() for part in line)]
    if lines and strip:
        lines[0][0] = _stripped(lines[0][0], str.lstrip)
        lines[-1][-1] = _stripped(lines[-1][-1], str.rstrip)
    flat = [part for line in lines for part in ("\n", *line)]
    return [part for part in _joined(flat[1:]) if type(part) is not str or part]


def _joined(parts: Iterable[Any]) -> Iterator[Any]:
    texts: list[str] = []
    for part in parts:
        if type(part) is str:
            texts.append(part)
            continue
        yield "".join(texts)
        texts.clear()
        yield part
    yield "".join(texts)


def _stripped(part: Any, strip: Callable[[str], str]) -> Any:
    return strip(part) if type(part) is str else part
