"""Bytes of a text file to text, whatever wrote them."""

import codecs

from subalign.errors import InputError

__all__ = ["decode_text"]

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

# those that people's files are in; more of them only make the guess worse
_OLDER_ENCODINGS = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp874"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949", "koi8_r", "mac_roman"),
]

_TRANSCRIPTS = "give the transcript as .txt, .srt, .vtt, .ass or .json"
_SAMPLE = 4096  # bytes; enough to tell text from anything else


def decode_text(data: bytes, label: str, advice: str = _TRANSCRIPTS) -> str:
    """The text of a file called `label` in messages; `advice` says what to give instead of no text.

    A byte order mark decides; without one UTF-8 is tried, then UTF-16 where every other byte is
    zero, and then the likeliest of the older encodings.

    Raises:
        InputError: it is not text.
    """
    for start, name in _DOCUMENTS.items():
        if data.startswith(start):
            raise InputError(f"{label} is {name}: save it as plain text (.txt) first.")
    marked = [encoding for mark, encoding in _MARKS if data.startswith(mark)]
    if marked:
        text = _decode(data, marked[0], label)
    elif b"\0" in data[:_SAMPLE]:
        text = _decode(data, _utf_16_order(data[:_SAMPLE], label, advice), label)
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = _guess(data, label, advice)
    if _is_binary(text[:_SAMPLE]):
        raise _no_text(label, advice)
    return text


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


def _guess(data: bytes, label: str, advice: str) -> str:
    """The older encoding in which the text makes most sense; Windows' Western one if in doubt."""
    if _is_binary(data[:_SAMPLE].decode("latin-1")):
        raise _no_text(label, advice)
    from charset_normalizer import from_bytes

    found = from_bytes(data, cp_isolation=_OLDER_ENCODINGS)
    best = found.best()
    if best is None:
        return data.decode("cp1252", errors="replace")
    likely = [
        match.encoding
        for match in found
        if match.chaos <= best.chaos and match.coherence >= best.coherence
    ]
    return data.decode("cp1252" if "cp1252" in likely else best.encoding, errors="replace")


def _is_binary(text: str) -> bool:
    """Whether there are control characters other than those of text: tab, line and page ends."""
    return any(char < " " and char not in "\t\n\v\f\r\x1a\x1b\x1c\x1d\x1e\x1f" for char in text)


def _no_text(label: str, advice: str) -> InputError:
    return InputError(f"{label} is not a text file: {advice}.")
