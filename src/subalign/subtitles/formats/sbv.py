"""SubViewer subtitles as YouTube has them (`.sbv`).

https://support.google.com/youtube/answer/2734698
"""

from collections.abc import Iterator

from subalign.results import Transcript
from subalign.subtitles.files.sbv import render_sbv
from subalign.subtitles.formats.base import UnlitCueWriter
from subalign.subtitles.tags import Tag

__all__ = ["SBVWriter"]


class SBVWriter(UnlitCueWriter):
    """Two times with a comma between, then lines of text, which has neither tags nor escapes."""

    extension = "sbv"

    def render(self, transcript: Transcript) -> Iterator[str]:
        return render_sbv(self.rendered(transcript))

    def tag(self, tag: Tag) -> str:
        return ""
