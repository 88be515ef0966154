"""Layout: timed words become cues, the pieces of text that a player shows one after another.

A segment with timed words is laid out by its words; any other segment is one cue, which the limits
of `LayoutOptions` leave as it is. How words are packed:

- A line takes words while they fit into `max_line_width` characters.
- Without both `max_line_width` and `max_line_count`, every segment starts a cue, and so does every
  group of `max_words_per_line` words in it; lines that are too long are broken within the cue.
- With both, cues run across segments: a new one starts after `max_line_count` lines, or where a
  word starts more than 3 s after the word before it started. `max_words_per_line` has no effect.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from subalign.options import LayoutOptions
from subalign.results import Segment, Word
from subalign.subtitles.timecode import to_milliseconds

__all__ = ["Cue", "lay_out"]

_LONG_PAUSE = 3.0  # Seconds.
_UNLIMITED = 1000  # Characters or words; openai-whisper's stand-in for "no limit".
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Cue:
    """Text shown from `start_ms` to `end_ms`, in milliseconds from the recording's start."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class _PlacedWord:
    """A word as it stands in its cue: with its space, or with the line break before it."""

    text: str
    start_ms: int
    end_ms: int


def lay_out(
    segments: Iterable[Segment], options: LayoutOptions, *, escape: Callable[[str], str] = str
) -> Iterator[Cue]:
    """Lay segments out as cues, in order, each as soon as no later word can join it.

    `escape` makes text safe for the format. It is applied to the text before `<u>` is put around a
    highlighted word; widths count unescaped characters. Every cue has text, no blank line in it,
    and lasts a millisecond or more.
    """
    for part in _pack(segments, options):
        if isinstance(part, Segment):
            start, end = to_milliseconds(part.start), to_milliseconds(part.end)
            cues = iter((Cue(start, end, escape(part.text.strip())),))
        elif options.highlight_words:
            cues = _highlight([replace(word, text=escape(word.text)) for word in part])
        else:
            text = "".join(escape(word.text) for word in part)
            cues = iter((Cue(part[0].start_ms, part[-1].end_ms, text),))
        for cue in cues:
            if text := _without_blank_lines(cue.text):
                yield Cue(cue.start_ms, max(cue.end_ms, cue.start_ms + 1), text)


def _pack(
    segments: Iterable[Segment], options: LayoutOptions
) -> Iterator[list[_PlacedWord] | Segment]:
    """The words of each cue, and each segment that has text but no words."""
    packer = _Packer(options)
    group = options.max_words_per_line or _UNLIMITED
    for segment in segments:
        if not segment.words:
            if segment.text.strip():
                yield from packer.close()
                yield segment
            continue
        for index, word in enumerate(segment.words):
            yield from packer.add(word, opens_group=index % group == 0)
    yield from packer.close()


class _Packer:
    """Packs words into lines, and lines into cues; each method gives the cue that it completed."""

    def __init__(self, options: LayoutOptions) -> None:
        self._follows_segments = options.max_line_width is None or options.max_line_count is None
        self._line_width = options.max_line_width or _UNLIMITED
        self._max_lines = options.max_line_count
        self._words: list[_PlacedWord] = []
        self._lines = 1
        self._line_length = 0
        self._last_start = 0.0

    def add(self, word: Word, *, opens_group: bool) -> Iterator[list[_PlacedWord]]:
        """Place a word; `opens_group` marks the first of a segment, or of its groups of words."""
        after_pause = not self._follows_segments and word.start - self._last_start > _LONG_PAUSE
        self._last_start = word.start
        new_group = self._follows_segments and opens_group and bool(self._words)
        fits = 0 < self._line_length <= self._line_width - len(word.text)
        if fits and not after_pause and not new_group:
            self._place(word, word.text)
            self._line_length += len(word.text)
            return
        text = word.text.strip()
        width = len(text)
        full = self._max_lines is not None and (after_pause or self._lines >= self._max_lines)
        if self._words and (new_group or full):
            yield from self.close()
        elif self._line_length > 0:
            self._lines += 1
            text = "\n" + text
        self._place(word, text)
        self._line_length = width

    def close(self) -> Iterator[list[_PlacedWord]]:
        """End the cue, if one is open."""
        words, self._words = self._words, []
        self._lines = 1
        self._line_length = 0
        if words:
            yield words

    def _place(self, word: Word, text: str) -> None:
        start, end = to_milliseconds(word.start), to_milliseconds(word.end)
        self._words.append(_PlacedWord(text, start, end))


def _highlight(words: Sequence[_PlacedWord]) -> Iterator[Cue]:
    """The cue once for each word, underlined while it is spoken, and plain between words."""
    plain = "".join(word.text for word in words)
    shown_until = words[0].start_ms
    cues = 0
    for index, word in enumerate(words):
        if word.start_ms > shown_until:
            yield Cue(shown_until, word.start_ms, plain)
            cues += 1
        if word.end_ms > word.start_ms:
            before = "".join(other.text for other in words[:index])
            after = "".join(other.text for other in words[index + 1 :])
            yield Cue(word.start_ms, word.end_ms, before + _underline(word.text) + after)
            cues += 1
        shown_until = max(shown_until, word.end_ms)
    if not cues:
        yield Cue(words[0].start_ms, words[-1].end_ms, plain)


def _underline(text: str) -> str:
    """`<u>` around a word, not around the space before it nor a line break after it."""
    word = text.lstrip()
    if not word:
        return text
    space = text[: len(text) - len(word)]
    spoken = word.rstrip("\r\n")
    return f"{space}<u>{spoken}</u>{word[len(spoken) :]}"


def _without_blank_lines(text: str) -> str:
    """A blank line would end the cue in the file."""
    lines = _LINE_END.split(text)
    return "\n".join(line for line in lines if line.strip())
