"""A subtitle file as a transcript, to be written in other formats and layouts."""

import math
import os
from pathlib import Path

from subalign.results import Segment, Transcript
from subalign.subtitles.files.encodings import decode_text, file_label, read_file_bytes
from subalign.subtitles.files.reading import (
    SUFFIXES,
    binary_subtitle_file,
    detect_format,
    parse_subtitle_file,
)
from subalign.subtitles.files.stored import STORED_NAMES, stored_format
from subalign.subtitles.files.subtitle_file import FileCue, SubtitleFile
from subalign.subtitles.saved_results import RESULTS_ADVICE, parse_result
from subalign.subtitles.script.lines import lines_of_cues
from subalign.subtitles.tags import one_voice
from subalign.version import __version__

__all__ = ["read_saved", "transcript_of_captions"]

_SUFFIXES = (*SUFFIXES, *(f".{name}" for name in STORED_NAMES), ".itt", ".dfxp")


def read_saved(
    path: str | os.PathLike[str], *, encoding: str | None = None
) -> tuple[Transcript, bool]:
    """The transcript of a saved result in JSON or of a subtitle file, and whether it is the latter.

    "-" is standard input. `encoding` is the file's where it is not what the file itself shows.

    Raises:
        InputError: the file cannot be read, or is neither.
        UsageError: standard input is closed, or the encoding is not known.
    """
    label, suffix = file_label(path), Path(path).suffix.lower()
    data = read_file_bytes(path, noun="transcript", endings=".json")
    file = binary_subtitle_file(data, label)
    if file is None:
        text = decode_text(data, label, RESULTS_ADVICE, encoding=encoding).text.removeprefix(
            "\ufeff"
        )
        plain = text.replace("\r\n", "\n").replace("\r", "\n")
        if suffix not in _SUFFIXES and not (detect_format(plain) or stored_format(plain)):
            return parse_result(text, label), False
        file = parse_subtitle_file(text, label, SUFFIXES.get(suffix))
    return transcript_of_captions(file), True


def transcript_of_captions(file: SubtitleFile) -> Transcript:
    """A segment for each cue with text, of which no word has a time; tags stay in its text.

    A cue of one voice of WebVTT, or with a name in SubStation Alpha, is said by that. Of rolling
    captions each line is taken once. The recording's duration is NaN, as nobody knows it.
    """
    found = lines_of_cues(file.parts, file.format)
    names = {cue.id: _field_name(cue) for cue in file.cues} if file.format == "ass" else {}
    spoken = [one_voice(line.text) for line in found.lines]
    segments = tuple(
        Segment(
            id=number,
            seek=0,
            start=line.start or 0.0,
            end=line.end or 0.0,
            text=text,
            tokens=(),
            temperature=0.0,
            avg_logprob=math.nan,
            compression_ratio=math.nan,
            no_speech_prob=math.nan,
            words=(),
            speaker=voice or next(filter(None, map(names.get, line.cues)), None),
        )
        for number, (line, (voice, text)) in enumerate(zip(found.lines, spoken, strict=True))
    )
    return Transcript(
        text="\n".join(segment.text for segment in segments),
        language=found.language or "",
        segments=segments,
        duration=math.nan,
        model="",
        version=__version__,
    )


def _field_name(cue: FileCue) -> str | None:
    """The field Name of SubStation Alpha, behind that of the style."""
    fields = cue.settings.split(",")
    return " ".join(fields[1].split()) or None if len(fields) > 2 else None
