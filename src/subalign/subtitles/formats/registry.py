"""The formats by name, and what `format` may say. A writer is imported when it is asked for."""

import difflib
from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from subalign.errors import UsageError
from subalign.options import LayoutOptions

if TYPE_CHECKING:
    from subalign.subtitles.formats.base import ResultWriter
    from subalign.subtitles.page.page import PageMedia

__all__ = ["FORMATS", "file_name", "format_of", "get_writer", "resolve_formats"]

_WRITERS: Mapping[str, str] = MappingProxyType(
    {
        "txt": "formats.txt.TXTWriter",
        "vtt": "formats.vtt.VTTWriter",
        "srt": "formats.srt.SRTWriter",
        "tsv": "formats.tsv.TSVWriter",
        "json": "formats.json.JSONWriter",
        "ass": "formats.ass.ASSWriter",
        "lrc": "formats.lrc.LRCWriter",
        "elrc": "formats.lrc.EnhancedLRCWriter",
        "ttml": "formats.ttml.TTMLWriter",
        "labels": "formats.audacity.LabelsWriter",
        "textgrid": "formats.textgrid.TextGridWriter",
        "ctm": "formats.ctm.CTMWriter",
        "csv": "formats.csv.CSVWriter",
        "html": "page.page.HTMLWriter",
    }
)
# where the ending of a file is not the format's name
_ENDINGS: Mapping[str, str] = MappingProxyType(
    {"elrc": "words.lrc", "labels": "labels.txt", "textgrid": "TextGrid"}
)

FORMATS: tuple[str, ...] = tuple(_WRITERS)
_ALL = "all"


def get_writer(
    format_name: str,
    options: LayoutOptions | None = None,
    *,
    recording: str = "",
    media: "PageMedia | None" = None,
) -> "ResultWriter":
    """The writer of one format; `recording` is the recording's name, `media` what a page has of it.

    Raises:
        UsageError: there is no such format.
    """
    if format_name == "html":
        from subalign.subtitles.page.page import HTMLWriter

        return HTMLWriter(options, recording=recording, media=media)
    return _writer(format_name)(options, recording=recording)


def file_name(stem: str, format_name: str) -> str:
    """What the result of a recording is called: `talk.srt`, `talk.words.lrc`."""
    return f"{stem}.{_ending(format_name)}"


def format_of(name: str) -> tuple[str, str]:
    """The format that a file's ending names, and the name without it; the longest ending counts.

    A file without a known ending is of the "format" that its last suffix spells.
    """
    endings = {f".{_ending(key).lower()}": key for key in FORMATS}
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
        raise UsageError(f"`format` names no format: use {_choices()}.")
    return tuple(found)


def _writer(name: str) -> "type[ResultWriter]":
    if name not in _WRITERS:
        raise _unknown(name)
    module, _, writer = _WRITERS[name].rpartition(".")
    found: type[ResultWriter] = getattr(import_module(f"subalign.subtitles.{module}"), writer)
    return found


def _ending(name: str) -> str:
    return _ENDINGS.get(name, name)


def _unknown(name: str) -> UsageError:
    nearest = difflib.get_close_matches(name, (*FORMATS, _ALL), n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}?" if nearest else f"use {_choices()}."
    return UsageError(f"`format` does not know {name!r}: {hint}")


def _choices() -> str:
    return f"{', '.join(FORMATS)} or {_ALL}"
