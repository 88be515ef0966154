"""Cues without a profile: segments as they are written, and openai-whisper's packing of words.

A segment without timed words is one cue, which no limit touches. A line takes words while they fit
into `max_line_width` characters. Without both `max_line_width` and `max_line_count`, every segment
starts a cue, and so does every group of `max_words_per_line` words in it; lines that are too long
are broken within the cue. With both, cues run across segments: a new one starts after
`max_line_count` lines, or where a word starts more than 3 s after the word before it started;
`max_words_per_line` has no effect.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from subalign.characters import is_unspaced
from subalign.options import LayoutOptions
from subalign.results import Segment, Word
from subalign.subtitles.cue import Cue, CueWord
from subalign.subtitles.tags import Run, plain_text, split_tags
from subalign.subtitles.timecode import to_milliseconds

__all__ = ["keep_lines", "pack_words"]

_LONG_PAUSE = 3.0  # seconds between the starts of two words
_UNLIMITED = 1000  # characters or words; openai-whisper's stand-in for "no limit"
_LINE_END = re.compile(r"\r\n|\r|\n")


def keep_lines(segments: Iterable[Segment]) -> Iterator[Cue]:
    """Each segment with text as a cue with its own line breaks and formatting."""
    source = 0
    for segment in segments:
        if segment.words:
            words = [_cue_word(word, number) for number, word in enumerate(segment.words, source)]
            words[0] = _line_start(words[0])
            words[-1] = _line_end(words[-1])
            yield _cue(words)
        elif segment.text.strip():
            yield _untimed_cue(segment, source, given=segment.words is not None)
        source += len(segment.words or (segment,))


def pack_words(segments: Iterable[Segment], options: LayoutOptions) -> Iterator[Cue]:
    """The cues of all words, packed as openai-whisper does."""
    packer = _Packer(options)
    group = options.max_words_per_line or _UNLIMITED
    source = 0
    for segment in segments:
        for index, word in enumerate(segment.words or ()):
            opens_group = index % group == 0
            yield from packer.add(_flowing(word), source + index, opens_group=opens_group)
        if not segment.words and segment.text.strip():
            yield from packer.close()
            yield _untimed_cue(segment, source)
        source += len(segment.words or (segment,))
    yield from packer.close()


class _Packer:
    """Packs words into lines, and lines into cues; each method gives the cue that it completed."""

    def __init__(self, options: LayoutOptions) -> None:
        self._follows_segments = options.max_line_width is None or options.max_line_count is None
        self._line_width = options.max_line_width or _UNLIMITED
        self._max_lines = options.max_line_count
        self._words: list[CueWord] = []
        self._lines = 1
        self._line_length = 0
        self._last_start = 0.0

    def add(self, word: Word, source: int, *, opens_group: bool) -> Iterator[Cue]:
        """Place a word; `opens_group` marks the first of a segment, or of its groups of words."""
        after_pause = not self._follows_segments and word.start - self._last_start > _LONG_PAUSE
        self._last_start = word.start
        new_group = self._follows_segments and opens_group and bool(self._words)
        new_group |= bool(self._words) and _is_other(self._words[-1].speaker, word.speaker)
        placed = _cue_word(word, source)
        width = len(placed.shown)
        fits = 0 < self._line_length <= self._line_width - width
        if fits and not after_pause and not new_group:
            self._words.append(placed)
            self._line_length += width
            return
        placed = _line_end(_line_start(placed))
        width = len(placed.shown)
        full = self._max_lines is not None and (after_pause or self._lines >= self._max_lines)
        if self._words and (new_group or full):
            yield from self.close()
        elif self._line_length > 0:
            self._lines += 1
            placed = _on_new_line(placed)
        self._words.append(placed)
        self._line_length = width

    def close(self) -> Iterator[Cue]:
        """End the cue, if one is open."""
        words, self._words = self._words, []
        self._lines = 1
        self._line_length = 0
        if words:
            yield _cue(words)


def _cue(words: list[CueWord]) -> Cue:
    return Cue(words[0].start_ms, words[-1].end_ms, tuple(words))


def _untimed_cue(segment: Segment, source: int, *, given: bool = False) -> Cue:
    """A segment's text as one word; of text that is `given` nothing is said."""
    start, end = to_milliseconds(segment.start), to_milliseconds(segment.end)
    text = segment.text.strip()
    if given:
        word = CueWord("", start, start, split_tags(text), source=source, speaker=segment.speaker)
    else:
        word = CueWord(text, start, start, source=source, speaker=segment.speaker)
    return Cue(start, end, (word,), timed=False)


def _flowing(word: Word) -> Word:
    """A word of a given transcript without formatting, and without the line break before it."""
    text = word.text
    said = text.lstrip()
    if said and "\n" in text[: len(text) - len(said)]:
        text = said if is_unspaced(said[0]) else " " + said
    before, after = (_LINE_END.sub(" ", plain_text(part)) for part in (word.before, word.after))
    return replace(word, before=before, text=text, after=after.rstrip())


def _cue_word(word: Word, source: int) -> CueWord:
    start, end = to_milliseconds(word.start), to_milliseconds(word.end)
    before, after = split_tags(word.before), split_tags(word.after)
    return CueWord(word.text, start, end, before, after, source, word.speaker)


def _line_start(word: CueWord) -> CueWord:
    """The word without the space before it."""
    if _is_blank(word.before):
        return word._replace(before=(), text=word.text.lstrip())
    first, *rest = word.before
    return word._replace(before=(first.lstrip(), *rest)) if isinstance(first, str) else word


def _line_end(word: CueWord) -> CueWord:
    """The word without the space after it."""
    if _is_blank(word.after):
        return word._replace(text=word.text.rstrip(), after=())
    *rest, last = word.after
    return word._replace(after=(*rest, last.rstrip())) if isinstance(last, str) else word


def _is_other(speaker: str | None, following: str | None) -> bool:
    return None not in (speaker, following) and speaker != following


def _is_blank(runs: tuple[Run, ...]) -> bool:
    return all(isinstance(run, str) and not run.strip() for run in runs)


def _on_new_line(word: CueWord) -> CueWord:
    if word.before:
        return word._replace(before=("\n", *word.before))
    return word._replace(text="\n" + word.text)
