"""Which of the formats a text is in, as its first lines show."""

import re

from subalign.subtitles.cue_files.blocks import begins_with_cue
from subalign.subtitles.cue_files.cue_file import FileFormat

__all__ = ["detect_format"]

_VTT = re.compile(r"\s*WEBVTT(?:[ \t\n]|$)")
_ASS = re.compile(r"^[ \t]*\[Script Info\]|^\[Events\]", re.IGNORECASE | re.MULTILINE)


def detect_format(text: str) -> FileFormat | None:
    """The format if the text, line breaks LF, begins as such a file does, else None."""
    if _VTT.match(text):
        return "vtt"
    if begins_with_cue(text):
        return "srt"
    return "ass" if _ASS.search(text[:4000]) else None
