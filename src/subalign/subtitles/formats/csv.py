"""Comma-separated values (`.csv`), https://www.rfc-editor.org/rfc/rfc4180."""

import csv
import io
import math
from collections.abc import Iterable, Iterator

from subalign.results import Segment, Transcript, Word
from subalign.subtitles.formats.base import ResultWriter, segment_span, word_span
from subalign.subtitles.timecode import seconds_text

__all__ = ["CSVWriter"]

# ASCII's, and their wide forms, which some spreadsheets take for them
_FORMULA_SIGNS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


class CSVWriter(ResultWriter):
    """A header, and a row for each word.

    `segment` is the segment's number, from 0; `start` and `end` are seconds; `text` is the word
    without the space around it; `probability` is between 0 and 1; `estimated` is true or false;
    `before` and `after` are what stands beside the word and nobody says. A segment whose words
    were not timed is one row without these four. Where it is known who speaks, a last column is the
    `speaker`. (For segments see the format `tsv`.)

    As the RFC has it, rows end with CR LF, and fields with commas, quotes or line breaks stand in
    quotes. Text is on one line. Spreadsheets calculate what begins with `=`, `+`, `-` or `@`: such
    text gets an apostrophe before it, unless the options leave formulas as they are.
    """

    extension = "csv"

    def render(self, transcript: Transcript) -> Iterator[str]:
        columns = "segment start end text probability estimated before after".split()
        count = len(columns) + bool(transcript.speakers)
        yield _row([*columns, "speaker"][:count])
        for segment in transcript.segments:
            if segment.words:
                yield from (_row(self._word(segment.id, word)[:count]) for word in segment.words)
            else:
                yield _row(self._untimed(segment)[:count])

    def _word(self, segment: int, word: Word) -> list[str]:
        span = word_span(word)
        probability = f"{word.probability:.4f}" if math.isfinite(word.probability) else ""
        times = seconds_text(span.start_ms), seconds_text(span.end_ms)
        before, after = self._cell(word.before.strip()), self._cell(word.after.strip())
        estimated = str(word.estimated).lower()
        speaker = self._cell(word.speaker or "")
        text = self._cell(span.text)
        return [str(segment), *times, text, probability, estimated, before, after, speaker]

    def _untimed(self, segment: Segment) -> list[str]:
        span = segment_span(segment)
        times = seconds_text(span.start_ms), seconds_text(span.end_ms)
        speaker = self._cell(segment.speaker or "")
        return [str(segment.id), *times, self._cell(span.text), "", "", "", "", speaker]

    def _cell(self, text: str) -> str:
        is_formula = text.startswith(_FORMULA_SIGNS) and not self.options.csv_formulas
        return f"'{text}" if is_formula else text


def _row(fields: Iterable[str]) -> str:
    row = io.StringIO(newline="")
    csv.writer(row, lineterminator="\r\n").writerow(field.replace("\0", "") for field in fields)
    return row.getvalue()
