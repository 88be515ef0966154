"""Words of known text as tokens and as times, with the punctuation that belongs to them.

Punctuation is joined to the word before or after it: while words are still tokens
(`words_with_punctuation`), or once they are timed, as openai-whisper does (`merge_punctuation`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from subalign.characters import is_wide
from subalign.tokenizer import Tokenizer

__all__ = [
    "LetterCounts",
    "WordSpans",
    "WordTiming",
    "WordTokens",
    "letter_count",
    "merge_punctuation",
    "split_words",
    "token_ranges",
    "words_with_punctuation",
]


@dataclass(frozen=True, slots=True)
class WordTokens:
    """A word of known text, with the space before it and the punctuation beside it.

    `spoken` is the range of its tokens (first, end) that is spoken: those before and after it are
    punctuation.
    """

    text: str
    tokens: tuple[int, ...]
    spoken: tuple[int, int]


@dataclass(frozen=True, slots=True)
class WordTiming:
    """A word's text and tokens, and when it is spoken: seconds from the start of the window.

    `probability` is the mean of the tokens' probabilities, timestamps and other special tokens
    left out of account. `estimated` is true where the attention does not tell the time.
    """

    word: str
    tokens: tuple[int, ...]
    start: float
    end: float
    probability: float
    estimated: bool = False

    @property
    def duration(self) -> float:
        """Seconds from start to end."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class WordSpans:
    """Start and end of each word of a window (words, 2), and whether they are `estimated` (words,).

    They are where the attention tells nothing of the word, or it has no position of its own.
    """

    spans: NDArray[np.float64]
    estimated: NDArray[np.bool_]


def split_words(tokenizer: Tokenizer, tokens: Sequence[int]) -> list[WordTokens]:
    """The words that the tokenizer splits a text into, punctuation apart, as openai-whisper has it.

    All tokens of a word count as spoken.
    """
    texts, word_tokens = tokenizer.split_to_word_tokens(tokens)
    return [
        WordTokens(text, tuple(own), (0, len(own)))
        for text, own in zip(texts, word_tokens, strict=True)
    ]


def token_ranges(words: Sequence[WordTokens]) -> NDArray[np.int64]:
    """The spoken tokens of each word (words, 2), first and end, counted over all the words."""
    offsets = accumulate((len(word.tokens) for word in words), initial=0)
    ranges = [
        (offset + word.spoken[0], offset + word.spoken[1])
        for word, offset in zip(words, offsets, strict=False)
    ]
    return np.array(ranges, np.int64).reshape(-1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterCounts:
    """How many letters a character counts as, by how long it takes to say.

    A digit is read as a word of four letters; a wide character (Chinese, Japanese, Korean) as a
    syllable of three. Not measured by themselves.
    """

    digit: int = 4
    wide: int = 3


def letter_count(character: str, counts: LetterCounts = LetterCounts()) -> int:
    """How many letters of speech a character stands for; 0 for what is not spoken."""
    if character.isdigit():
        return counts.digit
    if not character.isalpha():
        return 0
    return counts.wide if is_wide(character) else 1


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring pieces of text that form one word; `proper` is the piece that is spoken."""

    text: str
    first: int
    end: int
    proper: int


def merge_punctuation(
    words: Sequence[WordTiming], prepended: str, appended: str
) -> list[WordTiming]:
    """Join opening marks to the next word, closing marks to the word before.

    `prepended` and `appended` list single characters. A mark is a word that is exactly one of
    them; openai-whisper takes any substring of the lists, so `"'` or `)]` too. The joined word
    keeps the times and the probability of the word proper. A prepended mark has a space before it
    (`a "b"`, but not `a"b"`); a word of spaces alone goes to the next word as well.
    """
    groups = _group([timing.word for timing in words], frozenset(prepended), frozenset(appended))
    return [
        replace(
            words[group.proper],
            word=group.text,
            tokens=_joined(timing.tokens for timing in words[group.first : group.end]),
        )
        for group in groups
    ]


def words_with_punctuation(
    tokenizer: Tokenizer, tokens: Sequence[int], prepended: str, appended: str
) -> list[WordTokens]:
    """The words of a text with the marks that belong to them, as `merge_punctuation` joins them.

    What has neither letter nor digit and is no mark attaches to the word before it too, or to the
    next if there is none: nobody speaks it.
    """
    pieces, piece_tokens = tokenizer.split_to_word_tokens(tokens)
    groups = _group(pieces, frozenset(prepended), frozenset(appended))
    words = []
    for group in _join_unspoken(groups):
        own = piece_tokens[group.first : group.end]
        offsets = list(accumulate(map(len, own), initial=0))
        proper = group.proper - group.first
        spoken = offsets[proper], offsets[proper + 1]
        words.append(WordTokens(group.text, _joined(own), spoken))
    return words


def _group(pieces: Sequence[str], opening: frozenset[str], closing: frozenset[str]) -> list[_Group]:
    """Groups of pieces, in order; every piece is in one of them."""
    opened: list[_Group] = []
    for index in range(len(pieces) - 1, -1, -1):
        piece = pieces[index]
        mark = piece.strip()
        if opened and piece.startswith(" ") and (not mark or mark in opening):
            following = opened[-1]
            opened[-1] = replace(following, text=piece + following.text, first=index)
        else:
            opened.append(_Group(piece, index, index + 1, index))
    closed: list[_Group] = []
    for group in reversed(opened):
        if closed and not closed[-1].text.endswith(" ") and group.text in closing:
            closed[-1] = _after(closed[-1], group)
        else:
            closed.append(group)
    return closed


def _join_unspoken(groups: Sequence[_Group]) -> list[_Group]:
    joined: list[_Group] = []
    for group in groups:
        if joined and not _is_spoken(group.text):
            joined[-1] = _after(joined[-1], group)
        elif joined and not _is_spoken(joined[-1].text):
            # only the first can be unspoken: all others are joined to the word before them
            joined[-1] = replace(_after(joined[-1], group), proper=group.proper)
        else:
            joined.append(group)
    return joined


def _after(group: _Group, other: _Group) -> _Group:
    return replace(group, text=group.text + other.text, end=other.end)


def _is_spoken(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _joined(tokens: Iterable[Sequence[int]]) -> tuple[int, ...]:
    return tuple(token for part in tokens for token in part)
