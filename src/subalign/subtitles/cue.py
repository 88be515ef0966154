"""A cue and its words, as they are passed between layout, highlighting and the writers."""

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Cue", "CueWord"]


@dataclass(frozen=True, slots=True)
class Cue:
    """Text shown from `start_ms` to `end_ms`, in milliseconds from the recording's start."""

    start_ms: int
    end_ms: int
    text: str


class CueWord(NamedTuple):
    """A word as it stands in its cue: with its space, or with the line break before it.

    `before` and `after` are text beside it that nobody says; they are never highlighted.
    """

    text: str
    start_ms: int
    end_ms: int
    before: str = ""
    after: str = ""

    @property
    def written(self) -> str:
        return self.before + self.text + self.after
