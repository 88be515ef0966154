"""The formats by name, and what `format` may say."""

import difflib
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from subalign.errors import UsageError
from subalign.options import LayoutOptions
from subalign.subtitles.formats import MODULES
from subalign.subtitles.formats.base import WRITERS, ResultWriter

if TYPE_CHECKING:
    from subalign.subtitles.page.page import PageMedia

__all__ = ["FORMATS", "file_name", "format_of", "get_writer", "resolve_formats"]

_MODULES = [import_module(f"subalign.subtitles.formats.{module}") for module in MODULES]

# in this order whatever was imported first
FORMATS: tuple[str, ...] = tuple(
    name
    for module in _MODULES
    for name, writer in WRITERS.items()
    if writer.__module__ == module.__name__
)
_ALL = "all"

# what people call formats, or the programs that take them, and formats that come closest to others
_MEANT = {
    name: meant
    for meant, names in {
        "srt": "subrip sub premiere capcut smi sami usf",
        "vtt": "webvtt youtube-vtt html5",
        "ass": "ssa aegisub substation",
        "ttml": "dfxp imsc imsc1 xml smpte-tt ebu-tt ebu-tt-d netflix",
        "sbv": "youtube subviewer",
        "scc": "cc cea608 cea-608 eia-608 608 mcc cap scenarist closed-captions",
        "stl": "ebu ebu-stl ebustl pac 890 spruce",
        "itt": "itunes apple",
        "fcpxml": "fcp fcpx finalcut final-cut final-cut-pro",
        "edl": "resolve davinci markers marker cmx cmx3600",
        "markdown": "md mkd",
        "docx": "doc word odt rtf pdf",
        "txt": "text plain",
        "html": "htm page web",
        "csv": "xls xlsx excel spreadsheet",
        "json": "jsonl whisper",
        "labels": "audacity",
        "textgrid": "praat",
        "lrc": "lyrics",
        "elrc": "karaoke",
        "ctm": "nist kaldi stm",
        "rttm": "diarisation diarization speakers pyannote",
    }.items()
    for name in names.split()
}


def get_writer(
    format_name: str,
    options: LayoutOptions | None = None,
    *,
    recording: str = "",
    media: "PageMedia | None" = None,
) -> ResultWriter:
    """The writer of one format; `recording` is the recording's name, `media` what a page has of it.

    Raises:
        UsageError: there is no such format.
    """
    if format_name not in WRITERS:
        raise _unknown(format_name)
    return WRITERS[format_name](options, recording=recording, media=media)


def file_name(stem: str, format_name: str) -> str:
    """What the result of a recording is called: `talk.srt`, `talk.words.lrc`."""
    return f"{stem}.{WRITERS[format_name].extension}"


def format_of(name: str) -> tuple[str, str]:
    """The format that a file's ending names, and the name without it; the longest ending counts.

    A file without a known ending is of the "format" that its last suffix spells.
    """
    endings = {f".{writer.extension.lower()}": key for key, writer in WRITERS.items()}
    for ending in sorted(endings, key=len, reverse=True):
        if name.lower().endswith(ending):
            return endings[ending], name[: -len(ending)]
    stem, _, suffix = name.rpartition(".")
    return (suffix, stem) if stem else ("", name)


def resolve_formats(names: Iterable[str]) -> tuple[str, ...]:
    """The formats that names stand for, each once, in the order asked for.

    A name may hold several, separated by commas; `all` stands for every format.

    Raises:
        UsageError: a name is no format, or no format is named.
    """
    found: dict[str, None] = {}
    for name in (part.strip().lower() for value in names for part in value.split(",")):
        if name in WRITERS:
            found[name] = None
        elif name == _ALL:
            found |= dict.fromkeys(_names())
        elif name:
            raise _unknown(name)
    if not found:
        raise UsageError(f"`format` names no format: use {_choices()}.")
    return tuple(found)


def _unknown(name: str) -> UsageError:
    meant = _MEANT.get(name.lstrip("."))
    if meant is None:
        nearest = difflib.get_close_matches(name, (*_names(), _ALL), n=1, cutoff=0.6)
        meant = nearest[0] if nearest else None
    hint = f"did you mean {meant}?" if meant else f"use {_choices()}."
    return UsageError(f"`format` does not know {name!r}: {hint}")


def _choices() -> str:
    return f"{', '.join(_names())} or {_ALL}"


def _names() -> tuple[str, ...]:
    """This package's formats, and those that a program has added."""
    return (*FORMATS, *(name for name in WRITERS if name not in FORMATS))
