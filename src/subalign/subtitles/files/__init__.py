"""Subtitle files as they stand: every line is kept, and only what changes is written anew.

`read_cue_file` is the way in. `cue_file` holds what is read, `times` reads and writes times,
`blocks` SubRip and WebVTT, `substation` SubStation Alpha.
"""

from subalign.subtitles.files.cue_file import Aside, CueFile, FileCue
from subalign.subtitles.files.reading import (
    check_certain,
    parse_cue_file,
    read_cue_file,
    render_cue_file,
)

__all__ = [
    "Aside",
    "CueFile",
    "FileCue",
    "check_certain",
    "parse_cue_file",
    "read_cue_file",
    "render_cue_file",
]
