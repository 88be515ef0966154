"""EBU STL subtitles (`.stl`), for European broadcasters.

EBU Tech 3264, https://tech.ebu.ch/docs/tech/tech3264.pdf
"""

from fractions import Fraction

from subalign.errors import OutputError
from subalign.results import Transcript
from subalign.subtitles.files.ebu_stl import StlCue, render_stl, stl_header
from subalign.subtitles.formats.base import BinaryWriter, UnlitCueWriter
from subalign.subtitles.layout.frame_rates import frame_rate

__all__ = ["STLWriter"]

_NTSC = (Fraction(30000, 1001), Fraction(30), Fraction(60000, 1001), Fraction(60))


class STLWriter(UnlitCueWriter, BinaryWriter):
    """Open subtitles, centred at the bottom or the top; italics and underlining are kept.

    Times count frames from 0, 29.97 a second where `fps` is 29.97 to 60, else 25, as the standard
    knows no others. Letters are those of ISO 6937 or of ISO 8859's Cyrillic, Arabic, Greek and
    Hebrew parts, whichever has all of a text; a text that none of them has is refused.
    """

    extension = "stl"

    def content(self, transcript: Transcript) -> bytes:
        is_ntsc = frame_rate(self.options.fps or 25) in _NTSC
        header = stl_header(transcript.language, self.recording, ntsc=is_ntsc)
        try:
            return render_stl((StlCue(*span) for span in self.rendered(transcript)), header)
        except ValueError as error:
            raise OutputError(
                f"{self.recording or 'The result'} cannot be written as EBU STL, as {error}: "
                "choose another `format`, such as `format=ttml`."
            ) from error
