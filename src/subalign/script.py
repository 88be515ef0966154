"""A given transcript, as forced alignment takes it: lines of text, and what of them is spoken."""

from dataclasses import dataclass

__all__ = ["Line", "Script"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text, or a cue of a subtitle file.

    `text` is as written, with line breaks where a cue has them. `spoken` are the ranges of
    characters (first, end) that somebody says; what lies between them is kept and not aligned:
    speakers' names, stage directions, markup. `start` and `end` are the times (seconds) that a
    subtitle file gave.
    """

    text: str
    spoken: tuple[tuple[int, int], ...]
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A whole transcript; `language` is Whisper's code where the file states it."""

    lines: tuple[Line, ...]
    language: str | None = None
