"""Timeline markers as an edit decision list (`.edl`), as DaVinci Resolve imports them.

CMX 3600, with markers in lines of comment: File > Import Timeline > Timeline Markers from EDL.
"""

from collections.abc import Iterator
from fractions import Fraction

from subalign.results import Chapter, Transcript
from subalign.subtitles.files.smpte import smpte_time
from subalign.subtitles.formats.base import ResultWriter
from subalign.subtitles.layout.frame_rates import frame_rate
from subalign.subtitles.layout.speakers import name_label
from subalign.subtitles.paragraphs import paragraphs

__all__ = ["EDLWriter"]

_FIRST_HOUR = 3600  # seconds; where timelines begin
_MARKER, _CHAPTER = "ResolveColorBlue", "ResolveColorRed"


class EDLWriter(ResultWriter):
    """A marker for each sentence, as long as it is spoken, and one for each chapter, in red.

    Times count frames of `fps` (25 where none is given) from 01:00:00:00, where timelines begin. A
    bar, which ends a marker's name, is written as a slash. Where another speaker begins, the name
    stands first.
    """

    extension = "edl"

    def render(self, transcript: Transcript) -> Iterator[str]:
        rate = Fraction(25) if self.options.fps is None else frame_rate(self.options.fps)
        yield f"TITLE: {_name(self.recording or 'Transcript')}\nFCM: NON-DROP FRAME\n\n"
        for number, part in enumerate(paragraphs(transcript), start=1):
            if isinstance(part, Chapter):
                start, end, color = part.start, part.start, _CHAPTER
                text = part.title or "Chapter"
            else:
                start, end, color = part.start_ms / 1000, part.end_ms / 1000, _MARKER
                text = part.text if part.speaker is None else name_label(part.speaker) + part.text
            first = round(Fraction(start) * rate)
            frames = max(1, round(Fraction(end) * rate) - first)
            first += _FIRST_HOUR * round(rate)
            begin, after = (smpte_time(frame, rate) for frame in (first, first + 1))
            yield f"{number:03d}  001      V     C        {begin} {after} {begin} {after}  \n"
            yield f" |C:{color} |M:{_name(text)} |D:{frames}\n\n"


def _name(text: str) -> str:
    return " ".join(text.replace("|", "/").split())
