"""The words of segments, made ready for layout: text without the space around it, in chunks.

A chunk is what no line break may part: mostly a word, or words that no space parts.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from subalign.characters import is_unspaced
from subalign.results import Segment, Word
from subalign.subtitles.layout.break_costs import can_break
from subalign.subtitles.layout.width import measure
from subalign.subtitles.tags import POSITION, TAG, plain_text

__all__ = ["TURNS", "Chunk", "ChunkWord", "Turn", "split_into_chunks", "turn_before"]

Turn = Literal["", "speaker", "dash"]

_LONG_ASIDE = 16  # Columns of text beside a word from which it may be broken at its spaces.
# begins where a run of spaces does, as it would else be tried at each of them
_LINE_END = re.compile(r"(?<![^\S\n])[^\S\n]*(?:\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029])\s*")
_TAG_OR_SPACE = re.compile(rf"{TAG.pattern}|\s+")
_FIXED_SPACES = "\u00a0\u202f\u2007"
_DASH = re.compile(r"\s*[-‐–—]\s*(?=\S|$)")
_LABEL = re.compile(r"\s*(?:>>|<v[ .]|[^\s\[(♪][^\[\](){}♪]{0,40}:\s*$)")
TURNS = (_DASH, _LABEL)
"""How text beside a word begins where another speaker does."""

_CLUSTER_TAIL = re.compile("[\u0e30-\u0e3a\u0e45-\u0e4e\u0300-\u036f\u3099\u309a\ufe0f\u200d]")


class ChunkWord(NamedTuple):
    """A word with its time in seconds; `timed` is false where the time is only spread.

    Text as written is `before + text + after`, after a space where the word is `spaced`.
    """

    text: str
    start: float
    end: float
    before: str
    after: str
    spaced: bool
    turn: Turn
    timed: bool
    joined: bool  # to the word before it: no cue may begin here
    source: int  # the number of the word that it is of; see `CueWord`
    position: str = ""  # the tag that moves its cue, as `{\\an8}` to the top
    speaker: str | None = None

    @property
    def shown(self) -> str:
        """What is seen of it: all but tags."""
        if self.before or self.after:
            return plain_text(self.before + self.text + self.after).strip() or self.text
        return self.text


@dataclass(frozen=True, slots=True)
class Chunk:
    """Words that stay together on a line; `text` is what is seen of them."""

    words: tuple[ChunkWord, ...]
    text: str

    @property
    def first(self) -> ChunkWord:
        return self.words[0]


def split_into_chunks(segments: Iterable[Segment], line_width: float) -> Iterator[Chunk]:
    """The chunks of all segments, in order.

    A word wider than a line is split where its script has no spaces. The text of a segment
    without timed words is spread over its time.
    """
    held: list[ChunkWord] = []
    text = ""
    for word in _chunk_words(segments, line_width):
        shown = word.shown
        stays = held and not word.turn and word.position == held[0].position
        if stays and not can_break(text, shown, spaced=word.spaced):
            held.append(word)
            text += " " + shown if word.spaced else shown
            continue
        if held:
            yield Chunk(tuple(held), text)
        held, text = [word], shown
    if held:
        yield Chunk(tuple(held), text)


def _chunk_words(segments: Iterable[Segment], line_width: float) -> Iterator[ChunkWord]:
    space = False
    source = -1
    speaker: str | None = None
    for segment in segments:
        if not segment.words:
            words: Iterable[Word] = _spread(segment)
            timed = False
            space = True
            source += 1
        else:
            words, timed = segment.words, True
        position, words = _positioned(words)
        for word in words:
            source += timed
            for part, joined in _beside(word):
                made, trailing = _chunk_word(part, space, timed, joined, source)
                if made is None:
                    space = space or trailing
                    continue
                space = trailing
                if position:
                    made = made._replace(position=position)
                if part.speaker is not None:
                    changed = speaker not in (None, part.speaker) and made.before[:1] != "-"
                    speaker = part.speaker
                    made = made._replace(speaker=speaker, turn="speaker" if changed else made.turn)
                if len(made.text) * 2 > line_width and measure(made.text)[0] > line_width:
                    yield from _pieces(made)
                else:
                    yield made
        if not timed:
            space = True


def _positioned(words: Iterable[Word]) -> tuple[str, Iterable[Word]]:
    """The tag that moves a segment's cue, if it has one, and its words without such tags."""
    given = tuple(words)
    beside = "".join([word.before + word.after for word in given if word.before or word.after])
    found = POSITION.search(beside)
    if found is None:
        return "", given
    return found[0], [
        replace(word, before=POSITION.sub("", word.before), after=POSITION.sub("", word.after))
        for word in given
    ]


def _chunk_word(
    word: Word, space: bool, timed: bool, joined: bool, source: int
) -> tuple[ChunkWord | None, bool]:
    """A word without outer spaces, and whether a space follows it. None for mere space."""
    before = after = ""
    turn: Turn = ""
    text = word.text.strip()
    if word.before or word.after:
        before, text, after, leading, trailing = _trimmed(word)
        turn = turn_before(before)
    elif text:
        leading, trailing = word.text[0] != text[0], word.text[-1] != text[-1]
        if word.text[0] in _FIXED_SPACES:
            text, leading = word.text.rstrip(), False
        if not text.isprintable():
            text = _LINE_END.sub(" ", text)
        if text[0] in "-–>":
            turn = "dash" if text[1:2] == " " else "speaker" if text[:2] == ">>" else ""
    else:
        leading = trailing = bool(word.text)
    if not (before or text or after):
        return None, leading or trailing
    start, end, spaced = word.start, word.end, space or leading
    return ChunkWord(text, start, end, before, after, spaced, turn, timed, joined, source), trailing


def _trimmed(word: Word) -> tuple[str, str, str, bool, bool]:
    """A word and what stands beside it without outer space, and whether there was some.

    Tags do not keep a space from the end.
    """
    before, text, after = (
        _LINE_END.sub(" ", part) for part in (word.before, word.text, word.after)
    )
    shown = TAG.sub("", before) + text + TAG.sub("", after)
    before, opened = _without_outer_space(before, 0)
    if opened:
        text = text.lstrip()
    after, closed = _without_outer_space(after, -1)
    if closed:
        text = text.rstrip()
    if not text:
        after = after.lstrip() if opened else after
        before = before.rstrip() if closed else before
    return before, text, after, shown[:1].isspace(), shown[-1:].isspace()


def _without_outer_space(text: str, side: Literal[0, -1]) -> tuple[str, bool]:
    """Text beside a word without the space at its start (0) or end (-1).

    Also whether nothing but tags is left of it, which then stand close together.
    """
    if not TAG.sub("", text).strip():
        return _tags(text), True
    start, end = 0, len(text)
    outer = list(_TAG_OR_SPACE.finditer(text))  # spaces may stand before and after tags
    if side == 0:
        for found in outer:
            if found.start() != start:
                break
            start = found.end()
        return _tags(text[:start]) + text[start:], False
    for found in reversed(outer):
        if found.end() != end:
            break
        end = found.start()
    return text[:end] + _tags(text[end:]), False


def turn_before(before: str) -> Turn:
    """Whether another speaker begins, as the text before a word tells."""
    if not before:
        return ""
    plain = TAG.sub("", before)
    if _DASH.match(plain):
        return "dash"
    return "speaker" if _LABEL.match(before) or _LABEL.match(plain) else ""


def _beside(word: Word) -> Iterator[tuple[Word, bool]]:
    """A word and the text beside it, which is taken apart at its spaces where it is long."""
    before, after = word.before, word.after
    if not (before or after) or measure(before)[0] + measure(after)[0] < _LONG_ASIDE:
        yield word, False
        return
    *early, before = _at_spaces(before)
    after, *late = _at_spaces(after)
    who = word.speaker
    parts = [Word("", word.start, word.start, 0.0, before=part, speaker=who) for part in early]
    parts.append(replace(word, before=before, after=after))
    parts += [Word("", word.end, word.end, 0.0, after=part, speaker=who) for part in late]
    for index, part in enumerate(parts):
        yield part, index > 0


def _tags(text: str) -> str:
    return "".join([found[0] for found in TAG.finditer(text)])


def _at_spaces(text: str) -> list[str]:
    """Text in parts that each begin with a space; tags stay whole."""
    parts = [""]
    at = 0
    for found in _TAG_OR_SPACE.finditer(text):
        parts[-1] += text[at : found.start()]
        if found[0].isspace() and parts[-1].strip():
            parts.append(found[0])
        else:
            parts[-1] += found[0]
        at = found.end()
    parts[-1] += text[at:]
    if len(parts) > 1 and not parts[-1].strip():
        parts[-2] += parts.pop()
    return parts


def _pieces(word: ChunkWord) -> Iterator[ChunkWord]:
    """A word too wide for a line, cluster by cluster if its script has no spaces, else as it is."""
    if not any(is_unspaced(char) for char in word.text):
        yield word
        return
    clusters: list[str] = []
    for char in word.text:
        if clusters and _CLUSTER_TAIL.match(char):
            clusters[-1] += char
        else:
            clusters.append(char)
    step = (word.end - word.start) / len(clusters)
    last = len(clusters) - 1
    for index, cluster in enumerate(clusters):
        text = cluster.strip()
        if not text:
            continue
        start = word.start + index * step
        yield word._replace(
            text=text,
            start=start,
            end=start + step,
            before=word.before if index == 0 else "",
            after=word.after if index == last else "",
            spaced=word.spaced if index == 0 else clusters[index - 1].isspace(),
            turn=word.turn if index == 0 else "",
        )


def _spread(segment: Segment) -> Iterator[Word]:
    """The words of a segment's text, its time spread over them by their length.

    Where nothing of a given text is said, all of it stands beside words.
    """
    given = segment.words is not None
    words = _at_spaces(segment.text.strip()) if given else segment.text.split()
    total = sum(len(word) + 1 for word in words)
    start, duration = segment.start, max(segment.end - segment.start, 0.0)
    done = 0
    for word in words:
        first = start + duration * done / total
        done += len(word) + 1
        last = start + duration * done / total
        if given:
            yield Word("", first, last, 0.0, before=word, speaker=segment.speaker)
        else:
            yield Word(" " + word, first, last, 0.0, speaker=segment.speaker)
