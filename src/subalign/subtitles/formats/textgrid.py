"""Praat TextGrids (`.TextGrid`), https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html."""

import math
from collections.abc import Iterator

from subalign.results import Transcript
from subalign.subtitles.formats.base import ResultWriter, Span, apart, segment_span, word_span
from subalign.subtitles.timecode import to_milliseconds

__all__ = ["TextGridWriter"]


class TextGridWriter(ResultWriter):
    """Two interval tiers, `words` and `segments`, from 0 to the recording's end, in the long form.

    Intervals cannot overlap: where two would, the later one begins when the earlier ends. Silence
    is an interval without text. Segments whose words were not timed are in the second tier alone.
    """

    name = "textgrid"
    extension = "TextGrid"

    def render(self, transcript: Transcript) -> Iterator[str]:
        from praatio.utilities.textgrid_io import getTextgridAsStr

        words = list(apart(map(word_span, transcript.words)))
        segments = list(apart(map(segment_span, transcript.segments)))
        duration = transcript.duration if math.isfinite(transcript.duration) else 0.0
        end_ms = max(
            1, to_milliseconds(duration), *(span.end_ms for span in (*words[-1:], *segments[-1:]))
        )
        text = getTextgridAsStr(
            {
                "xmin": 0.0,
                "xmax": end_ms / 1000,
                "tiers": [_tier("words", words, end_ms), _tier("segments", segments, end_ms)],
            },
            format="long_textgrid",
            includeBlankSpaces=True,
            minimumIntervalLength=None,
        )
        head, _, rest = text.partition("\n")
        yield head + "\n"
        yield rest


def _tier(name: str, spans: list[Span], end_ms: int) -> dict[str, object]:
    return {
        "class": "IntervalTier",
        "name": name,
        "xmin": 0.0,
        "xmax": end_ms / 1000,
        "entries": [(span.start_ms / 1000, span.end_ms / 1000, span.text) for span in spans],
    }
