"""Plain text (`.txt`)."""

from collections.abc import Iterator

from subalign.results import Transcript
from subalign.subtitles.formats.base import ResultWriter
from subalign.subtitles.layout.speakers import shown_segments
from subalign.subtitles.tags import written_text

__all__ = ["TXTWriter"]


class TXTWriter(ResultWriter):
    """Each segment's text on a line, as openai-whisper writes it, without control characters.

    A segment without text is an empty line, so that lines and segments keep in step.
    Formatting tags of a given transcript are left out. Where several speak, each has lines of its
    own, the first behind the name.
    """

    extension = "txt"

    def render(self, transcript: Transcript) -> Iterator[str]:
        for segment in shown_segments(transcript.segments, self.options):
            text = written_text(segment, keep_lines=self.options.keep_lines)
            yield text.strip() + "\n"
