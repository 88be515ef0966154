"""The formats by name, and what `--format` may say."""

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from subalign.errors import UsageError
from subalign.options import LayoutOptions
from subalign.subtitles.ass_writer import ASSWriter
from subalign.subtitles.csv_writer import CSVWriter
from subalign.subtitles.ctm_writer import CTMWriter
from subalign.subtitles.enhanced_lrc_writer import EnhancedLRCWriter
from subalign.subtitles.html_writer import HTMLWriter, PageMedia
from subalign.subtitles.json_writer import JSONWriter
from subalign.subtitles.labels_writer import LabelsWriter
from subalign.subtitles.lrc_writer import LRCWriter
from subalign.subtitles.srt_writer import SRTWriter
from subalign.subtitles.text_grid_writer import TextGridWriter
from subalign.subtitles.tsv_writer import TSVWriter
from subalign.subtitles.ttml_writer import TTMLWriter
from subalign.subtitles.txt_writer import TXTWriter
from subalign.subtitles.vtt_writer import VTTWriter
from subalign.subtitles.writer import ResultWriter

__all__ = ["FORMATS", "file_name", "format_of", "get_writer", "resolve_formats"]

_WRITERS: Mapping[str, type[ResultWriter]] = MappingProxyType(
    {
        writer.name: writer
        for writer in (
            *(TXTWriter, VTTWriter, SRTWriter, TSVWriter, JSONWriter),
            *(ASSWriter, LRCWriter, EnhancedLRCWriter, TTMLWriter),
            *(LabelsWriter, TextGridWriter, CTMWriter, CSVWriter, HTMLWriter),
        )
    }
)

FORMATS: tuple[str, ...] = tuple(_WRITERS)
_ALL = "all"


def get_writer(
    format_name: str,
    options: LayoutOptions | None = None,
    *,
    recording: str = "",
    media: PageMedia | None = None,
) -> ResultWriter:
    """The writer of one format; `recording` is the recording's name, `media` what a page has of it.

    Raises:
        UsageError: there is no such format.
    """
    if format_name == HTMLWriter.name:
        return HTMLWriter(options, recording=recording, media=media)
    try:
        return _WRITERS[format_name](options, recording=recording)
    except KeyError:
        raise _unknown(format_name) from None


def file_name(stem: str, format_name: str) -> str:
    """What the result of a recording is called: `talk.srt`, `talk.words.lrc`."""
    return f"{stem}.{_WRITERS[format_name].extension}"


def format_of(name: str) -> tuple[str, str]:
    """The format that a file's ending names, and the name without it; the longest ending counts.

    A file without a known ending is of the "format" that its last suffix spells.
    """
    endings = {f".{writer.extension.lower()}": key for key, writer in _WRITERS.items()}
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
        if name in FORMATS:
            found[name] = None
        elif name == _ALL:
            found |= dict.fromkeys(FORMATS)
        elif name:
            raise _unknown(name)
    if not found:
        raise UsageError(f"--format names no format: use {_choices()}.")
    return tuple(found)


def _unknown(name: str) -> UsageError:
    nearest = difflib.get_close_matches(name, (*FORMATS, _ALL), n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}?" if nearest else f"use {_choices()}."
    return UsageError(f"--format does not know {name!r}: {hint}")


def _choices() -> str:
    return f"{', '.join(FORMATS)} or {_ALL}"
