"""A transcript's file, of any form, to the lines that forced alignment takes."""

import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path

from subalign.errors import InputError, UsageError
from subalign.options import compile_ignored
from subalign.results import Line, Script
from subalign.subtitles.files.encodings import TRANSCRIPTS, decode_text, file_label, read_file_bytes
from subalign.subtitles.files.reading import (
    SUFFIXES,
    binary_subtitle_file,
    detect_format,
    parse_parts,
)
from subalign.subtitles.files.stored import STORED_NAMES, parse_stored, stored_format
from subalign.subtitles.files.subtitle_file import SubtitleFile
from subalign.subtitles.script.lines import (
    ParsedScript,
    ScriptLine,
    lines_of_cues,
    parse_json_script,
)
from subalign.subtitles.script.plain_text import parse_plain_text
from subalign.subtitles.script.spoken import spoken_ranges, trimmed_ranges
from subalign.subtitles.script.tsv import begins_as_tsv, parse_tsv

__all__ = ["parse_script", "read_script", "script_of_file"]

_logger = logging.getLogger("subalign")

_NAMES = {"srt": "SubRip", "vtt": "WebVTT", "ass": "SubStation Alpha"}
_ENDINGS = ".txt, .srt, .vtt, .ass or .json"


def read_script(
    path: str | os.PathLike[str], *, ignore: Sequence[str] = (), encoding: str | None = None
) -> Script:
    """The lines of a transcript, and which parts of them are spoken; "-" is standard input.

    What the text itself shows decides (SubRip, WebVTT, SubStation Alpha, SBV, SCC, TTML, tables of
    start, end and text, JSON; EBU STL by its bytes), then the name's ending; any other text is a
    line of speech for each line that is neither empty nor a time. Cues come in the order of their
    old times, which are kept. `ignore` are regular expressions of text that is not spoken;
    `encoding` is the file's where it is not what the file itself shows.

    Raises:
        InputError: the file cannot be read, is not text, is damaged, or holds no text.
        UsageError: one of `ignore` is no regular expression, the encoding is not known, standard
            input is closed, or the path is a text.
    """
    patterns = compile_ignored(ignore)
    # Path.exists raises for a long text
    if "\n" in os.fspath(path) and not os.path.exists(path):  # noqa: PTH110
        raise UsageError("A transcript's text is given where its path should be: use parse_script.")
    label = file_label(path)
    data = read_file_bytes(path, noun="transcript", endings=_ENDINGS)
    if (binary := binary_subtitle_file(data, label)) is not None:
        return _script(lines_of_cues(binary.parts, binary.format), patterns, label)
    text = decode_text(data, label, TRANSCRIPTS, encoding=encoding).text
    return _script(_parse(text, Path(path).suffix.lower(), label), patterns, label)


def parse_script(text: str, *, ignore: Sequence[str] = ()) -> Script:
    """The lines of a transcript that is given as text, of any form, as `read_script` gives them.

    Raises:
        InputError: it is damaged, or holds no text.
        UsageError: one of `ignore` is no regular expression.
    """
    patterns = compile_ignored(ignore)
    label = "The transcript"
    return _script(_parse(text, "", label), patterns, label)


def script_of_file(file: SubtitleFile, label: str, *, ignore: Sequence[str] = ()) -> Script:
    """The lines of a subtitle file that has been read, as `read_script` gives them.

    `label` is its name in messages.

    Raises:
        InputError: it holds no text.
        UsageError: one of `ignore` is no regular expression.
    """
    patterns = compile_ignored(ignore)
    return _script(lines_of_cues(file.parts, file.format), patterns, label)


def _script(found: ParsedScript, ignore: Sequence[re.Pattern[str]], label: str) -> Script:
    if found.rolling:
        _logger.warning(
            "%s has rolling captions, which repeat lines of the cue before: each line is taken "
            "once.",
            label,
        )
    if not found.lines:
        raise InputError(f"{label} holds no text: give the transcript of the recording.")
    spoken = spoken_ranges(
        [line.text for line in found.lines],
        ignore=ignore,
        captions=found.captions,
        timed=found.timed,
    )
    lines = (
        Line(line.text, _spoken(line, ranges), line.start, line.end, line.cues)
        for line, ranges in zip(found.lines, spoken, strict=True)
    )
    return Script(tuple(lines), _language_code(found.language))


def _parse(text: str, suffix: str, label: str) -> ParsedScript:
    text = text.replace("\ufeff", "")  # also of joined files
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    shown = detect_format(text)
    form = shown or SUFFIXES.get(suffix)
    if form is not None:
        try:
            script = lines_of_cues(parse_parts(text, form), form)
        except ValueError as error:
            raise _not_of(form, label) from error
        if not script.lines and text.strip() and shown is None:
            raise _not_of(form, label)
        return script
    stored = stored_format(text)
    if stored is not None:
        try:
            return lines_of_cues(parse_stored(text, stored), "srt")
        except ValueError as error:
            name = STORED_NAMES[stored]
            raise InputError(f"{label} is no {name} that can be read: {error}.") from error
    if begins_as_tsv(text):
        try:
            return parse_tsv(text)
        except ValueError as error:
            raise InputError(f"{label} is no TSV that can be read: {error}.") from error
    if suffix == ".json" or text.lstrip().startswith(('{"', "{\n", "[{", "[\n")):
        try:
            return parse_json_script(text)
        except ValueError as error:
            if suffix == ".json":
                reason = str(error).partition("\n")[0]
                raise InputError(
                    f"{label} holds no transcript ({reason}): give JSON as subalign or "
                    "openai-whisper writes it."
                ) from error
    return parse_plain_text(text)


def _not_of(form: str, label: str) -> InputError:
    return InputError(
        f"{label} holds no {_NAMES[form]} cues: check the file, or rename it to .txt if it is "
        "plain text."
    )


def _spoken(line: ScriptLine, ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """The spoken ranges that are words of the file, where it tells its words."""
    if line.worded is None:
        return ranges
    spoken = bytearray(len(line.text))
    for first, end in ranges:
        spoken[first:end] = b"\x01" * (end - first)
    kept = bytearray(len(line.text))
    for first, end in line.worded:
        kept[first:end] = spoken[first:end]
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
