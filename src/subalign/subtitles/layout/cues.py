"""Layout: timed words become cues, the pieces of text that a player shows one after another.

There are three ways:

- By a profile (`layout`): lines and cues are broken where they read best within its limits.
- With `keep_lines` nothing is broken: each segment is one cue with its text as written.
- As openai-whisper packs words (the profile openai, the rest of this module). A segment without
  timed words is one cue, which no limit touches. A line takes words while they fit into
  `max_line_width` characters. Without both `max_line_width` and `max_line_count`, every segment
  starts a cue, and so does every group of `max_words_per_line` words in it; lines that are too long
  are broken within the cue. With both, cues run across segments: a new one starts after
  `max_line_count` lines, or where a word starts more than 3 s after the word before it started;
  `max_words_per_line` has no effect.

What stands beside a word and is not said (`Word.before`, `Word.after`) goes with the word, in
openai-whisper's way without formatting tags. Unless lines are kept, a line break before a word is a
space.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from subalign.options import LayoutOptions
from subalign.results import Segment, Word
from subalign.subtitles.cue import Cue, CueWord
from subalign.subtitles.highlight import Highlight, word_by_word
from subalign.subtitles.tags import plain_text
from subalign.subtitles.timecode import to_milliseconds

__all__ = ["Cue", "lay_out"]

_LONG_PAUSE = 3.0  # Seconds.
_UNLIMITED = 1000  # Characters or words; openai-whisper's stand-in for "no limit".
_LINE_END = re.compile(r"\r\n|\r|\n")
_UNSPACED = re.compile("[\u0e00-\u10ff\u1780-\u17ff\u3000-\u9fff\uf900-\ufaff\uff00-\uffef]")


def lay_out(
    segments: Iterable[Segment],
    options: LayoutOptions,
    *,
    language: str | None = None,
    duration: float | None = None,
    escape: Callable[[str], str] = str,
    markup: Callable[[str], str] = plain_text,
    highlight: Highlight = word_by_word("<u>", "</u>"),
) -> Iterator[Cue]:
    """Lay segments out as cues, in order.

    `language` is Whisper's code, by which a profile knows the words that no line should end with.
    `duration` is the recording's, in seconds: no cue lingers on after its end.
    `escape` makes text safe for the format. It is applied to the text before `highlight` puts tags
    into it; widths count unescaped characters. `markup` does the same for the text of a given
    transcript that is not said, in which tags are formatting. Every cue has text, no blank line in
    it, and lasts a millisecond or more.
    """
    packed = options.profile_name == "openai" and not options.keep_lines
    for part in _parts(segments, options, language, duration):
        if isinstance(part, Segment):
            start, end = to_milliseconds(part.start), to_milliseconds(part.end)
            given = options.keep_lines and part.words is not None
            text = (markup if given else escape)(part.text.strip())
            cues = iter((Cue(start, end, text),))
        else:
            words, start, end = part
            words = [_safe(word, escape, markup) for word in words]
            if options.highlight_words:
                cues = highlight(words, start, end)
            else:
                cues = iter((Cue(start, end, "".join([word.written for word in words])),))
        for cue in cues:
            # a tag that the format does not carry may leave the space beside it
            text = cue.text if packed else cue.text.strip()
            if text := _without_blank_lines(text):
                yield Cue(cue.start_ms, max(cue.end_ms, cue.start_ms + 1), text)


_CueWords = tuple[list[CueWord], int, int]  # the words of a cue, its start and end in ms


def _parts(
    segments: Iterable[Segment],
    options: LayoutOptions,
    language: str | None,
    duration: float | None,
) -> Iterator[_CueWords | Segment]:
    """The words of each cue with its time, and each segment that is a cue as it stands."""
    keeps_times = options.profile in (None, "openai") and not options.times_are_set
    if options.keep_lines and keeps_times:
        yield from map(_with_own_time, _whole(segments))
    elif options.profile_name == "openai":
        yield from map(_with_own_time, _pack(segments, options))
    else:
        # NumPy takes a moment to load, which nothing else here needs
        from subalign.subtitles.layout.compose import compose, compose_lines
        from subalign.subtitles.layout.profiles import chosen_profile

        profile = chosen_profile(options)
        if options.keep_lines:
            yield from compose_lines(map(_with_own_time, _whole(segments)), profile, duration)
        else:
            yield from compose(segments, profile, language, duration)


def _with_own_time(part: list[CueWord] | Segment) -> _CueWords | Segment:
    """Words with the time that they take."""
    if isinstance(part, Segment):
        return part
    return part, part[0].start_ms, part[-1].end_ms


def _safe(word: CueWord, escape: Callable[[str], str], markup: Callable[[str], str]) -> CueWord:
    text = escape(word.text)
    if not (word.before or word.after):
        return word if text is word.text else word._replace(text=text)
    before = markup(word.before) if word.before else ""
    after = markup(word.after) if word.after else ""
    return CueWord(text, word.start_ms, word.end_ms, before, after)


def _whole(segments: Iterable[Segment]) -> Iterator[list[CueWord] | Segment]:
    """The words of each segment as written, and each segment that has text but no words."""
    for segment in segments:
        if segment.words:
            words = [_place(word) for word in segment.words]
            words[0] = _line_start(words[0])
            words[-1] = _line_end(words[-1])
            yield words
        elif segment.text.strip():
            yield segment


def _pack(segments: Iterable[Segment], options: LayoutOptions) -> Iterator[list[CueWord] | Segment]:
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
            yield from packer.add(_flowing(word), opens_group=index % group == 0)
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

    def add(self, word: Word, *, opens_group: bool) -> Iterator[list[CueWord]]:
        """Place a word; `opens_group` marks the first of a segment, or of its groups of words."""
        after_pause = not self._follows_segments and word.start - self._last_start > _LONG_PAUSE
        self._last_start = word.start
        new_group = self._follows_segments and opens_group and bool(self._words)
        placed = _place(word)
        width = len(placed.written)
        fits = 0 < self._line_length <= self._line_width - width
        if fits and not after_pause and not new_group:
            self._words.append(placed)
            self._line_length += width
            return
        placed = _line_end(_line_start(placed))
        width = len(placed.written)
        full = self._max_lines is not None and (after_pause or self._lines >= self._max_lines)
        if self._words and (new_group or full):
            yield from self.close()
        elif self._line_length > 0:
            self._lines += 1
            placed = _on_new_line(placed)
        self._words.append(placed)
        self._line_length = width

    def close(self) -> Iterator[list[CueWord]]:
        """End the cue, if one is open."""
        words, self._words = self._words, []
        self._lines = 1
        self._line_length = 0
        if words:
            yield words


def _flowing(word: Word) -> Word:
    """A word of a given transcript without formatting, and without the line break before it."""
    text = word.text
    said = text.lstrip()
    if said and "\n" in text[: len(text) - len(said)]:
        text = said if _UNSPACED.match(said) else " " + said
    before, after = (_LINE_END.sub(" ", plain_text(part)) for part in (word.before, word.after))
    return replace(word, before=before, text=text, after=after.rstrip())


def _place(word: Word) -> CueWord:
    start, end = to_milliseconds(word.start), to_milliseconds(word.end)
    return CueWord(word.text, start, end, word.before, word.after)


def _line_start(word: CueWord) -> CueWord:
    """The word without the space before it."""
    if word.before.strip():
        return word._replace(before=word.before.lstrip())
    return word._replace(before="", text=word.text.lstrip())


def _line_end(word: CueWord) -> CueWord:
    """The word without the space after it."""
    if word.after.strip():
        return word._replace(after=word.after.rstrip())
    return word._replace(text=word.text.rstrip(), after="")


def _on_new_line(word: CueWord) -> CueWord:
    if word.before:
        return word._replace(before="\n" + word.before)
    return word._replace(text="\n" + word.text)


def _without_blank_lines(text: str) -> str:
    """A blank line would end the cue in the file."""
    lines = _LINE_END.split(text)
    return "\n".join(line for line in lines if line.strip())
