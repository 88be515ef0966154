"""Words and segments with whole milliseconds, for the formats that list them without layout."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from subalign.results import Segment, Word
from subalign.subtitles.formatting import one_line, written_text
from subalign.subtitles.timecode import to_milliseconds

__all__ = ["Span", "apart", "segment_span", "word_span"]


@dataclass(frozen=True, slots=True)
class Span:
    """Text on one line, from `start_ms` to `end_ms`."""

    start_ms: int
    end_ms: int
    text: str


def word_span(word: Word) -> Span:
    """What is said, without what stands beside it."""
    return _span(word.start, word.end, word.text)


def segment_span(segment: Segment) -> Span:
    """A segment's text as written, without a given transcript's formatting tags."""
    given = segment.words is not None  # text of which nothing is said
    return _span(segment.start, segment.end, written_text(segment, keep_lines=given))


def apart(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans in order that do not overlap, each of a millisecond or more; none without text."""
    until = 0
    for span in spans:
        if span.text:
            start = max(until, span.start_ms)
            until = max(start + 1, span.end_ms)
            yield Span(start, until, span.text)


def _span(start: float, end: float, text: str) -> Span:
    start_ms = to_milliseconds(start)
    return Span(start_ms, max(start_ms + 1, to_milliseconds(end)), one_line(text))
