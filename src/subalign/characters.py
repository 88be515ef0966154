"""Kinds of characters that more than one part of the package has to know."""

import unicodedata
from functools import lru_cache

__all__ = ["UNSPACED_RANGES", "is_right_to_left", "is_unspaced", "is_wide"]

# Scripts written without spaces between words, with their punctuation: Thai and Lao, Burmese,
# Khmer, and Chinese and Japanese. Hangul is wide, but written with spaces.
UNSPACED_RANGES = (
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


def is_wide(char: str) -> bool:
    """Whether a character takes two columns: East Asian Width (UAX #11) wide or full-width."""
    return unicodedata.east_asian_width(char) in "WF"


@lru_cache(65_536)
def is_unspaced(char: str) -> bool:
    """Whether a character belongs to a script written without spaces between words."""
    code = ord(char)
    return code >= 0x0E00 and any(first <= code <= last for first, last in UNSPACED_RANGES)


def is_right_to_left(text: str) -> bool:
    """Whether the first letter is of a script that is (rule P2 of Unicode's UAX #9)."""
    strong = (unicodedata.bidirectional(char) for char in text)
    return next((kind for kind in strong if kind in ("L", "R", "AL")), "L") != "L"
