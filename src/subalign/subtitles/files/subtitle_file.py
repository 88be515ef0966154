"""A subtitle file as it stands: its cues, and the lines between them."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from subalign.subtitles.tags import INNER_TIME, OVERRIDES

__all__ = [
    "FileCue",
    "FileFormat",
    "OtherLines",
    "StoredFormat",
    "SubtitleFile",
    "is_placed",
    "shown_text",
]

FileFormat = Literal["srt", "vtt", "ass"]
StoredFormat = Literal["sbv", "scc", "stl", "ttml"]

_DRAWING = re.compile(r"\{[^{}]*\\p[1-9][^{}]*\}")
_PLACED = re.compile(r"\\(?:pos|move)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCue:
    """A cue as its file has it.

    `id` counts the file's cues and comments from 0, and stays with the cue where others go or the
    order changes. `line` is the line of its times, from 1. `identifier` stands before them:
    SubRip's number, WebVTT's name, or kind and layer of SubStation Alpha ("Dialogue: 0"). `times`
    are they as written, empty where `start_ms` and `end_ms` have replaced them. `settings` follow
    them on their line. `text` has the format's own markup, and line breaks LF.
    """

    id: int
    line: int
    identifier: str = ""
    times: str = ""
    start_ms: int
    end_ms: int
    settings: str = ""
    text: str

    @property
    def is_comment(self) -> bool:
        """Whether it is SubStation Alpha's comment, which no player shows."""
        return self.identifier.startswith("Comment")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherLines:
    """Lines that are no cue, from `line` on: a header, a note, styles.

    No player shows those that are `lost`: text without times, or with unreadable ones.
    """

    line: int
    text: str
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtitleFile:
    """A whole file. `newline` is the line break of most lines; `mixed` says that others differ.

    `controls` says that there were control characters, which terminals obey: they are left out.
    `is_utf8` is whether its bytes were UTF-8, `marked` whether they began with a byte order mark.
    `guess` is the usual name of the encoding that they were guessed to be in, empty where nothing
    was guessed, and `certain` whether no other encoding fits as well.
    `ending` are the line breaks at its end, `original` is its text with line breaks LF. A file of
    another format, `stored`, is one of SubRip until it is written; `head` is its header where that
    is no text, and the whole of TTML.
    """

    format: FileFormat
    parts: tuple[FileCue | OtherLines, ...]
    newline: str = "\n"
    mixed: bool = False
    controls: bool = False
    is_utf8: bool = True
    marked: bool = False
    ending: str = "\n"
    original: str = field(default="", repr=False, compare=False)
    guess: str = field(default="", compare=False)
    certain: bool = field(default=True, compare=False)
    stored: StoredFormat | None = None
    head: bytes = field(default=b"", repr=False)

    @property
    def suffix(self) -> str:
        """The ending of its name, without a dot."""
        return self.stored or self.format

    @property
    def cues(self) -> tuple[FileCue, ...]:
        """The cues that players show, in the file's order."""
        return tuple(
            part for part in self.parts if isinstance(part, FileCue) and not part.is_comment
        )

    def with_cues(self, change: Callable[[FileCue], FileCue | None]) -> "SubtitleFile":
        """The file with what `change` makes of each cue and comment; None leaves it out."""
        parts = (change(part) if isinstance(part, FileCue) else part for part in self.parts)
        return replace(self, parts=tuple(part for part in parts if part is not None))


def is_placed(cue: FileCue) -> bool:
    r"""Whether the cue is a sign at a place of the picture (`\pos`, `\move`), and no subtitle."""
    return _PLACED.search(cue.text) is not None


def shown_text(cue: FileCue, format: FileFormat) -> str:
    """A cue's text with line breaks, without what only WebVTT or SubStation Alpha would read."""
    if format == "ass":
        if _DRAWING.search(cue.text):
            return ""
        text = OVERRIDES.sub("", cue.text).replace(r"\h", "\u00a0")
        return text.replace(r"\N", "\n").replace(r"\n", "\n")
    if format == "vtt":
        return html.unescape(INNER_TIME.sub("", cue.text))
    return cue.text
