"""What can be wrong with a subtitle file."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["WARNINGS", "Problem", "ProblemKind"]

ProblemKind = Literal[
    "encoding",
    "line-breaks",
    "header",
    "rolling",
    "lost-text",
    "numbering",
    "time-format",
    "negative",
    "order",
    "empty",
    "blank-line",
    "open-tag",
    "stray-tag",
    "reversed",
    "zero",
    "overlap",
    "gap",
    "short",
    "long",
    "speed",
    "width",
    "lines",
    "words",
]

WARNINGS: frozenset[ProblemKind] = frozenset(
    ("line-breaks", "numbering", "time-format", "order", "empty", "stray-tag")
)
"""What players put up with; everything else is an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    `line` is the file's, from 1, and `cue` counts cues from 1; both are None for what the whole
    file has. `start_ms` is the cue's. `value` is what was found and `allowed` what may be, in the
    unit of the kind: seconds, columns, lines, words, characters a second; or words that name it.
    """

    kind: ProblemKind
    line: int | None = None
    cue: int | None = None
    start_ms: int | None = None
    value: float | str | None = None
    allowed: float | str | None = None

    @property
    def is_error(self) -> bool:
        """Whether it is worse than a blemish."""
        return self.kind not in WARNINGS
