"""Scenarist Closed Captions (`.scc`): CEA-608's codes, a word of two bytes for each video frame.

Times are SMPTE time codes of 30000/1001 frames a second, with dropped numbers after `;`. Captions
are written as pop-on: loaded out of sight, and shown all at once.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from subalign.subtitles.files import cea608
from subalign.subtitles.files.smpte import TIME_CODE, frames_of, smpte_time, time_of_frames
from subalign.subtitles.files.styled_rows import Character, StyledCue, marked_up, styled_cues

__all__ = ["FRAME_MS", "begins_as_scc", "parse_scc", "render_scc"]

FRAME_MS = 34
"""A frame in milliseconds, rounded up."""

_RATE = Fraction(30000, 1001)
_ROWS = 4  # that may be shown at once
_HEADER = "Scenarist_SCC V1.0"
_LINE = re.compile(rf"({TIME_CODE})\s([0-9A-Fa-f\s]+)")

Code = tuple[int, int]


def begins_as_scc(text: str) -> bool:
    """Whether a text begins as such a file does."""
    return text.lstrip()[: len(_HEADER)].lower().startswith("scenarist_scc")


def render_scc(cues: Iterable[tuple[int, int, str]]) -> Iterator[str]:
    """The text of cues (start, end, text in SubRip's markup), in pieces.

    A cue whose codes cannot be sent before it begins comes later.

    Raises:
        ValueError: a cue has a letter or digit that CEA-608 does not know.
    """
    yield f"{_HEADER}\n\n"
    free = 0  # the first frame in which nothing is sent yet
    erase: int | None = None  # where what is shown now ends
    shown = styled_cues(cues, columns=cea608.COLUMNS, rows=_ROWS)
    for cue in shown:
        start, end = _frame(cue.start_ms), _frame(cue.end_ms)
        codes = list(_loading(cue))
        if erase is not None and erase + 2 <= start - len(codes):
            yield _line(max(free, erase), (cea608.EDM, cea608.EDM))
            free, erase = max(free, erase) + 2, None
        if erase is not None and erase < start:
            # while the next one is loaded
            first = max(free, start - len(codes) - 2)
            at = _between_pairs(codes, min(max(0, erase - first), len(codes)))
            codes[at:at] = [cea608.EDM, cea608.EDM]
        first = max(free, start - len(codes))
        codes += [cea608.EOC, cea608.EOC]
        yield _line(first, codes)
        free = first + len(codes)
        erase = max(end, free)
    if erase is not None:
        yield _line(erase, (cea608.EDM, cea608.EDM))


def parse_scc(text: str) -> Iterator[tuple[int, int, str]]:
    """Start and end in milliseconds and text, in SubRip's markup, of each cue.

    Pop-on, paint-on and roll-up captions of channel 1 are read; of those that roll up, each row
    once.

    Raises:
        ValueError: a line is no time code with codes.
    """
    decoder = _Decoder()
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lower().lstrip().startswith("scenarist_scc"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise ValueError(f"line {number} is no time with codes")
        frame = frames_of(found[1], _RATE)
        digits = "".join(found[7].split())
        for at in range(0, len(digits) - 3, 4):
            word = int(digits[at : at + 4], 16)
            yield from decoder.take((word >> 8 & 0x7F, word & 0x7F), frame + at // 4)
    yield from decoder.end()


def _loading(cue: StyledCue) -> Iterator[Code]:
    yield from (cea608.ENM, cea608.ENM, cea608.RCL, cea608.RCL)
    top = 1 if cue.on_top else 16 - len(cue.rows)
    for number, row in enumerate(cue.rows, start=top):
        yield from cea608.encode_row(row, number)


def _between_pairs(codes: Sequence[Code], at: int) -> int:
    """A place from `at` on that parts no control code from its repetition."""
    if at == len(codes):
        return at
    first = at
    while first and codes[first - 1] == codes[at]:
        first -= 1
    return at + (at - first) % 2


def _frame(milliseconds: int) -> int:
    return round(milliseconds * _RATE / 1000)


def _line(frame: int, codes: Sequence[Code]) -> str:
    words = " ".join(f"{_odd(first):02x}{_odd(second):02x}" for first, second in codes)
    return f"{smpte_time(frame, _RATE, drop=True)}\t{words}\n\n"


def _odd(byte: int) -> int:
    """Seven bits with the eighth that makes the number of ones odd."""
    return byte if byte.bit_count() % 2 else byte | 0x80


class _Memory:
    """Rows of characters by their number, 1 to 15."""

    def __init__(self) -> None:
        self.rows: dict[int, list[Character]] = {}

    def text(self) -> str:
        """What is in it, with the mark of the top where its rows are there."""
        kept = [(number, _trimmed(row)) for number, row in sorted(self.rows.items())]
        kept = [(number, row) for number, row in kept if row]
        on_top = bool(kept) and kept[-1][0] <= 7
        return marked_up([row for _, row in kept], on_top=on_top) if kept else ""


class _Decoder:
    """What a receiver of channel 1 shows, and when."""

    def __init__(self) -> None:
        self._shown, self._loaded = _Memory(), _Memory()
        self._mode = "pop"
        self._row = 15
        self._styles: frozenset[str] = frozenset()
        self._start: int | None = None
        self._frame = 0
        self._last: Code | None = None
        self._ours = True  # whether codes are of channel 1

    def take(self, code: Code, frame: int) -> Iterator[tuple[int, int, str]]:
        """Obey a code; gives the cue that it ends."""
        self._frame = max(self._frame, frame)
        first, second = code
        if 0x10 <= first <= 0x1F:
            repeated, self._last = code == self._last, code
            if repeated:
                self._last = None
                return
            self._ours = first < 0x18
            if self._ours:
                yield from self._control(first, second)
            return
        self._last = None
        if self._ours:
            for byte in code:
                if byte >= 0x20:
                    self._put(cea608.plain_character(byte))

    def end(self) -> Iterator[tuple[int, int, str]]:
        """The cue that is still shown at the end."""
        yield from self._hide(self._frame + 1)

    def _control(self, first: int, second: int) -> Iterator[tuple[int, int, str]]:
        row = cea608.pac_row(first, second)
        if row is not None:
            self._row, self._styles = (
                (15 if self._mode == "roll" else row),
                cea608.pac_styles(second),
            )
            self._target().rows.setdefault(self._row, [])
        elif first in (0x14, 0x15) and second < 0x30:
            yield from self._command(second)
        elif first == 0x11 and 0x20 <= second < 0x30:
            before, now = self._styles, cea608.mid_row_styles(second)
            self._styles = before & now
            self._put(" ")
            self._styles = now
        elif first == 0x11:
            self._put(cea608.special_character(second))
        elif first in (0x12, 0x13) and 0x20 <= second < 0x40:
            self._back()
            self._put(cea608.extended_character(first, second))

    def _command(self, second: int) -> Iterator[tuple[int, int, str]]:
        match second:
            case 0x20:
                self._mode = "pop"
            case 0x21:
                self._back()
            case 0x25 | 0x26 | 0x27:
                if self._mode != "roll":
                    yield from self._hide(self._frame)
                self._mode, self._row = "roll", 15
            case 0x29:
                yield from self._hide(self._frame)
                self._mode = "paint"
            case 0x2C:
                yield from self._hide(self._frame)
            case 0x2D if self._mode == "roll":
                yield from self._hide(self._frame)
            case 0x2E:
                self._loaded = _Memory()
            case 0x2F:
                yield from self._hide(self._frame)
                self._shown, self._loaded = self._loaded, _Memory()
                self._mode = "pop"
                self._start = self._frame

    def _hide(self, frame: int) -> Iterator[tuple[int, int, str]]:
        text = self._shown.text()
        if text and self._start is not None:
            start = time_of_frames(self._start, _RATE)
            yield start, max(start + 1, time_of_frames(frame, _RATE)), text
        self._shown, self._start = _Memory(), None

    def _target(self) -> _Memory:
        return self._loaded if self._mode == "pop" else self._shown

    def _put(self, char: str) -> None:
        if not char:
            return
        if self._mode != "pop" and self._start is None:
            self._start = self._frame
        self._target().rows.setdefault(self._row, []).append(Character(char, self._styles))

    def _back(self) -> None:
        row = self._target().rows.get(self._row)
        if row:
            row.pop()


def _trimmed(row: Sequence[Character]) -> list[Character]:
    """A row without space at its ends, nor twice."""
    kept: list[Character] = []
    for item in row:
        if item.char not in " \u00a0":
            kept.append(item)
        elif kept and kept[-1].char != " ":
            kept.append(Character(" ", item.styles))
    while kept and kept[-1].char == " ":
        kept.pop()
    return kept
