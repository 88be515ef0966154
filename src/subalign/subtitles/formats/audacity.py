"""Audacity labels (`.labels.txt`).

https://manual.audacityteam.org/man/importing_and_exporting_labels.html
"""

from collections.abc import Iterator

from subalign.results import Transcript
from subalign.subtitles.formats.base import ResultWriter, segment_span, word_span
from subalign.subtitles.timecode import seconds_text

__all__ = ["LabelsWriter"]


class LabelsWriter(ResultWriter):
    """A row for each word: start and end in seconds, and the word, between tabs.

    A segment whose words were not timed is one label. The file's name ends with `.labels.txt`, so
    that it never takes the place of the plain text.
    """

    name = "labels"
    extension = "labels.txt"

    def render(self, transcript: Transcript) -> Iterator[str]:
        for segment in transcript.segments:
            spans = map(word_span, segment.words) if segment.words else [segment_span(segment)]
            for span in spans:
                if span.text:
                    start, end = seconds_text(span.start_ms), seconds_text(span.end_ms)
                    yield f"{start}\t{end}\t{span.text}\n"
