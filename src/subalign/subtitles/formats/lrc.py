"""LRC lyrics (`.lrc`): a time and a line of text, https://en.wikipedia.org/wiki/LRC_(file_format)."""

import math
import re
from collections.abc import Iterator, Sequence

from subalign.options import HighlightStyle
from subalign.results import Transcript
from subalign.subtitles.cue import Cue, TextSpan, split_word
from subalign.subtitles.formats.base import CueWriter
from subalign.subtitles.tags import Run, Tag, one_line, render_runs
from subalign.subtitles.timecode import in_units, lrc_timecode, to_milliseconds, to_units

__all__ = ["EnhancedLRCWriter", "LRCWriter"]

_CENTISECOND = 10  # milliseconds
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

    @property
    def highlight(self) -> HighlightStyle | None:
        return None

    def render(self, transcript: Transcript) -> Iterator[str]:
        yield "[re:subalign]\n"
        if transcript.version:
            yield f"[ve:{transcript.version}]\n"
        if math.isfinite(transcript.duration):
            length = to_units(to_milliseconds(transcript.duration), _CENTISECOND)
            yield f"[length:{lrc_timecode(length)}]\n"
        yield from _lines(sorted(self.rendered(transcript), key=lambda span: span.start_ms))

    def escape(self, text: str) -> str:
        return _TIME.sub(r"(\1)", text.translate(_CONTROLS))

    def beside(self, runs: Sequence[Run]) -> list[str]:
        return [self.escape(render_runs(runs))]

    def tag(self, tag: Tag) -> str:
        return ""

    def highlight_tags(self) -> tuple[str, str]:
        return "", ""


def _lines(spans: list[TextSpan]) -> Iterator[str]:
    times = list(in_units(((span.start_ms, span.end_ms) for span in spans), _CENTISECOND))
    for index, (span, (start, end)) in enumerate(zip(spans, times, strict=True)):
        yield f"[{lrc_timecode(start)}]{one_line(span.text)}\n"
        following = times[index + 1][0] if index + 1 < len(times) else math.inf
        if following - end >= _PAUSE // _CENTISECOND:
            yield f"[{lrc_timecode(end)}]\n"


class EnhancedLRCWriter(LRCWriter):
    """LRC with `<mm:ss.xx>` before each word, and after a word that a label or the end follows.

    The file's name ends with `.words.lrc`, so that it never takes the place of the LRC file of the
    same recording, and players still know it.
    """

    name = "elrc"
    extension = "words.lrc"

    @property
    def highlight(self) -> HighlightStyle | None:
        return "karaoke"

    def karaoke(self, cue: Cue) -> Iterator[str]:
        at = to_units(cue.start_ms, _CENTISECOND)
        last = ""  # sign before the word, without its times
        beside = [(*self.beside(word.before), *self.beside(word.after)) for word in cue.words]
        following = (*(before for before, _ in beside[1:]), "the end")
        for word, (before, after), label in zip(cue.words, beside, following, strict=True):
            text = self.escape(word.text)
            space, said, rest = split_word(text)
            at = max(at, to_units(word.start_ms, _CENTISECOND))
            if not before:
                space = _on_one_line(last, space, said)
            yield f"{before}{space}<{lrc_timecode(at)}>{said}"
            if label.strip() or after.strip():
                at = max(at, to_units(word.end_ms, _CENTISECOND))
                yield f"<{lrc_timecode(at)}>"
            yield rest + after
            last = (before + text + after)[-1:] or last


def _on_one_line(last: str, space: str, said: str) -> str:
    """The space between two words of a line: none for a line break between Chinese words."""
    if not (last and said):
        return one_line(space)
    return one_line(f"{last}{space}{said[0]}")[len(last) : -1]
