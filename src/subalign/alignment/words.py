"""From tokens with times and probabilities to words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from subalign.tokenizer import Tokenizer

__all__ = ["WordTiming", "WordTokens", "time_words"]


@dataclass(frozen=True, slots=True)
class WordTokens:
    """A word of known text, with the space before it and the punctuation beside it.

    `spoken` is the range of its tokens (first, end) that is heard: those before and after it are
    punctuation.
    """

    text: str
    tokens: tuple[int, ...]
    spoken: tuple[int, int]


@dataclass(frozen=True, slots=True)
class WordTiming:
    """A word's text and tokens, and when it is heard: seconds from the start of the window.

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


def time_words(
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    boundaries: Sequence[float],
    probabilities: Sequence[float],
) -> list[WordTiming]:
    """Group `tokens` into words.

    `boundaries` holds the seconds at which each token begins and, as its last entry, at which the
    last token ends; `probabilities` one number a token.
    """
    words, word_tokens = tokenizer.split_to_word_tokens(tokens)
    edges = accumulate(map(len, word_tokens), initial=0)
    return [
        WordTiming(
            word=word,
            tokens=tuple(tokens[first:end]),
            start=boundaries[first],
            end=boundaries[end],
            probability=float(np.mean(probabilities[first:end])),
        )
        for word, (first, end) in zip(words, pairwise(edges), strict=True)
    ]
