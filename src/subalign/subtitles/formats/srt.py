"""SubRip subtitles (`.srt`)."""

import re

from subalign.subtitles.formats.base import SubtitlesWriter
from subalign.subtitles.layout.cues import Cue
from subalign.subtitles.tags import srt_formatting
from subalign.subtitles.timecode import srt_timecode

__all__ = ["SRTWriter"]

_ARROW = re.compile("(?<!-)-{2,}>")


class SRTWriter(SubtitlesWriter):
    """Numbered cues with hours and a decimal comma. SubRip knows no escapes for `<` and `&`.

    It knows no times inside a cue either: karaoke is underlining.

    Differences from openai-whisper's text, after those of `SubtitlesWriter`:

    8. The arrow `-->`, which marks a line of times, becomes `->` in laid-out words too, and
       however many hyphens it has; openai-whisper turns `--->` into `-->`.
    """

    extension = "srt"

    def markup(self, text: str) -> str:
        return srt_formatting(text)

    def highlight_tags(self) -> tuple[str, str]:
        match self.options.highlight_style:
            case "bold":
                return "<b>", "</b>"
            case "color":
                return f'<font color="{self.options.style.highlight}">', "</font>"
            case _:
                return "<u>", "</u>"

    def block(self, number: int, cue: Cue) -> str:
        text = _ARROW.sub("->", cue.text)
        return f"{number}\n{srt_timecode(cue.start_ms)} --> {srt_timecode(cue.end_ms)}\n{text}\n\n"
