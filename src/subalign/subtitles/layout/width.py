"""How wide text is on the screen, and how many characters a reader reads."""

import re
import unicodedata
from functools import lru_cache
from typing import Any

from wcwidth import wcswidth

from subalign.characters import is_wide

__all__ = ["TextSize", "is_mostly_wide", "measure"]

TextSize = tuple[int, int, int]

_CACHED_WORDS = 65_536

# Emoji of several characters: two letters that are a flag; skin, and what a joiner adds to one.
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_EMOJI_TAIL = re.compile("[\U0001f3fb-\U0001f3ff]|\u200d[\u2190-\u2bff\U0001f000-\U0001faff]")
_UNREAD = frozenset({"Mn", "Me", "Cf", "Cc", "Zl", "Zp"})


@lru_cache(_CACHED_WORDS)
def measure(text: str) -> TextSize:
    """Columns, columns of wide characters among them, and characters to read.

    An emoji of several characters is as wide as its picture, and read as one; combining marks have
    no width and are not counted. Line breaks count nothing.
    """
    if text.isascii():
        size = len(text) - sum(text.count(control) for control in "\t\n\r")
        return size, 0, size
    columns = wcswidth(text)
    if columns < 0:  # there are control characters, whose width no one knows
        text = "".join(char for char in text if unicodedata.category(char) != "Cc")
        columns = max(wcswidth(text), 0)
    text = _EMOJI_TAIL.sub("", _FLAG.sub("\U0001f3f4", text))
    wide = sum(2 for char in text if is_wide(char))
    read = sum(unicodedata.category(char) not in _UNREAD for char in text)
    return columns, min(wide, columns), read


def is_mostly_wide(columns: Any, wide: Any) -> Any:
    """Whether half of some columns or more are those of wide characters; of numbers or arrays.

    The page's script has the same rule (`page/text.js`).
    """
    return (2 * wide >= columns) & (columns > 0)
