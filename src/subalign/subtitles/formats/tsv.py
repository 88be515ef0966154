"""Tab-separated values (`.tsv`)."""

import re
from collections.abc import Iterator

from subalign.results import Transcript
from subalign.subtitles.formats.base import ResultWriter
from subalign.subtitles.tags import written_text
from subalign.subtitles.timecode import to_milliseconds

__all__ = ["TSVWriter"]

_ROW_BREAKER = re.compile(r"\r\n|[\t\r\n]")


class TSVWriter(ResultWriter):
    """A header and a row per segment: start and end in integer milliseconds, text.

    The bytes are openai-whisper's, with three exceptions:

    1. A line break within the text becomes a space, as a tab does; it would break the row.
    2. A time before the recording's start is 0.
    3. Control characters are left out.

    Formatting tags of a given transcript are left out.
    """

    extension = "tsv"

    def render(self, transcript: Transcript) -> Iterator[str]:
        keep_lines = self.options.keep_lines
        yield "start\tend\ttext\n"
        for segment in transcript.segments:
            start, end = to_milliseconds(segment.start), to_milliseconds(segment.end)
            text = _ROW_BREAKER.sub(" ", written_text(segment, keep_lines=keep_lines).strip())
            yield f"{start}\t{end}\t{text}\n"
