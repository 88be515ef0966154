"""Plain text (`.txt`)."""

from collections.abc import Iterator

from subalign.results import Transcript
from subalign.subtitles.writer import ResultWriter

__all__ = ["TXTWriter"]


class TXTWriter(ResultWriter):
    """Each segment's text on a line, as openai-whisper writes it, without exception.

    A segment without text is an empty line, so that lines and segments keep in step.
    """

    extension = "txt"

    def render(self, transcript: Transcript) -> Iterator[str]:
        for segment in transcript.segments:
            yield segment.text.strip() + "\n"
