"""LRC lyrics (`.lrc`): a time and a line of text, https://en.wikipedia.org/wiki/LRC_(file_format)."""

import math
import re
from collections.abc import Iterator
from dataclasses import replace

from subalign.options import LayoutOptions
from subalign.results import Transcript
from subalign.subtitles.cue import Cue
from subalign.subtitles.formatting import one_line, plain_text
from subalign.subtitles.timecode import in_units, lrc_timecode, to_milliseconds, to_units
from subalign.subtitles.writer import CueWriter

__all__ = ["CENTISECOND", "LRCWriter"]

CENTISECOND = 10  # milliseconds

_PAUSE = 1000  # milliseconds that are worth an empty line
_TIME = re.compile(r"[\[<](\s*\d+\s*:\s*\d+(?:\s*[.:]\s*\d+)?\s*)[\]>]")
_CONTROLS = dict.fromkeys(code for code in range(32) if chr(code) not in "\t\n\r")


class LRCWriter(CueWriter):
    """A line for each cue under the tags `re` (subalign), `ve` (its version) and `length`.

    A line has one time, its start, in centiseconds; the lines' order is that of their times. An
    empty line ends the text where a second or more is silent, and at the end. A cue's lines are
    joined. The format has no escapes: a time in the text in square or angle brackets is written in
    round ones. Words are not highlighted; see `EnhancedLRCWriter`.
    """

    extension = "lrc"

    def __init__(self, options: LayoutOptions | None = None, *, recording: str = "") -> None:
        super().__init__(options, recording=recording)
        self.options = self.line_layout(self.options)

    def line_layout(self, options: LayoutOptions) -> LayoutOptions:
        """The layout of lines: whatever was asked for, without highlighting."""
        return replace(options, highlight_words=False)

    def render(self, transcript: Transcript) -> Iterator[str]:
        yield "[re:subalign]\n"
        if transcript.version:
            yield f"[ve:{transcript.version}]\n"
        if math.isfinite(transcript.duration):
            length = to_units(to_milliseconds(transcript.duration), CENTISECOND)
            yield f"[length:{lrc_timecode(length)}]\n"
        cues = sorted(self.cues(transcript), key=lambda cue: cue.start_ms)
        yield from _lines(cues)

    def escape(self, text: str) -> str:
        return _TIME.sub(r"(\1)", text.translate(_CONTROLS))

    def markup(self, text: str) -> str:
        return self.escape(plain_text(text))

    def highlight_tags(self) -> tuple[str, str]:
        return "", ""


def _lines(cues: list[Cue]) -> Iterator[str]:
    spans = list(in_units(((cue.start_ms, cue.end_ms) for cue in cues), CENTISECOND))
    for index, (cue, (start, end)) in enumerate(zip(cues, spans, strict=True)):
        yield f"[{lrc_timecode(start)}]{one_line(cue.text)}\n"
        following = spans[index + 1][0] if index + 1 < len(spans) else math.inf
        if following - end >= _PAUSE // CENTISECOND:
            yield f"[{lrc_timecode(end)}]\n"
