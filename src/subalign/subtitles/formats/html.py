"""A page to read, hear and correct a transcript (`.html`)."""

from collections.abc import Iterator

from subalign.results import Transcript
from subalign.subtitles.formats.base import ResultWriter
from subalign.subtitles.formats.json import JSONWriter

__all__ = ["HTMLWriter"]


class HTMLWriter(ResultWriter):
    """The transcript with its recording, cues and waveform, to be played, searched and corrected.

    Corrections are downloaded as SRT, VTT or JSON; without any, these are what the other writers
    give. Cues are laid out by `LayoutOptions` and then keep their words.
    """

    extension = "html"

    def render(self, transcript: Transcript) -> Iterator[str]:
        from subalign.subtitles.page.page import PageMedia, render_page

        media = self.media or PageMedia(name=self.recording)
        result = JSONWriter(self.options).render(transcript)
        return render_page(transcript, self.options, media, result)
