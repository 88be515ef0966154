"""From a transcript to text in a format: layout of words into cues, and one writer per format."""

from typing import TYPE_CHECKING

from subalign.lazy import lazy_exports

if TYPE_CHECKING:
    from subalign.subtitles.cue import Cue, CueWord, TextSpan
    from subalign.subtitles.formats.base import CueWriter, ResultWriter, SubtitlesWriter
    from subalign.subtitles.formats.html import HTMLWriter
    from subalign.subtitles.formats.json import JSONWriter
    from subalign.subtitles.formats.registry import (
        FORMATS,
        file_name,
        format_of,
        get_writer,
        resolve_formats,
    )
    from subalign.subtitles.formats.srt import SRTWriter
    from subalign.subtitles.formats.vtt import VTTWriter
    from subalign.subtitles.layout.cues import lay_out
    from subalign.subtitles.page.page import PageMedia

__all__ = [
    "FORMATS",
    "Cue",
    "CueWord",
    "CueWriter",
    "HTMLWriter",
    "JSONWriter",
    "PageMedia",
    "ResultWriter",
    "SRTWriter",
    "SubtitlesWriter",
    "TextSpan",
    "VTTWriter",
    "file_name",
    "format_of",
    "get_writer",
    "lay_out",
    "resolve_formats",
]

_MODULES = {
    "cue": "Cue CueWord TextSpan",
    "formats.base": "CueWriter ResultWriter SubtitlesWriter",
    "formats.html": "HTMLWriter",
    "formats.json": "JSONWriter",
    "formats.registry": "FORMATS file_name format_of get_writer resolve_formats",
    "formats.srt": "SRTWriter",
    "formats.vtt": "VTTWriter",
    "layout.cues": "lay_out",
    "page.page": "PageMedia",
}
__getattr__ = lazy_exports(
    __name__,
    {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names.split()},
)
