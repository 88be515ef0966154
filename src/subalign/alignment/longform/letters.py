"""Text as a row of letters that can be compared, and how alike two letters sound."""

import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Alphabet", "plain_letters"]

SAME, ALIKE, VOWELS, OTHER = 8, 2, 0, -4
"""What a pair of letters is worth: about four times the log-odds, in nats, of hearing the one for
the other rather than by chance, counted over what micro.en hears."""

_VOWELS = frozenset("aeiouy")
_ALIKE = ("bp", "dt", "ckgqx", "fvp", "szcx", "mn", "lr", "jg", "uw", "iy", "ae", "ei", "ou", "ao")


class Alphabet:
    """Numbers for letters, and what each pair of them is worth."""

    def __init__(self, *texts: str) -> None:
        self._numbers = {letter: n for n, letter in enumerate(sorted(set().union(*texts)))}
        letters = list(self._numbers)
        self.scores: NDArray[np.int32] = np.array(
            [[_score(a, b) for b in letters] for a in letters], np.int32
        ).reshape(len(letters), len(letters))

    def numbers(self, text: str) -> NDArray[np.int32]:
        """The numbers (letters,) of a text."""
        return np.array([self._numbers[letter] for letter in text], np.int32)


def plain_letters(text: str) -> str:
    """The letters and digits of a text, in lower case and without accents."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in decomposed if char.isalnum())


@lru_cache(maxsize=4096)
def _score(first: str, second: str) -> int:
    if first == second:
        return SAME
    if any(first in group and second in group for group in _ALIKE):
        return ALIKE
    return VOWELS if first in _VOWELS and second in _VOWELS else OTHER
