# ruff: noqa: RUF001 (characters that look alike)
"""EBU STL (`.stl`): EBU Tech 3264 (1991), a header of 1024 bytes and blocks of 128 for subtitles.

Text is in ISO 6937 or one of four parts of ISO 8859; times are frames of 25 or 30000/1001 a second.
"""

import datetime as dt
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from subalign.subtitles.files.smpte import time_of_frames
from subalign.subtitles.files.styled_rows import Character, StyledCue, marked_up, runs, styled_cues

__all__ = [
    "HEADER_BYTES",
    "StlCue",
    "is_stl",
    "parse_stl",
    "rate_of",
    "render_stl",
    "stl_header",
]

HEADER_BYTES = 1024
# Codes of the disk format. The standard has two of them, other programs write more.
_PAL, _NTSC = b"STL25.01", b"STL30.01"
_RATES = {
    _PAL: Fraction(25),
    _NTSC: Fraction(30000, 1001),
    b"STL23.01": Fraction(24000, 1001),
    b"STL24.01": Fraction(24),
    b"STL50.01": Fraction(50),
}
_BLOCK = 128
_TEXT = 112  # bytes of a block's text
_COLUMNS, _ROWS = 99, 20
_LAST_ROW = 22
_NEW_LINE, _UNUSED = 0x8A, 0x8F
_STYLE_CODES = {"i": (0x80, 0x81), "u": (0x82, 0x83)}
_CENTRED = 2

# code tables of the header: ISO 6937, and ISO 8859 for Cyrillic, Arabic, Greek, Hebrew
_TABLES = {b"01": "iso8859_5", b"02": "iso8859_6", b"03": "iso8859_7", b"04": "iso8859_8"}
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛", "'"),
        **dict.fromkeys("“”„‟«»", '"'),
        **dict.fromkeys("‐‑–—―", "-"),
        "…": "...",
        "♫": "♪",
    }
)
_ALIKE_6937 = str.maketrans(
    {**dict.fromkeys("–―", "—"), "‐": "-", "‑": "-", "…": "...", "‚": ",", "„": '"', "♫": "♪"}
)
_ACCENTS = dict(
    zip(
        "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u0327\u030b\u0328\u030c",
        (*range(0xC1, 0xC9), 0xCA, 0xCB, 0xCD, 0xCE, 0xCF),
        strict=True,
    )
)
_ACCENT_OF = {code: mark for mark, code in _ACCENTS.items()}
_ISO_6937 = {
    **{chr(code): code for code in range(0x20, 0x7F)},
    **dict(zip("\u00a0¡¢£", range(0xA0, 0xA4), strict=True)),
    **dict(zip("¥#§¤‘“«←↑→↓", range(0xA5, 0xB0), strict=True)),
    **dict(zip("°±²³×µ¶·÷’”»¼½¾¿", range(0xB0, 0xC0), strict=True)),
    **dict(zip("—¹®©™♪¬¦", range(0xD0, 0xD8), strict=True)),
    **dict(zip("⅛⅜⅝⅞ΩÆÐªĦ", range(0xDC, 0xE5), strict=True)),
    **dict(zip("ĲĿŁØŒºÞŦŊŉĸæđðħıĳŀłøœßþŧŋ\u00ad", range(0xE6, 0x100), strict=True)),
    "#": 0x23,
}
_CHARACTER_OF = {code: char for char, code in _ISO_6937.items()} | {0xA4: "$", 0xA6: "#"}

# of Annex 1, by Whisper's codes: from 01 on, and those in hexadecimal
_LANGUAGES = {
    code: f"{number:02X}"
    for number, code in enumerate(
        "sq br ca hr cy cs da de en es eo et eu fo fr fy ga gd gl is it se la lv lb lt hu mt nl no "
        "oc pl pt ro rm sr sk sl fi sv tr".split(),
        start=1,
    )
} | {
    part[:2]: part[2:]
    for part in (
        "am7F ar7E hy7D as7C az7B be79 bn78 bg77 my76 zh75 ka71 el70 gu6F ha6D he6C hi6B id6A ja69 "
        "kn68 kk67 ko65 lo64 mk63 mg62 ms61 mr5F ne5D fa5A pa59 ps58 ru56 sn53 si52 so51 sw4F tg4E "
        "ta4D tt4C te4B th4A uk49 ur48 uz47 vi46"
    ).split()
}


class StlCue(NamedTuple):
    """A subtitle; `place` is its vertical position and justification, which stay as they are."""

    start_ms: int
    end_ms: int
    text: str
    place: str = ""


def is_stl(data: bytes) -> bool:
    """Whether a file begins as such a file does."""
    return data[3:6] == b"STL" and data[:3].isdigit()


def rate_of(header: bytes) -> Fraction:
    """The frame rate that a header states."""
    return _RATES.get(header[3:11], _RATES[_PAL])


def parse_stl(data: bytes) -> Iterator[StlCue]:
    """The subtitles of a file; comments and blocks of other programs are left out.

    Raises:
        ValueError: it has no whole header.
    """
    if len(data) < HEADER_BYTES:
        raise ValueError("its header is cut short")
    rate, table = rate_of(data), data[12:14]
    text = bytearray()
    for at in range(HEADER_BYTES, len(data) - _BLOCK + 1, _BLOCK):
        block = data[at : at + _BLOCK]
        if block[3] == 0xFE or block[15]:  # user data, comments
            continue
        text += block[16:].rstrip(bytes((_UNUSED,))) if block[3] == 0xFF else block[16:]
        if block[3] != 0xFF:  # more of it follows
            continue
        start, end = (time_of_frames(_frames(block[n : n + 4], rate), rate) for n in (5, 9))
        rows = [row for row in _rows(bytes(text), table) if row]
        text.clear()
        place = f" VP:{block[13]} JC:{block[14]}"
        yield StlCue(start, max(start, end), marked_up(rows, on_top=block[13] <= 6), place)


def stl_header(language: str = "", title: str = "", *, ntsc: bool = False) -> bytes:
    """A header for subtitles of a language (Whisper's code), of today.

    With `ntsc` there are 30000/1001 frames a second, else 25.
    """
    name = unicodedata.normalize("NFD", title).encode("ascii", "ignore")[:32]
    today = dt.date.today().strftime("%y%m%d").encode()
    code = _LANGUAGES.get(language, "00").encode()
    parts = (
        *(
            (b"850", 3),
            (_NTSC if ntsc else _PAL, 8),
            (b"0", 1),
            (b"00", 2),
            (code, 2),
        ),  # to language
        *((name, 32), (b"", 32), (b"", 32), (b"", 32), (b"", 32), (b"", 32), (b"", 16)),
        *((today, 6), (today, 6), (b"00", 2), (b"00000", 5), (b"00000", 5), (b"001", 3)),
        *((b"40", 2), (b"23", 2), (b"1", 1), (b"00000000", 8), (b"00000000", 8)),
        *((b"1", 1), (b"1", 1), (b"", 3), (b"", 32), (b"", 32), (b"", 32)),
    )
    return b"".join(text.ljust(size) for text, size in parts).ljust(HEADER_BYTES)


def render_stl(cues: Iterable[StlCue], header: bytes) -> bytes:
    """A file of subtitles under a header, whose counts and code table are set anew.

    Raises:
        ValueError: no code table has all characters, or there are too many subtitles.
    """
    rate = rate_of(header)
    given = [cue for cue in cues if cue.text.strip()]
    shown = [
        (part, cue.place)
        for cue in given
        for part in styled_cues([cue[:3]], columns=_COLUMNS, rows=_ROWS)
    ]
    table = _table_for([cue for cue, _ in shown], header[12:14])
    blocks = b"".join(
        _blocks(number % 65536, cue, place, rate, table)
        for number, (cue, place) in enumerate(shown)
    )
    count = len(blocks) // _BLOCK
    if count > 99999:
        raise ValueError("EBU STL holds no more than 99,999 blocks")
    first = _time_code(_frame(shown[0][0].start_ms, rate), rate) if shown else bytes(4)
    head = bytearray(header[:HEADER_BYTES].ljust(HEADER_BYTES))
    head[12:14] = table
    head[238:243], head[243:248] = b"%05d" % count, b"%05d" % len(shown)
    widest = max((len(row) for cue, _ in shown for row in cue.rows), default=0)
    head[251:253] = b"%02d" % max(40, widest)
    head[264:272] = b"%02d%02d%02d%02d" % tuple(first)
    return bytes(head) + blocks


def _blocks(number: int, cue: StyledCue, place: str, rate: Fraction, table: bytes) -> bytes:
    start = _frame(cue.start_ms, rate)
    times = _time_code(start, rate) + _time_code(max(start + 1, _frame(cue.end_ms, rate)), rate)
    given = dict(part.split(":") for part in place.split())
    row = 1 if cue.on_top else max(1, _LAST_ROW + 1 - len(cue.rows))
    vertical, justified = int(given.get("VP", row)), int(given.get("JC", _CENTRED))
    text = bytes((_NEW_LINE,)).join(_encoded_row(row, table) for row in cue.rows)
    parts = [text[at : at + _TEXT] for at in range(0, len(text), _TEXT)]
    blocks = b""
    for index, part in enumerate(parts):
        extension = 0xFF if index == len(parts) - 1 else index
        head = bytes((0, number & 0xFF, number >> 8, extension, 0))
        blocks += head + times + bytes((vertical, justified, 0))
        blocks += part.ljust(_TEXT, bytes((_UNUSED,)))
    return blocks


def _encoded_row(row: Sequence[Character], table: bytes) -> bytes:
    found = bytearray()
    opened: frozenset[str] = frozenset()
    for styles, text in runs(row):
        for style, (on, off) in _STYLE_CODES.items():
            if (style in styles) != (style in opened):
                found.append(on if style in styles else off)
        opened = styles
        found += _encoded(text, table)
    found += bytes(off for style, (_, off) in _STYLE_CODES.items() if style in opened)
    return bytes(found)


def _rows(text: bytes, table: bytes) -> Iterator[list[Character]]:
    row: list[Character] = []
    styles: set[str] = set()
    pending = bytearray()

    def flush() -> None:
        shown = frozenset(styles)
        row.extend(Character(char, shown) for char in _decoded(bytes(pending), table))
        pending.clear()

    for byte in text:
        if 0x20 <= byte < 0x7F or byte >= 0xA0:
            pending.append(byte)
            continue
        flush()
        if byte == _NEW_LINE:
            yield _bare(row)
            row = []
        elif byte < 0x20:  # colours, boxes and sizes of teletext take a column
            row.append(Character(" ", frozenset(styles)))
        else:
            for style, (on, off) in _STYLE_CODES.items():
                if byte == on:
                    styles.add(style)
                elif byte == off:
                    styles.discard(style)
    flush()
    yield _bare(row)


def _bare(row: Sequence[Character]) -> list[Character]:
    """A row without space at its ends, nor twice."""
    kept: list[Character] = []
    for item in row:
        if item.char != " " or (kept and kept[-1].char != " "):
            kept.append(item)
    return kept[:-1] if kept and kept[-1].char == " " else kept


def _table_for(cues: Sequence[StyledCue], stated: bytes) -> bytes:
    """The code table that has all characters: the one that is stated, if it has."""
    text = "".join(item.char for cue in cues for row in cue.rows for item in row)
    tables = [b"00", *_TABLES]
    missing = ""
    for table in sorted(tables, key=lambda one: one != stated):
        try:
            _encoded(text, table)
        except ValueError as error:
            missing = missing or str(error)
        else:
            return table
    raise ValueError(missing)


def _encoded(text: str, table: bytes) -> bytes:
    """The bytes of a text; signs that the table has not are question marks.

    Raises:
        ValueError: it has not a letter or digit.
    """
    encode = _encoded_6937 if table not in _TABLES else partial(_encoded_8859, _TABLES[table])
    alike = _ALIKE if table in _TABLES else _ALIKE_6937
    found = bytearray()
    for char in unicodedata.normalize("NFC", text).translate(alike):
        code = encode(char)
        kind = unicodedata.category(char)[0]
        if code is None and kind in "LN":
            raise ValueError(f"there is no {char!r} in it")
        found += (b"" if kind in "CM" else b"?") if code is None else code
    return bytes(found)


def _encoded_8859(encoding: str, char: str) -> bytes | None:
    try:
        return char.encode(encoding)
    except UnicodeEncodeError:
        return None


def _encoded_6937(char: str) -> bytes | None:
    if char in _ISO_6937:
        return bytes((_ISO_6937[char],))
    base, *marks = list(unicodedata.normalize("NFD", char))
    if len(marks) == 1 and marks[0] in _ACCENTS and base in _ISO_6937:
        return bytes((_ACCENTS[marks[0]], _ISO_6937[base]))
    return None


def _decoded(data: bytes, table: bytes) -> str:
    if table in _TABLES:
        return data.decode(_TABLES[table], "replace")
    found: list[str] = []
    accent = ""
    for byte in data:
        if byte in _ACCENT_OF:
            accent = _ACCENT_OF[byte]
            continue
        char = _CHARACTER_OF.get(byte, "\ufffd")
        found.append(unicodedata.normalize("NFC", char + accent))
        accent = ""
    return "".join(found)


def _frame(milliseconds: int, rate: Fraction) -> int:
    return round(milliseconds * rate / 1000)


def _time_code(frame: int, rate: Fraction) -> bytes:
    seconds, frames = divmod(frame, round(rate))
    return bytes((seconds // 3600 % 24, seconds // 60 % 60, seconds % 60, frames))


def _frames(code: bytes, rate: Fraction) -> int:
    hours, minutes, seconds, frames = code
    return ((hours * 60 + minutes) * 60 + seconds) * round(rate) + frames
