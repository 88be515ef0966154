"""The formats by name, and what `--format` may say."""

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from subalign.errors import UsageError
from subalign.options import LayoutOptions
from subalign.subtitles.json_writer import JSONWriter
from subalign.subtitles.srt_writer import SRTWriter
from subalign.subtitles.tsv_writer import TSVWriter
from subalign.subtitles.txt_writer import TXTWriter
from subalign.subtitles.vtt_writer import VTTWriter
from subalign.subtitles.writer import ResultWriter

__all__ = ["FORMATS", "get_writer", "resolve_formats"]

_WRITERS: Mapping[str, type[ResultWriter]] = MappingProxyType(
    {
        writer.extension: writer
        for writer in (TXTWriter, VTTWriter, SRTWriter, TSVWriter, JSONWriter)
    }
)

FORMATS: tuple[str, ...] = tuple(_WRITERS)
_ALL = "all"


def get_writer(format_name: str, options: LayoutOptions | None = None) -> ResultWriter:
    """The writer of one format.

    Raises:
        UsageError: there is no such format.
    """
    try:
        return _WRITERS[format_name](options)
    except KeyError:
        raise _unknown(format_name) from None


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
