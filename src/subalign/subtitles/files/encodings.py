"""Text files are read in any encoding; where nothing states it, it is guessed."""

import codecs
import logging
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path

from subalign.errors import InputError, UsageError
from subalign.options import check_encoding

__all__ = [
    "TRANSCRIPTS",
    "DecodedText",
    "decode_text",
    "encoding_name",
    "file_label",
    "read_file_bytes",
    "read_text_file",
]


_logger = logging.getLogger("subalign")

# Longer marks first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)

# what begins documents of word processors, which hold text but are none
_DOCUMENTS = {
    b"%PDF": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"PK\x03\x04": "a word processor's document or an archive",
    b"\xd0\xcf\x11\xe0": "a word processor's document",
}

_NAMES = {
    "iso8859_2": "ISO 8859-2",
    "mac_roman": "Mac Roman",
    "cp932": "Shift JIS",
    "euc_jp": "EUC-JP",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "koi8_r": "KOI8-R",
    "utf-8": "damaged UTF-8",
}

# of scripts other than Latin; more of them only make the guess worse
_OTHER_SCRIPTS = [
    *("cp1251", "cp1253", "cp1255", "cp1256", "cp874"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949", "koi8_r"),
]

# a guess is certain where the letters are as frequent as in a language (from 0 to 1), and in every
# other encoding clearly less so
_LEAST_COHERENCE, _LEAD = 0.3, 0.1

TRANSCRIPTS = "give the transcript as .txt, .srt, .vtt, .ass or .json"
"""What to give instead of a file without text."""

_LARGEST = 64 << 20  # bytes; a transcript of a whole day has less than one MiB
_GUESSED = 1 << 18  # bytes of old encodings; more do not make the guess better
_SAMPLE = 4096  # bytes; enough to tell text from anything else


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A file's text.

    `encoding` is Python's name of what it, or some of its lines, was guessed to be in; None where
    nothing was guessed. `certain` says that no other guess is nearly as good. `is_utf8` is whether
    the bytes were UTF-8, `marked` whether they began with a byte order mark that UTF-8 can keep.
    """

    text: str
    encoding: str | None = None
    certain: bool = True
    is_utf8: bool = True
    marked: bool = False


def read_text_file(
    path: str | os.PathLike[str],
    *,
    noun: str,
    endings: str,
    advice: str = TRANSCRIPTS,
    encoding: str | None = None,
) -> DecodedText:
    """The text of a file; "-" is standard input.

    For messages: `noun` is what it should be ("transcript"), `endings` how such files are called
    (".txt, .srt"), and `advice` what to give instead of a file without text.

    Raises:
        InputError: the file cannot be read, is far too large, or `decode_text` refuses it.
        UsageError: standard input is closed, or the encoding is not known.
    """
    data = read_file_bytes(path, noun=noun, endings=endings)
    return decode_text(data, file_label(path), advice, encoding=encoding)


def read_file_bytes(path: str | os.PathLike[str], *, noun: str, endings: str) -> bytes:
    """The bytes of a file that is no larger than any text; see `read_text_file`.

    Raises:
        InputError: the file cannot be read, or is far too large.
        UsageError: standard input is closed.
    """
    label = file_label(path)
    data = _read_bytes(path, label, noun)
    if len(data) > _LARGEST:
        raise InputError(
            f"{label} is larger than {_LARGEST >> 20} MiB, which no {noun} is: give a text "
            f"file ({endings})."
        )
    return data


def file_label(path: str | os.PathLike[str]) -> str:
    """The file's name in messages."""
    return "Standard input" if path == "-" else os.fspath(path)


def _read_bytes(path: str | os.PathLike[str], label: str, noun: str) -> bytes:
    """The whole file, or one byte more than is allowed."""
    if path == "-":
        if sys.stdin is None:
            raise UsageError(f"Standard input is closed: name a {noun} instead of -.")
        return sys.stdin.buffer.read(_LARGEST + 1)
    try:
        with Path(path).open("rb") as file:
            return file.read(_LARGEST + 1)
    except FileNotFoundError as error:
        raise InputError(f"{label} does not exist: check the name.") from error
    except IsADirectoryError as error:
        raise InputError(f"{label} is a folder: name a {noun} in it.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{label} cannot be read ({reason.lower()}).") from error


def decode_text(
    data: bytes, label: str, advice: str = TRANSCRIPTS, *, encoding: str | None = None
) -> DecodedText:
    """The text of a file called `label` in messages; `advice` says what to give instead of no text.

    The `encoding` decides where it is given, else a byte order mark; without one UTF-8 is tried,
    then UTF-16 where every other byte is zero. In what is neither, lines that are UTF-8 stay so,
    and the others are read in the likeliest of the older encodings, which a warning names.

    Raises:
        InputError: it is not text, or not in the given encoding.
        UsageError: the encoding is not known.
    """
    for start, name in _DOCUMENTS.items():
        if data.startswith(start):
            raise InputError(f"{label} is {name}: save it as plain text (.txt) first.")
    found = _decoded(data, label, advice, encoding)
    if _is_binary(found.text[:_SAMPLE]):
        raise _no_text(label, advice)
    if found.encoding is not None:
        _logger.warning(
            "%s is not in UTF-8 and was read as %s: if letters are wrong, name its `encoding`.",
            label,
            encoding_name(found.encoding),
        )
    return replace(
        found,
        is_utf8=_is_utf8(data) and b"\0" not in data[:_SAMPLE],
        marked=found.text.startswith("\ufeff") or data.startswith(codecs.BOM_UTF8),
    )


def encoding_name(encoding: str) -> str:
    """The usual name of one of Python's encodings: "Windows-1252" for "cp1252"."""
    return _NAMES.get(encoding) or re.sub(r"^cp(?=\d+$)", "Windows-", encoding)


def _decoded(data: bytes, label: str, advice: str, encoding: str | None) -> DecodedText:
    if encoding is not None:
        return DecodedText(_decode_as_told(data, check_encoding(encoding), label))
    marked = [name for mark, name in _MARKS if data.startswith(mark)]
    if marked:
        return DecodedText(_decode(data, marked[0], label))
    if b"\0" in data[:_SAMPLE]:
        return DecodedText(_decode(data, _utf_16_order(data[:_SAMPLE], label, advice), label))
    try:
        return DecodedText(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _guess(data, label, advice)


def _decode_as_told(data: bytes, encoding: str, label: str) -> str:
    try:
        # lines that are UTF-8 among others were put there by another program
        if _is_latin(encoding) and not _is_utf8(data):
            return _Lines.of(data).read(encoding, "strict")
        return data.decode(encoding)
    except UnicodeError as error:
        raise InputError(
            f"{label} is not in {encoding}, as `encoding` says: name another, or leave it out."
        ) from error


def _decode(data: bytes, encoding: str, label: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{label} is damaged: it says that it is {encoding.removesuffix('-sig').upper()}, but "
            f"byte {error.start} is not."
        ) from error


def _utf_16_order(sample: bytes, label: str, advice: str) -> str:
    """UTF-16 without a mark: the high bytes of Latin letters, spaces and line breaks are zero."""
    zeros = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if zeros[0] == 0 and zeros[1] > half * 0.1:
        return "utf-16-le"
    if zeros[1] == 0 and zeros[0] > half * 0.1:
        return "utf-16-be"
    raise _no_text(label, advice)


def _guess(data: bytes, label: str, advice: str) -> DecodedText:
    """Lines in UTF-8 as they are, the others in the older encoding that fits them best."""
    if _is_binary(data[:_SAMPLE].decode("latin-1")):
        raise _no_text(label, advice)
    lines = _Lines.of(data)
    known = [text for text in lines.texts if text is not None]
    if not lines.odd:
        return DecodedText("".join(known), "utf-8", certain=False)
    odd = _opening(lines.odd)
    latin = _guess_latin(odd, "".join(known)[:_GUESSED])
    if latin is not None:
        encoding, certain = latin
        return DecodedText(lines.read(encoding, "replace"), encoding, certain)
    # in scripts of two bytes a line may be UTF-8 by chance
    if sum(not text.isascii() for text in known) <= len(lines.odd):
        odd = _opening(lines.lines)
        lines = _Lines((data,), (None,))
    encoding, certain = _guess_script(odd)
    return DecodedText(lines.read(encoding, "replace"), encoding, certain)


@dataclass(frozen=True, slots=True)
class _Lines:
    """A file's lines with their breaks, and the text of each that is UTF-8, None for the others."""

    lines: tuple[bytes, ...]
    texts: tuple[str | None, ...]

    @classmethod
    def of(cls, data: bytes) -> "_Lines":
        lines = tuple(data.splitlines(keepends=True))
        return cls(lines, tuple(map(_as_utf8, lines)))

    @property
    def odd(self) -> list[bytes]:
        """The lines that are not UTF-8."""
        return [line for line, text in zip(self.lines, self.texts, strict=True) if text is None]

    def read(self, encoding: str, errors: str) -> str:
        """The whole text, its odd lines in an encoding."""
        return "".join(
            line.decode(encoding, errors) if text is None else text
            for line, text in zip(self.lines, self.texts, strict=True)
        )


def _opening(lines: Sequence[bytes]) -> bytes:
    """Whole lines, as many as tell an encoding."""
    lengths = accumulate(map(len, lines), initial=0)
    return b"".join(line for line, at in zip(lines, lengths, strict=False) if at < _GUESSED)


def _as_utf8(line: bytes) -> str | None:
    """A line that is UTF-8, or has more letters of it than bytes that are none."""
    if _is_utf8(line):
        return line.decode("utf-8")
    text = line.decode("utf-8", errors="replace")
    beyond = sum(char > "\x7f" for char in text)
    return text if beyond > 2 * text.count("\ufffd") else None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guess_script(data: bytes) -> tuple[str, bool]:
    """The encoding in which text of another script makes most sense, and whether it is certain."""
    from charset_normalizer import from_bytes

    found = list(from_bytes(data, cp_isolation=_OTHER_SCRIPTS))
    if not found:
        return "cp1252", False
    best = found[0]
    next_best = max((match.coherence for match in found[1:]), default=0.0)
    certain = best.coherence >= _LEAST_COHERENCE and best.coherence - next_best >= _LEAD
    return best.encoding, certain


def _is_binary(text: str) -> bool:
    """Whether there are control characters other than those of text: tab, line and page ends."""
    return any(char < " " and char not in "\t\n\v\f\r\x1a\x1b\x1c\x1d\x1e\x1f" for char in text)


def _no_text(label: str, advice: str) -> InputError:
    return InputError(f"{label} is not a text file: {advice}.")


_WESTERN = (
    *("àâæçéèêëîïôœùûüÿ", "äöüß", "áéíñóúü", "àáâãçéêíóôõú", "àèéìíîòóùú", "áèéêëïóöü"),
    *("æøåéèêóô", "åäöé", "áéíóöúýæðþ", "õäöüšž", "àçèéíïòóúü", "çë"),
)
_CENTRAL = (
    *("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ"),
    *("čćđšž", "äöüß", "çë"),
)
# Windows' Western encoding is first: it is chosen wherever no other fits better
_LANGUAGES = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "cp1254": ("âçğıiîöşûü",),  # noqa: RUF001 (and "i" is what İ is made of)
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "õäöüšž"),
    "iso8859_2": _CENTRAL,
    "mac_roman": _WESTERN,
}

# how much larger the share of a language's letters must be to choose another encoding than Windows'
# Western one
_BETTER = 0.1

# by what share, or by what share and how many letters, all other texts fit worse than a certain one
_CERTAIN, _CERTAIN_SHARE, _CERTAIN_LETTERS = 0.15, 0.05, 3

# with a smaller share of letters that any language has it is no Latin script
_LEAST = 0.7

_FIRST_OTHER = "\u0250"  # letters of Latin script come before it

# what stands beside words in any language
_SIGNS = frozenset("“”„‘’‚«»‹›–—…•·¡¿€£©®™°§ªº½¼¾\xa0\xad")  # noqa: RUF001
_APART = frozenset("¡¿·°§©®½¼¾")  # but never after a letter


def _guess_latin(data: bytes, beside: str) -> tuple[str, bool] | None:
    """The encoding of a text in Latin script, and whether it is certain; None in another script.

    `beside` is other text of the same file, whose letters are known.
    """
    beside = "".join(char for char in beside if char < _FIRST_OTHER)
    texts = {name: data.decode(name, errors="replace") for name in _LANGUAGES}
    fits = {name: _fit(f"{text}\n{beside}", _LANGUAGES[name]) for name, text in texts.items()}
    best = max(fits, key=lambda name: fits[name].share)
    if fits[best].share < fits["cp1252"].share + _BETTER:
        best = "cp1252"
    if fits[best].share < _LEAST or _is_dense(data):
        return None
    rivals = [fits[name] for name in texts if texts[name] != texts[best]]
    return best, all(fits[best].is_clear_of(rival) for rival in rivals)


def _is_latin(encoding: str) -> bool:
    """Whether it is one of the encodings that are told apart here, or nearly one."""
    return encoding in _LANGUAGES or encoding in (
        "iso8859-1",
        "iso8859-2",
        "iso8859-15",
        "mac-roman",
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    """How many letters beyond ASCII there are, and how many of them one language has at most."""

    letters: int
    known: int

    @property
    def share(self) -> float:
        return self.known / self.letters if self.letters else 1.0

    def is_clear_of(self, other: "_Fit") -> bool:
        gap = self.share - other.share
        more = (other.letters - other.known) - (self.letters - self.known)
        return gap >= _CERTAIN or (gap >= _CERTAIN_SHARE and more >= _CERTAIN_LETTERS)


def _fit(text: str, alphabets: Iterable[str]) -> _Fit:
    found = Counter(_beyond_ascii(text))
    known = max(sum(found[char] for char in alphabet) for alphabet in alphabets)
    return _Fit(found.total(), known)


def _beyond_ascii(text: str) -> Iterator[str]:
    """Small letters for what is not ASCII, "?" for what stands wrongly; without usual signs."""
    for before, char in pairwise(f" {text}"):
        if char <= "\x7f":
            continue
        if char < "\xa0" or char == "\ufffd":
            yield from "???"  # no text has controls, nor bytes that mean nothing
        elif char.isupper() and before.islower():
            yield "?"
        elif char not in _SIGNS or (char in _APART and before.isalpha()):
            yield char.lower()[:1]


def _is_dense(data: bytes) -> bool:
    """Whether most letters are beyond ASCII, as in no language of Latin script."""
    beyond = sum(byte > 0x7F for byte in data)
    letters = sum(chr(byte).isalpha() for byte in data if byte < 0x80)
    return beyond > letters
