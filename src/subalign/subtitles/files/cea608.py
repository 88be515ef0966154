# ruff: noqa: RUF001 (characters that look alike)
"""The codes of CEA-608 captions: characters, and where a row begins and what it looks like.

ANSI/CTA-608-E; 47 CFR 15.119. A code is two bytes of seven bits; those here are of channel 1.
"""

import unicodedata
from collections.abc import Iterator

from subalign.subtitles.files.styled_rows import Character

__all__ = [
    "COLUMNS",
    "EDM",
    "ENM",
    "EOC",
    "RCL",
    "encode_row",
    "extended_character",
    "mid_row_styles",
    "pac_row",
    "pac_styles",
    "plain_character",
    "special_character",
]

COLUMNS = 32

Code = tuple[int, int]

# resume caption loading, erase what is shown, erase what is loaded, show what is loaded
RCL, EDM, ENM, EOC = (0x14, 0x20), (0x14, 0x2C), (0x14, 0x2E), (0x14, 0x2F)

_PLAIN = {
    **{code: chr(code) for code in range(0x20, 0x7F)},
    0x2A: "á",
    0x5C: "é",
    0x5E: "í",
    0x5F: "ó",
    0x60: "ú",
    0x7B: "ç",
    0x7C: "÷",
    0x7D: "Ñ",
    0x7E: "ñ",
    0x7F: "█",
}
# the tenth is a transparent space
_SPECIAL = dict(enumerate("®°½¿™¢£♪à\u00a0èâêîôû", start=0x30))
_EXTENDED = {
    0x12: dict(enumerate("ÁÉÓÚÜü‘¡*'—©℠•“”ÀÂÇÈÊËëÎÏïÔÙùÛ«»", start=0x20)),
    0x13: dict(enumerate("ÃãÍÌìÒòÕõ{}\\^_|~ÄäÖöß¥¤│ÅåØø┌┐└┘", start=0x20)),
}
_ALIKE = {
    "’": "'",
    "‚": ",",
    "„": '"',
    "‟": '"',
    "–": "-",
    "‐": "-",
    "‑": "-",
    "…": "...",
    "♫": "♪",
}

_CODES: dict[str, tuple[Code | int, ...]] = {
    **{char: (code,) for code, char in _PLAIN.items()},
    **{char: ((0x11, code),) for code, char in _SPECIAL.items()},
}
for _first, _table in _EXTENDED.items():
    for _second, _char in _table.items():
        # decoders that do not know it show what stands before it
        _base = unicodedata.normalize("NFD", _char)[0]
        _stand_in = ord(_base) if _base.isascii() and _base not in "*\\^_`{|}~" else ord(" ")
        _CODES.setdefault(_char, (_stand_in, (_first, _second)))

# the first byte and bit 5 of the second for rows 1 to 15
_ROWS = [
    *((0x11, 0), (0x11, 1), (0x12, 0), (0x12, 1), (0x15, 0), (0x15, 1), (0x16, 0), (0x16, 1)),
    *((0x17, 0), (0x17, 1), (0x10, 0), (0x13, 0), (0x13, 1), (0x14, 0), (0x14, 1)),
]
_ROW_OF = {code: row for row, code in enumerate(_ROWS, start=1)}


def pac_row(first: int, second: int) -> int | None:
    """The row, 1 to 15, that a preamble address code begins; None for other codes."""
    if not 0x40 <= second <= 0x7F:
        return None
    return _ROW_OF.get((first, second >> 5 & 1 if first != 0x10 else 0))


def pac_styles(second: int) -> frozenset[str]:
    """The styles of a preamble address code."""
    return _styles(second & 1, italic=second & 0x1E == 0x0E)


def mid_row_styles(second: int) -> frozenset[str]:
    """The styles that a mid-row code (0x11, 0x20 to 0x2f) begins."""
    return _styles(second & 1, italic=second & 0x0E == 0x0E)


def plain_character(code: int) -> str:
    """The character of a byte from 0x20 on."""
    return _PLAIN.get(code, "")


def special_character(second: int) -> str:
    """The character of a code of 0x11."""
    return _SPECIAL.get(second, "")


def extended_character(first: int, second: int) -> str:
    """The character of a code of 0x12 or 0x13, which takes the place of the one before it."""
    return _EXTENDED[first].get(second, "")


def encode_row(row: tuple[Character, ...], number: int) -> Iterator[Code]:
    """The codes of a row, centred; `number` is its place, 1 to 15 from the top.

    A style begins and ends between words. Signs that there is no code for become question marks.
    Control codes come twice, as decoders want them.

    Raises:
        ValueError: it has a letter or digit that there is no code for.
    """
    words = _words(row)
    width = sum(len(codes) for _, codes in words) + len(words) - 1
    column = max(0, (COLUMNS - width) // 2)
    styles, first = words[0][0], _ROWS[number - 1]
    high = 0x40 | first[1] << 5
    if styles and not column:
        address = high | (0x0E if "i" in styles else 0) | ("u" in styles)
        yield from _twice((first[0], address))
    else:
        column -= bool(styles)
        yield from _twice((first[0], high | 0x10 | column // 4 << 1))
        if column % 4:
            yield from _twice((0x17, 0x20 + column % 4))
        if styles:
            yield from _twice(_mid_row(styles))
    pending: list[int] = []
    for index, (now, codes) in enumerate(words):
        if index and now != styles:  # a mid-row code is shown as a space
            yield from _pairs(pending)
            yield from _twice(_mid_row(now))
        elif index:
            pending.append(0x20)
        styles = now
        for code in codes:
            for part in code:
                if isinstance(part, int):
                    pending.append(part)
                    continue
                yield from _pairs(pending)
                yield from _twice(part)
    yield from _pairs(pending)


def _words(row: tuple[Character, ...]) -> list[tuple[frozenset[str], list[tuple[Code | int, ...]]]]:
    """The words of a row, each with its style and its characters' codes."""
    words: list[tuple[frozenset[str], list[tuple[Code | int, ...]]]] = []
    begins = True
    for char, styles in row:
        if char == " ":
            begins = True
            continue
        if begins:
            words.append((styles & {"i", "u"}, []))
            begins = False
        words[-1][1].extend(_codes(char))
    return words


def _codes(char: str) -> list[tuple[Code | int, ...]]:
    if char in _CODES:
        return [_CODES[char]]
    alike = _ALIKE.get(char) or unicodedata.normalize("NFKD", char)
    found = [_CODES[part] for part in alike if part in _CODES]
    kind = unicodedata.category(char)[0]
    if not found and kind in "LN":
        raise ValueError(f"there is no {char!r} in it")
    return found or ([] if kind in "CM" else [_CODES["?"]])


def _styles(underlined: int, *, italic: bool) -> frozenset[str]:
    return frozenset("u" * bool(underlined) + "i" * italic)


def _mid_row(styles: frozenset[str]) -> Code:
    return 0x11, 0x20 | (0x0E if "i" in styles else 0) | ("u" in styles)


def _twice(code: Code) -> tuple[Code, Code]:
    return code, code


def _pairs(pending: list[int]) -> Iterator[Code]:
    for at in range(0, len(pending), 2):
        yield pending[at], pending[at + 1] if at + 1 < len(pending) else 0
    pending.clear()
