"""Tab-separated values (`.tsv`)."""

import re
from collections.abc import Iterator

from subalign.results import Transcript
from subalign.subtitles.formats.base import ResultWriter
from subalign.subtitles.layout.speakers import split_at_speakers
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

    Formatting tags of a given transcript are left out. Where it is known who speaks, each speaker
    has rows of their own, and a fourth column is the `speaker`.
    """

    extension = "tsv"

    def render(self, transcript: Transcript) -> Iterator[str]:
        keep_lines = self.options.keep_lines
        has_speakers = bool(transcript.speakers)
        yield "start\tend\ttext\tspeaker\n" if has_speakers else "start\tend\ttext\n"
        segments = transcript.segments if keep_lines else split_at_speakers(transcript.segments)
        for segment in segments:
            start, end = to_milliseconds(segment.start), to_milliseconds(segment.end)
            text = _ROW_BREAKER.sub(" ", written_text(segment, keep_lines=keep_lines).strip())
            speaker = f"\t{_ROW_BREAKER.sub(' ', segment.speaker or '')}" if has_speakers else ""
            yield f"{start}\t{end}\t{text}{speaker}\n"
