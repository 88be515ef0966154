"""LRC lyrics (`.lrc`): a time and a line of text, https://en.wikipedia.org/wiki/LRC_(file_format)."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from subalign.options import LayoutOptions
from subalign.results import Transcript
from subalign.subtitles.cue import Cue, CueWord
from subalign.subtitles.formats.base import CueWriter
from subalign.subtitles.highlight import Highlight, split_word
from subalign.subtitles.tags import one_line, plain_text
from subalign.subtitles.timecode import in_units, lrc_timecode, to_milliseconds, to_units

__all__ = [
    "CENTISECOND",
    "EnhancedLRCWriter",
    "LRCWriter",
]


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


class EnhancedLRCWriter(LRCWriter):
    """LRC with `<mm:ss.xx>` before each word, and after a word that a label or the end follows.

    The file's name ends with `.words.lrc`, so that it never takes the place of the LRC file of the
    same recording, and players still know it.
    """

    name = "elrc"
    extension = "words.lrc"

    def line_layout(self, options: LayoutOptions) -> LayoutOptions:
        """The layout that was asked for, with every word timed."""
        return replace(options, highlight_words=True)

    def highlighter(self) -> Highlight:
        return _timed


def _timed(words: Sequence[CueWord], start_ms: int, end_ms: int) -> Iterator[Cue]:
    text = ""
    at = to_units(start_ms, CENTISECOND)
    last = ""  # sign before the word, without its times
    for index, word in enumerate(words):
        space, said, rest = split_word(word.text)
        at = max(at, to_units(word.start_ms, CENTISECOND))
        if not word.before:
            space = _on_one_line(last, space, said)
        text += f"{word.before}{space}<{lrc_timecode(at)}>{said}"
        is_last = index == len(words) - 1
        if is_last or word.after.strip() or words[index + 1].before.strip():
            at = max(at, to_units(word.end_ms, CENTISECOND))
            text += f"<{lrc_timecode(at)}>"
        text += rest + word.after
        last = word.written[-1:] or last
    yield Cue(start_ms, end_ms, text)


def _on_one_line(last: str, space: str, said: str) -> str:
    """The space between two words of a line: none for a line break between Chinese words."""
    if not (last and said):
        return one_line(space)
    return one_line(f"{last}{space}{said[0]}")[len(last) : -1]
