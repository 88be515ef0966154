"""From a transcript to text in a format: layout of words into cues, and one writer per format.

A writer is imported when it is first asked for: most calls need one of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from subalign.subtitles.cue import Cue
from subalign.subtitles.registry import (
    FORMATS,
    file_name,
    format_of,
    get_writer,
    resolve_formats,
)

if TYPE_CHECKING:
    from subalign.subtitles.cues import lay_out
    from subalign.subtitles.html_writer import HTMLWriter, PageMedia
    from subalign.subtitles.json_writer import JSONWriter
    from subalign.subtitles.srt_writer import SRTWriter
    from subalign.subtitles.tsv_writer import TSVWriter
    from subalign.subtitles.txt_writer import TXTWriter
    from subalign.subtitles.vtt_writer import VTTWriter
    from subalign.subtitles.writer import CueWriter, ResultWriter, SubtitlesWriter

__all__ = [
    "FORMATS",
    "Cue",
    "CueWriter",
    "HTMLWriter",
    "JSONWriter",
    "PageMedia",
    "ResultWriter",
    "SRTWriter",
    "SubtitlesWriter",
    "TSVWriter",
    "TXTWriter",
    "VTTWriter",
    "file_name",
    "format_of",
    "get_writer",
    "lay_out",
    "resolve_formats",
]

_LAZY = {
    "CueWriter": "writer",
    "HTMLWriter": "html_writer",
    "JSONWriter": "json_writer",
    "PageMedia": "html_writer",
    "ResultWriter": "writer",
    "SRTWriter": "srt_writer",
    "SubtitlesWriter": "writer",
    "TSVWriter": "tsv_writer",
    "TXTWriter": "txt_writer",
    "VTTWriter": "vtt_writer",
    "lay_out": "cues",
}


def __getattr__(name: str) -> Any:
    """Import a name of `_LAZY` on its first use (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = value
    return value
