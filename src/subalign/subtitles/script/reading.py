"""A transcript's file to the lines that forced alignment takes."""

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from subalign.errors import InputError, UsageError
from subalign.options import compile_ignored
from subalign.results import Line, Script
from subalign.subtitles.files.encodings import decode_text
from subalign.subtitles.files.input import file_label, read_bytes
from subalign.subtitles.files.reading import detect_format
from subalign.subtitles.files.sbv_tsv_ttml import detect_other, read_other
from subalign.subtitles.files.subtitle_file import FileFormat
from subalign.subtitles.files.subtitles import Cue, read_subtitles, vtt_language
from subalign.subtitles.script.json import ScriptLine, parse_json_script
from subalign.subtitles.script.plain_text import read_plain_text
from subalign.subtitles.script.spoken import spoken_ranges, trimmed_ranges

__all__ = ["read_script", "transcript_label"]

_logger = logging.getLogger("subalign")

_SUBTITLES: dict[str, FileFormat] = {".srt": "srt", ".vtt": "vtt", ".ass": "ass", ".ssa": "ass"}
_NAMES = {"srt": "SubRip", "vtt": "WebVTT", "ass": "SubStation Alpha", "json": "JSON"}
_ENDINGS = ".txt, .srt, .vtt, .ass or .json"


def read_script(
    path: str | os.PathLike[str], *, ignore: Sequence[str] = (), encoding: str | None = None
) -> Script:
    """The lines of a transcript, and what of them is said; "-" is standard input.

    What the text itself shows decides (SubRip, WebVTT, SubStation Alpha, SBV, TTML, tables of
    start, end and text, JSON), then the name's ending; any other text is a line of speech for each
    line that is neither empty nor a time. Cues come in the order of their old times, which are
    kept. `ignore` are regular expressions of what is not said, and `encoding` is the file's where
    it is not what the file itself shows.

    Raises:
        InputError: the file cannot be read, is not text, is damaged, or holds no text.
        UsageError: one of `ignore` is no regular expression, the encoding is not known, or standard
            input is closed.
    """
    patterns = compile_ignored(ignore)
    label = transcript_label(path)
    data = read_bytes(path, "transcript", _ENDINGS)
    text = decode_text(data, label, encoding=encoding).text
    text = text.replace("\ufeff", "")  # also of joined files
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = _parse(text, Path(path).suffix.lower(), label)
    if not found.lines:
        raise InputError(f"{label} holds no text: give the transcript of the recording.")
    said = spoken_ranges(
        [line.text for line in found.lines],
        ignore=patterns,
        captions=found.captions,
        timed=found.timed,
    )
    lines = (
        Line(line.text, _common(line, ranges), line.start, line.end)
        for line, ranges in zip(found.lines, said, strict=True)
    )
    return Script(tuple(lines), _language_code(found.language))


def transcript_label(path: str | os.PathLike[str]) -> str:
    """The transcript's name in messages."""
    return file_label(path)


@dataclass(frozen=True, slots=True)
class _Parsed:
    """The lines; `captions` says that they are cues, `timed` that most begin with a time."""

    lines: tuple[ScriptLine, ...]
    language: str | None = None
    captions: bool = False
    timed: bool = False


def _parse(text: str, suffix: str, label: str) -> _Parsed:
    shown = detect_format(text)
    form = shown or _SUBTITLES.get(suffix)
    if form is not None:
        found = _read_cues(text, form, label)
        if not found and text.strip() and shown is None:
            raise _not_of(form, label)
        return _Parsed(_as_lines(found), vtt_language(text), captions=True)
    other = detect_other(text)
    if other is not None:
        try:
            return _Parsed(_as_lines(read_other(text, other)), captions=True)
        except ValueError as error:
            raise InputError(f"{label} is no {other.upper()} that can be read: {error}.") from error
    if suffix == ".json" or text.lstrip().startswith(('{"', "{\n", "[{", "[\n")):
        try:
            script = parse_json_script(text)
            return _Parsed(script.lines, script.language)
        except ValueError as error:
            if suffix == ".json":
                raise InputError(
                    f"{label} holds no transcript ({_first_line(error)}): give JSON as subalign or "
                    "openai-whisper writes it."
                ) from error
    plain = read_plain_text(text)
    return _Parsed(plain.lines, timed=plain.timed)


def _read_cues(text: str, form: FileFormat, label: str) -> tuple[Cue, ...]:
    try:
        found = read_subtitles(text, form)
    except ValueError as error:
        raise _not_of(form, label) from error
    if found.rolling:
        _logger.warning(
            "%s has rolling captions, which repeat lines of the cue before: each line is taken "
            "once.",
            label,
        )
    return found.cues


def _as_lines(cues: Iterable[Cue]) -> tuple[ScriptLine, ...]:
    return tuple(ScriptLine(cue.text, None if cue.said else (), cue.start, cue.end) for cue in cues)


def _not_of(form: str, label: str) -> InputError:
    return InputError(
        f"{label} holds no {_NAMES[form]} cues: check the file, or rename it to .txt if it is "
        "plain text."
    )


def _first_line(error: ValueError) -> str:
    return str(error).partition("\n")[0]


def _common(line: ScriptLine, ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """What the text lets seem said, as far as the file's words agree."""
    if line.worded is None:
        return ranges
    said = bytearray(len(line.text))
    for first, end in ranges:
        said[first:end] = b"\x01" * (end - first)
    kept = bytearray(len(line.text))
    for first, end in line.worded:
        kept[first:end] = said[first:end]
    return trimmed_ranges(line.text, kept)


def _language_code(name: str | None) -> str | None:
    """Whisper's code of the language that a file names; None where Whisper does not know it."""
    if name is None:
        return None
    from subalign.tokenizer import to_language_code

    try:
        return to_language_code(name)
    except UsageError:
        return None
