"""From a transcript to text in a format: layout of words into cues, and one writer per format."""

from subalign.subtitles.cue import Cue
from subalign.subtitles.cues import lay_out
from subalign.subtitles.html_writer import HTMLWriter, PageMedia
from subalign.subtitles.json_writer import JSONWriter
from subalign.subtitles.registry import (
    FORMATS,
    file_name,
    format_of,
    get_writer,
    resolve_formats,
)
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
