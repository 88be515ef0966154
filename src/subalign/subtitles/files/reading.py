"""From a subtitle file to its parts, and back to text."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from subalign.errors import InputError, OutputError
from subalign.subtitles.controls import plain_characters
from subalign.subtitles.files.ass import parse_events, render_events
from subalign.subtitles.files.encodings import (
    decode_text,
    encoding_name,
    file_label,
    read_file_bytes,
)
from subalign.subtitles.files.srt_vtt import begins_with_cue, parse_blocks, render_blocks
from subalign.subtitles.files.stored import (
    STORED_NAMES,
    parse_stored,
    parse_stored_bytes,
    stored_bytes,
    stored_format,
)
from subalign.subtitles.files.subtitle_file import (
    FileCue,
    FileFormat,
    OtherLines,
    StoredFormat,
    SubtitleFile,
)
from subalign.subtitles.files.times import are_exact

__all__ = [
    "SUFFIXES",
    "binary_subtitle_file",
    "check_certain",
    "detect_format",
    "has_header",
    "parse_parts",
    "parse_subtitle_file",
    "read_subtitle_file",
    "render_subtitle_file",
    "subtitle_file_bytes",
    "tidy_cue",
    "tidy_file",
    "with_header",
]


SUFFIXES: dict[str, FileFormat] = {".srt": "srt", ".vtt": "vtt", ".ass": "ass", ".ssa": "ass"}
# what people may take for files of cues that can be checked, retimed and put into a video
_OTHERS = {
    ".ttml": "no TTML document",
    ".dfxp": "no TTML document",
    ".xml": "other XML",
    ".itt": "no TTML document",
    ".lrc": "an LRC file",
    ".textgrid": "a TextGrid",
    ".ctm": "a CTM file",
    ".json": "JSON",
    ".csv": "a table",
    ".tsv": "a table",
}
_VTT = re.compile(r"\s*WEBVTT(?:[ \t\n]|$)")
_ASS = re.compile(r"^[ \t]*\[Script Info\]|^\[Events\]", re.IGNORECASE | re.MULTILINE)
_FORMATS = "SubRip (.srt), WebVTT (.vtt), SubStation Alpha (.ass), TTML, SBV, SCC or EBU STL"
_ENDINGS = ".srt, .vtt, .ass, .ttml, .sbv, .scc or .stl"


def read_subtitle_file(
    path: str | os.PathLike[str], *, encoding: str | None = None
) -> SubtitleFile:
    """The parts of a subtitle file; "-" is standard input. Its content tells its format.

    `encoding` is the file's where it is not what the file itself shows.

    Raises:
        InputError: the file cannot be read, is not text, or holds no cues.
        UsageError: standard input is closed, or the encoding is not known.
    """
    label = file_label(path)
    data = read_file_bytes(path, noun="subtitle file", endings=_ENDINGS)
    if (binary := binary_subtitle_file(data, label)) is not None:
        return binary
    found = decode_text(data, label, f"give {_FORMATS}", encoding=encoding)
    file = parse_subtitle_file(found.text, label, SUFFIXES.get(Path(path).suffix.lower()))
    return replace(
        file,
        is_utf8=found.is_utf8,
        marked=found.marked,
        guess=encoding_name(found.encoding) if found.encoding else "",
        certain=found.certain,
    )


def binary_subtitle_file(data: bytes, label: str) -> SubtitleFile | None:
    """A subtitle file that is no text, such as EBU STL; None for all others.

    Raises:
        InputError: it is damaged, or holds no cues; `label` is its name.
    """
    try:
        found = parse_stored_bytes(data)
    except ValueError as error:
        raise InputError(f"{label} cannot be read, as {error}: save it anew.") from error
    if found is None:
        return None
    cues, head = found
    return _stored_file(cues, "stl", label, head=head)


def _stored_file(
    cues: Sequence[FileCue],
    stored: StoredFormat,
    label: str,
    *,
    newline: str = "\n",
    head: bytes = b"",
) -> SubtitleFile:
    if not cues:
        raise InputError(f"{label} holds no cues: give {_FORMATS}.")
    original = render_blocks(cues, "srt") + "\n"
    return SubtitleFile(
        format="srt",
        parts=tuple(cues),
        newline=newline,
        original=original,
        stored=stored,
        head=head,
    )


def check_certain(file: SubtitleFile, label: str) -> None:
    """Refuse to write back a text whose encoding is hardly more than guessed.

    Raises:
        InputError: another encoding fits it as well, or almost.
    """
    if not file.certain:
        raise InputError(
            f"{label} is not in UTF-8, and whether it is {file.guess} is not certain: add "
            "`encoding`, such as `encoding=cp1252`."
        )


def parse_subtitle_file(text: str, label: str, expected: FileFormat | None = None) -> SubtitleFile:
    """The parts of a subtitle file's text; `expected` is the format where the text shows none.

    Raises:
        InputError: it holds no cues; `label` is its name.
    """
    counts = {"\r\n": text.count("\r\n")}
    counts["\n"] = text.count("\n") - counts["\r\n"]
    counts["\r"] = text.count("\r") - counts["\r\n"]
    newline = max(("\n", "\r\n"), key=lambda mark: counts[mark])
    text = text.replace("\ufeff", "").replace("\r\n", "\n").replace("\r", "\n")
    plain = plain_characters(text)
    form = detect_format(plain) or expected
    body = plain.rstrip("\n")
    stored = None if form in ("vtt", "ass") else stored_format(plain)
    if stored is not None:
        try:
            cues = parse_stored(body, stored)
        except ValueError as error:
            raise InputError(f"{label} cannot be read, as {error}: save it anew.") from error
        head = plain.encode() if stored == "ttml" else b""
        return _stored_file(cues, stored, label, newline=newline, head=head)
    if form is None:
        name = _OTHERS.get(Path(label).suffix.lower())
        what = f"is {name}, which is not read here" if name else "is no subtitle file"
        raise InputError(f"{label} {what}: give {_FORMATS}.")
    try:
        parts = parse_parts(body, form)
    except ValueError as error:
        raise InputError(f"{label} cannot be read, as {error}: save it anew.") from error
    if not any(isinstance(part, FileCue) for part in parts):
        raise InputError(f"{label} holds no cues: give {_FORMATS}.")
    return SubtitleFile(
        format=form,
        parts=tuple(parts),
        newline=newline,
        mixed=sum(1 for count in counts.values() if count) > 1 or bool(counts["\r"]),
        controls=plain != text,
        ending=plain[len(body) :],
        original=text,
    )


def parse_parts(text: str, format: FileFormat) -> list[FileCue | OtherLines]:
    """The parts of a text, line breaks LF, none at its end.

    Raises:
        ValueError: SubStation Alpha's fields stand in an order that no program writes.
    """
    return parse_events(text) if format == "ass" else parse_blocks(text, format)


def subtitle_file_bytes(file: SubtitleFile) -> bytes:
    """The file as it is written: in UTF-8, with its line breaks and byte order mark.

    Raises:
        OutputError: the format that it is stored in cannot hold it.
    """
    if file.stored is not None:
        try:
            return stored_bytes(file)
        except ValueError as error:
            name = STORED_NAMES[file.stored]
            raise OutputError(
                f"The cues cannot be written as {name}, as {error}: `subalign render` writes them "
                "in another `format`."
            ) from error
    text = render_subtitle_file(file).replace("\n", file.newline)
    return (("\ufeff" if file.marked else "") + text).encode()


def render_subtitle_file(file: SubtitleFile) -> str:
    """The file's text with line breaks LF, without a byte order mark.

    That of a format that is no text, or has codes for letters, is shown as SubRip.
    """
    if file.format == "ass":
        return render_events(file.parts) + file.ending
    return render_blocks(file.parts, file.format) + file.ending


def detect_format(text: str) -> FileFormat | None:
    """The format if the text, line breaks LF, begins as such a file does, else None."""
    if _VTT.match(text):
        return "vtt"
    if begins_with_cue(text):
        return "srt"
    return "ass" if _ASS.search(text[:4000]) else None


def tidy_cue(cue: FileCue, format: FileFormat) -> FileCue:
    """The cue without blank lines in its text, from 0 on, with times as the format writes them."""
    text = cue.text
    if format != "ass":
        text = "\n".join(line for line in text.split("\n") if line.strip())
    start, end = max(0, cue.start_ms), max(0, cue.end_ms)
    kept = (start, end) == (cue.start_ms, cue.end_ms) and are_exact(cue.times, format)
    return replace(cue, text=text, start_ms=start, end_ms=end, times=cue.times if kept else "")


def tidy_file(file: SubtitleFile) -> SubtitleFile:
    """The file with its cues tidied and what players make nothing of left out, under a header."""
    kept = (part for part in file.parts if isinstance(part, FileCue) or not part.lost)
    tidied = replace(file, parts=tuple(kept)).with_cues(lambda cue: tidy_cue(cue, file.format))
    return with_header(tidied)


def with_header(file: SubtitleFile) -> SubtitleFile:
    """The file with the line that WebVTT must begin with."""
    if has_header(file):
        return file
    return replace(file, parts=(OtherLines(line=1, text="WEBVTT"), *file.parts))


def has_header(file: SubtitleFile) -> bool:
    """Whether a file begins with the line that its format demands."""
    first = file.parts[0] if file.parts else None
    written = isinstance(first, OtherLines) and first.text.startswith("WEBVTT")
    return written or file.format != "vtt"
