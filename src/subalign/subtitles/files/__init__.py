"""Subtitle files as they stand: every line is kept, and only what changes is written anew.

`read_subtitle_file` is the way in. `cue_file` holds what is read, `times` reads and writes times,
`blocks` SubRip and WebVTT, `substation` SubStation Alpha.
"""

from subalign.subtitles.files.reading import (
    check_certain,
    parse_subtitle_file,
    read_subtitle_file,
    render_subtitle_file,
)
from subalign.subtitles.files.subtitle_file import Aside, FileCue, SubtitleFile

__all__ = [
    "Aside",
    "FileCue",
    "SubtitleFile",
    "check_certain",
    "parse_subtitle_file",
    "read_subtitle_file",
    "render_subtitle_file",
]
