"""Text read letter by letter: each letter has its time (Yeh et al. 2025, arXiv 2509.09987)."""

from collections.abc import Sequence

from subalign.alignment.words import WordTokens
from subalign.tokenizer import Tokenizer

__all__ = ["spell"]


def spell(words: Sequence[WordTokens], tokenizer: Tokenizer) -> list[WordTokens]:
    """The same words with the tokens of their single characters.

    The space before a word is a token of its own and is not spoken: it belongs to the pause. So
    does punctuation at either end of a word.
    """
    return [_spelled(word, tokenizer) for word in words]


def _spelled(word: WordTokens, tokenizer: Tokenizer) -> WordTokens:
    tokens: list[int] = []
    spoken: list[int] = []
    for character in word.text:
        first = len(tokens)
        tokens += tokenizer.encode(character)
        if character.isalnum():
            spoken += range(first, len(tokens))
    if not spoken:
        return WordTokens(word.text, tuple(tokens), (0, len(tokens)))
    return WordTokens(word.text, tuple(tokens), (spoken[0], spoken[-1] + 1))
