"""Who speaks when (`.rttm`), as NIST's scoring of speakers and most tools for diarisation read it.

"The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan", appendix A.
"""

from collections.abc import Iterator
from itertools import groupby

from subalign.results import Segment, Transcript
from subalign.subtitles.formats.base import ResultWriter, segment_span, word_span
from subalign.subtitles.timecode import seconds_text

__all__ = ["RTTMWriter"]

_CHANNEL = "1"
_UNKNOWN = "unknown"  # NIST's word for it
_PAUSE = 500  # milliseconds; a shorter pause is of the turn


class RTTMWriter(ResultWriter):
    """A row for each turn: `SPEAKER`, recording, channel, start, duration, and the speaker.

    Times are seconds. A turn lasts from a speaker's first word to the last before half a second of
    silence, or before somebody else. Speech of which it is not known whose it is has the speaker
    `unknown`. Fields are parted by spaces, so that a space within a name is written `_`.
    """

    extension = "rttm"

    def render(self, transcript: Transcript) -> Iterator[str]:
        recording = _field(self.recording) or "recording"
        spoken = (piece for segment in transcript.segments for piece in _pieces(segment))
        for speaker, pieces in groupby(spoken, key=lambda piece: piece[2]):
            for start, end in _turns((first, last) for first, last, _ in pieces):
                times = f"{seconds_text(start)} {seconds_text(end - start)}"
                name = _field(speaker) or _UNKNOWN
                yield f"SPEAKER {recording} {_CHANNEL} {times} <NA> <NA> {name} <NA> <NA>\n"


def _pieces(segment: Segment) -> Iterator[tuple[int, int, str]]:
    """When words, or a segment without any, are spoken (milliseconds), and by whom."""
    if segment.words:
        for word in segment.words:
            span = word_span(word)
            yield span.start_ms, span.end_ms, word.speaker or segment.speaker or _UNKNOWN
    else:
        span = segment_span(segment)
        if span.text:
            yield span.start_ms, span.end_ms, segment.speaker or _UNKNOWN


def _turns(spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first, last = next(spans)
    for start, end in spans:
        if start - last >= _PAUSE or start < first:
            yield first, last
            first, last = start, end
        last = max(last, end)
    yield first, last


def _field(text: str) -> str:
    return "_".join(text.split())
