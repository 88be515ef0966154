"""From a transcript to text in a format: layout of words into cues, and one writer per format.

A writer is imported when it is first asked for: most calls need one of them.
"""

from typing import TYPE_CHECKING

from subalign.lazy import lazy_exports
from subalign.subtitles.cue import Cue
from subalign.subtitles.formats.registry import (
    FORMATS,
    file_name,
    format_of,
    get_writer,
    resolve_formats,
)

if TYPE_CHECKING:
    from subalign.subtitles.formats.base import CueWriter, ResultWriter, SubtitlesWriter
    from subalign.subtitles.formats.json import JSONWriter
    from subalign.subtitles.formats.srt import SRTWriter
    from subalign.subtitles.formats.tsv import TSVWriter
    from subalign.subtitles.formats.txt import TXTWriter
    from subalign.subtitles.formats.vtt import VTTWriter
    from subalign.subtitles.layout.cues import lay_out
    from subalign.subtitles.page.page import HTMLWriter, PageMedia

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

__getattr__ = lazy_exports(
    __name__,
    {
        "CueWriter": "subalign.subtitles.formats.base",
        "HTMLWriter": "subalign.subtitles.page.page",
        "JSONWriter": "subalign.subtitles.formats.json",
        "PageMedia": "subalign.subtitles.page.page",
        "ResultWriter": "subalign.subtitles.formats.base",
        "SRTWriter": "subalign.subtitles.formats.srt",
        "SubtitlesWriter": "subalign.subtitles.formats.base",
        "TSVWriter": "subalign.subtitles.formats.tsv",
        "TXTWriter": "subalign.subtitles.formats.txt",
        "VTTWriter": "subalign.subtitles.formats.vtt",
        "lay_out": "subalign.subtitles.layout.cues",
    },
)
