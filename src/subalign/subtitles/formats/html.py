"""A page to read, hear and correct a transcript (`.html`)."""

from collections.abc import Iterator

from subalign.results import Transcript
from subalign.subtitles.formats.ass import ASSWriter
from subalign.subtitles.formats.base import ResultWriter
from subalign.subtitles.formats.json import JSONWriter
from subalign.subtitles.formats.srt import SRTWriter
from subalign.subtitles.formats.vtt import VTTWriter

__all__ = ["HTMLWriter"]


class HTMLWriter(ResultWriter):
    """The transcript with its recording, cues and waveform, to be played, searched and edited.

    It is downloaded as SRT, VTT, ASS, TXT or JSON; without edits, these are what the other writers
    give without highlighted words. Cues are laid out by `LayoutOptions`, and what is edited is
    wrapped anew by the same rules.
    """

    extension = "html"

    def render(self, transcript: Transcript) -> Iterator[str]:
        from subalign.subtitles.page.page import PageMedia, render_page

        ass = ASSWriter(self.options)
        return render_page(
            transcript,
            self.options,
            self.media or PageMedia(name=self.recording),
            result=JSONWriter(self.options).render(transcript),
            tag_forms=(SRTWriter(self.options).tag, VTTWriter(self.options).tag, ass.tag),
            ass_header=ass.header("{encoding}"),
        )
