"""Praat TextGrids (`.TextGrid`), https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html."""

import math
from collections.abc import Iterator

from subalign.results import Transcript
from subalign.subtitles.cue import TextSpan
from subalign.subtitles.formats.base import ResultWriter, apart, segment_span, word_span
from subalign.subtitles.layout.speakers import split_at_speakers
from subalign.subtitles.tags import one_line
from subalign.subtitles.timecode import to_milliseconds

__all__ = ["TextGridWriter"]

_TAB = " " * 4


class TextGridWriter(ResultWriter):
    """Two interval tiers, `words` and `segments`, from 0 to the recording's end, in the long form.

    Intervals cannot overlap: where two would, the later one begins when the earlier ends. Silence
    is an interval without text. Segments whose words were not timed are in the second tier alone.
    Where it is known who speaks, each speaker has a further tier with what they say.
    """

    name = "textgrid"
    extension = "TextGrid"

    def render(self, transcript: Transcript) -> Iterator[str]:
        tiers = [
            ("words", list(apart(map(word_span, transcript.words)))),
            ("segments", list(apart(map(segment_span, transcript.segments)))),
            *_tiers_of_speakers(transcript),
        ]
        duration = transcript.duration if math.isfinite(transcript.duration) else 0.0
        end_ms = max(
            1,
            to_milliseconds(duration),
            *(span.end_ms for _, spans in tiers for span in spans[-1:]),
        )
        yield 'File type = "ooTextFile"\n'
        yield f'Object class = "TextGrid"\n\n{_times(0, end_ms)}tiers? <exists> \n'
        yield f"size = {len(tiers)} \nitem []: \n"
        for number, (name, spans) in enumerate(tiers, 1):
            intervals = list(_with_silences(spans, end_ms))
            yield f'{_TAB}item [{number}]:\n{_TAB * 2}class = "IntervalTier" \n'
            yield f'{_TAB * 2}name = "{_quoted(name)}" \n{_times(0, end_ms, _TAB * 2)}'
            yield f"{_TAB * 2}intervals: size = {len(intervals)} \n"
            for index, (start_ms, end, text) in enumerate(intervals, 1):
                yield f"{_TAB * 2}intervals [{index}]:\n{_times(start_ms, end, _TAB * 3)}"
                yield f'{_TAB * 3}text = "{_quoted(text)}" \n'


def _tiers_of_speakers(transcript: Transcript) -> Iterator[tuple[str, list[TextSpan]]]:
    segments = list(split_at_speakers(transcript.segments))
    for name in transcript.speakers:
        own = (segment_span(segment) for segment in segments if segment.speaker == name)
        yield one_line(name), list(apart(own))


def _quoted(text: str) -> str:
    return text.replace('"', '""')


def _with_silences(spans: list[TextSpan], end_ms: int) -> Iterator[tuple[int, int, str]]:
    """Intervals (start, end, text) without gaps from 0 to `end_ms`."""
    at = 0
    for span in spans:
        if span.start_ms > at:
            yield at, span.start_ms, ""
        yield span.start_ms, span.end_ms, span.text
        at = span.end_ms
    if at < end_ms:
        yield at, end_ms, ""


def _times(start_ms: int, end_ms: int, indent: str = "") -> str:
    """Two lines, in seconds."""
    return f"{indent}xmin = {start_ms / 1000:.15g} \n{indent}xmax = {end_ms / 1000:.15g} \n"
