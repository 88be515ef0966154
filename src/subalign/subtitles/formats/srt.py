"""SubRip subtitles (`.srt`)."""

import re

from subalign.options import HighlightStyle
from subalign.subtitles.cue import TextSpan
from subalign.subtitles.formats.base import SubtitlesWriter
from subalign.subtitles.tags import Tag, srt_tag
from subalign.subtitles.timecode import srt_timecode

__all__ = ["SRTWriter"]

_ARROW = re.compile("(?<!-)-{2,}>")


class SRTWriter(SubtitlesWriter):
    """Numbered cues with hours and a decimal comma. SubRip knows no escapes for `<` and `&`.

    It knows no times inside a cue either: karaoke is underlining. Colours are `<font>`, which many
    players know.

    Differences from openai-whisper's text, after those of `SubtitlesWriter`:

    8. The arrow `-->`, which marks a line of times, becomes `->` in laid-out words too, and
       however many hyphens it has; openai-whisper turns `--->` into `-->`.
    """

    extension = "srt"
    has_colours = True

    @property
    def highlight(self) -> HighlightStyle | None:
        return "underline" if super().highlight == "karaoke" else super().highlight

    def tag(self, tag: Tag) -> str:
        return srt_tag(tag)

    def highlight_tags(self) -> tuple[str, str]:
        match self.highlight:
            case "bold":
                return "<b>", "</b>"
            case "color":
                return f'<font color="{self.options.style.highlight}">', "</font>"
            case _:
                return "<u>", "</u>"

    def voice(self, speaker: str, *, alone: bool) -> tuple[str, str]:
        colour = self.colours.get(speaker)
        return ("", "") if colour is None else (f'<font color="{colour}">', "</font>")

    def block(self, number: int, span: TextSpan) -> str:
        times = f"{srt_timecode(span.start_ms)} --> {srt_timecode(span.end_ms)}"
        return f"{number}\n{times}\n{_ARROW.sub('->', span.text)}\n\n"
