"""Words of known text as tokens, and as times."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    "split_words",
    "token_ranges",
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
