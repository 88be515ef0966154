"""How wide text is on the screen, and how many characters a reader reads."""

import re
import unicodedata
from functools import lru_cache

from wcwidth import wcswidth

__all__ = ["TextSize", "is_unspaced", "measure"]

TextSize = tuple[int, int, int]

_CACHED_WORDS = 65_536

# Scripts written without spaces between words, with their punctuation: Thai and Lao, Burmese,
# Khmer, and Chinese and Japanese. Hangul is wide, but written with spaces.
_UNSPACED_RANGES = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x2E80, 0x312F),
    (0x3190, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFE30, 0xFE4F),
    (0xFF00, 0xFFEF),
    (0x1B000, 0x1B16F),
    (0x20000, 0x3FFFF),
)
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
    text = _EMOJI_TAIL.sub("", _FLAG.sub("\N{WAVING BLACK FLAG}", text))
    wide = sum(2 for char in text if unicodedata.east_asian_width(char) in "WF")
    read = sum(unicodedata.category(char) not in _UNREAD for char in text)
    return columns, min(wide, columns), read


@lru_cache(_CACHED_WORDS)
def is_unspaced(char: str) -> bool:
    """Whether a character belongs to a script written without spaces."""
    code = ord(char)
    return code >= 0x0E00 and any(first <= code <= last for first, last in _UNSPACED_RANGES)
