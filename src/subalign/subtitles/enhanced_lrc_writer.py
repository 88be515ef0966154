"""Enhanced LRC (`.words.lrc`): lyrics with a time before each word, as A2 Media Player's.

https://en.wikipedia.org/wiki/LRC_(file_format)#A2_extension:_word_time_tag
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from subalign.options import LayoutOptions
from subalign.subtitles.cue import Cue, CueWord
from subalign.subtitles.formatting import one_line
from subalign.subtitles.highlight import Highlight, split_word
from subalign.subtitles.lrc_writer import CENTISECOND, LRCWriter
from subalign.subtitles.timecode import lrc_timecode, to_units

__all__ = ["EnhancedLRCWriter"]


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
