"""Tags of SubRip and WebVTT that are opened and not closed, or closed and not opened."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from subalign.subtitles.files.srt_vtt import is_line_of_times
from subalign.subtitles.files.subtitle_file import FileFormat
from subalign.subtitles.tags import SRT_TAGS, VTT_TAGS, Tag, split_tags

__all__ = ["MatchedTags", "match_tags"]

_NAMES: dict[FileFormat, frozenset[str]] = {"srt": SRT_TAGS, "vtt": VTT_TAGS, "ass": frozenset()}
_OPTIONAL = frozenset(("v", "rt"))  # WebVTT lets the cue's end close them

# a piece begins with a bracket that opens, or goes to one that closes, or to its line's end
_PIECES = re.compile(r"(?=<)|(?<=[>\n])")


@dataclass(frozen=True, slots=True)
class MatchedTags:
    """The names of tags left open and of closing tags without an opening one; the text `fixed`."""

    opened: tuple[str, ...]
    stray: tuple[str, ...]
    fixed: str


def match_tags(text: str, format: FileFormat) -> MatchedTags:
    """Match a cue's tags, by names as players do, whatever their case.

    `fixed` has every tag closed, the last opened first, at the text's end, and no stray ones, also
    of those that come about where one within them goes (`</i</i>>`). A line that reads as times
    once they are gone begins another cue, for which tags are matched anew.
    """
    if not _NAMES[format] or "<" not in text:
        return MatchedTags((), (), text)
    matching = _Matching(_NAMES[format])
    for piece in _PIECES.split(text):
        matching.add(piece)
    matching.end_line()
    matching.close()
    return MatchedTags(tuple(matching.left), tuple(matching.stray), "".join(matching.parts))


class _Matching:
    """The text so far as `parts`, and what is open in it."""

    def __init__(self, names: frozenset[str]) -> None:
        self.parts: list[str] = []
        self.left: list[str] = []
        self.stray: list[str] = []
        self._names = names
        self._brackets: list[int] = []  # parts that begin with one that nothing has closed
        self._opened: dict[int, str] = {}  # by their order
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        self._line = 0  # the part with which the line begins
        self._n_stray = 0  # before the line

    def add(self, piece: str) -> None:
        """Take the next piece of the text."""
        if piece.startswith("<"):
            self._brackets.append(len(self.parts))
        self.parts.append(piece)
        if piece.endswith("\n"):
            self._brackets.clear()
            self.end_line()
        elif piece.endswith(">") and self._brackets:
            first = self._brackets.pop()
            if self._is_stray(split_tags("".join(self.parts[first:]))):
                del self.parts[first:]  # brackets before it may be closed yet
            else:
                self._brackets.clear()

    def _is_stray(self, runs: Sequence[str | Tag]) -> bool:
        tag = runs[0]
        if len(runs) > 1 or isinstance(tag, str) or tag.name.lower() not in self._names:
            return False
        places = self._places[tag.name.lower()]
        if not tag.closing:
            places.append(len(self.parts))
            self._opened[places[-1]] = tag.name
        elif places:
            del self._opened[places.pop()]
        else:
            self.stray.append(tag.name)
            return True
        return False

    def end_line(self) -> None:
        """Begin another cue where the line reads as times only now."""
        line = self.parts[self._line :]
        if len(self.stray) > self._n_stray and is_line_of_times("".join(line).rstrip("\n")):
            del self.parts[self._line :]
            if self.parts:
                self.parts[-1] = self.parts[-1].removesuffix("\n")
                self.close()
                self.parts.append("\n")
            self.parts += line
        self._line, self._n_stray = len(self.parts), len(self.stray)

    def close(self) -> None:
        """Close what is open, the last first."""
        left = [name for name in self._opened.values() if name.lower() not in _OPTIONAL]
        self.left += left
        self.parts += (f"</{name}>" for name in reversed(left))
        self._opened.clear()
        self._places.clear()
