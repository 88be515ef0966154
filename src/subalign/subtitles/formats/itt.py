"""iTunes Timed Text (`.itt`): TTML1 with time codes, as Apple's stores and Final Cut Pro take it.

https://help.apple.com/itc/videoaudioassetguide/#/itc0f14fecdd
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from subalign.options import HighlightStyle
from subalign.subtitles.files.smpte import smpte_time
from subalign.subtitles.formats.ttml import TTMLWriter
from subalign.subtitles.layout.frame_rates import frame_rate

__all__ = ["ITTWriter"]


class ITTWriter(TTMLWriter):
    """A paragraph for each cue in time codes, at the bottom or the top.

    They count frames of `fps` (25 where none is given) without dropped numbers. The player's font
    and size hold, as stores demand. Highlighting makes a paragraph for each word; karaoke is
    underlining.
    """

    extension = "itt"
    has_agents = False

    @property
    def highlight(self) -> HighlightStyle | None:
        return "underline" if super().highlight == "karaoke" else super().highlight

    @property
    def _rate(self) -> Fraction:
        return Fraction(25) if self.options.fps is None else frame_rate(self.options.fps)

    def head(self, language: str, agents: Mapping[str, str]) -> Iterator[str]:
        multiplier = "1000 1001" if self._rate.denominator != 1 else "1 1"
        yield (
            '<tt xmlns="http://www.w3.org/ns/ttml" '
            'xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
            'xmlns:tts="http://www.w3.org/ns/ttml#styling" ttp:timeBase="smpte" '
            f'ttp:frameRate="{round(self._rate)}" ttp:frameRateMultiplier="{multiplier}" '
            f'ttp:dropMode="nonDrop" xml:lang="{language}">\n'
        )
        yield (
            "  <head>\n    <styling>\n"
            '      <style xml:id="normal" tts:fontFamily="sansSerif" tts:fontSize="100%" '
            'tts:fontStyle="normal" tts:fontWeight="normal" tts:color="white"/>\n'
            "    </styling>\n    <layout>\n"
        )
        for name, origin, align in (("bottom", "0% 85%", "after"), ("top", "0% 0%", "before")):
            yield (
                f'      <region xml:id="{name}" tts:origin="{origin}" tts:extent="100% 15%" '
                f'tts:textAlign="center" tts:displayAlign="{align}"/>\n'
            )
        yield '    </layout>\n  </head>\n  <body style="normal">\n    <div>\n'

    def time(self, milliseconds: int) -> str:
        return smpte_time(round(milliseconds * self._rate / 1000), self._rate)
