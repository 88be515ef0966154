"""Subtitle files as they stand: every line is kept, and only what changes is written anew.

`read_subtitle_file` reads SubRip, WebVTT and SubStation Alpha, `subtitle_file_bytes` writes them;
SBV, SCC and EBU STL are read as SubRip is (`stored`).
"""

from subalign.subtitles.files.encodings import file_label
from subalign.subtitles.files.reading import (
    check_certain,
    parse_subtitle_file,
    read_subtitle_file,
    render_subtitle_file,
    subtitle_file_bytes,
)
from subalign.subtitles.files.subtitle_file import FileCue, OtherLines, SubtitleFile

__all__ = [
    "FileCue",
    "OtherLines",
    "SubtitleFile",
    "check_certain",
    "file_label",
    "parse_subtitle_file",
    "read_subtitle_file",
    "render_subtitle_file",
    "subtitle_file_bytes",
]
