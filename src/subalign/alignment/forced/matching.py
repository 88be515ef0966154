"""Which words of a transcript were decoded where: the letters of both, aligned.

Words that a small model decodes are often only similar to those that were said, so letters are
compared, by how alike they sound. Passages that only one side has are gaps.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.recognition import HeardWord
from subalign.kernels.gapped import GapCosts, gapped_partners

__all__ = [
    "Alphabet",
    "Matching",
    "match",
    "plain_letters",
]


_COSTS = GapCosts(opening=8, extension=4, passage=100)

# letters around a letter that tell whether it is rightly paired: chance pairs do not last
_NEIGHBOURS = 41


@dataclass(frozen=True, eq=False)
class Matching:
    """Where the words of a transcript were decoded.

    `starts` and `ends` (words,) are seconds, NaN where no letter of the word has a partner;
    `likeness` and `confidence` (words,) are from 0 to 1, how well the word's letters fit and how
    well those around it. `used` (heard words,) is the share of each decoded word's letters that
    have a partner.
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    likeness: NDArray[np.float64]
    confidence: NDArray[np.float64]
    used: NDArray[np.float64]


def match(texts: Sequence[str], heard: Sequence[HeardWord]) -> Matching:
    """Match the words of a transcript, in order, with decoded words, in order."""
    written = [plain_letters(text) for text in texts]
    decoded = [plain_letters(word.text) for word in heard]
    alphabet = Alphabet("".join(written), "".join(decoded))
    first, second = alphabet.numbers("".join(written)), alphabet.numbers("".join(decoded))
    partners = gapped_partners(first, second, alphabet.scores, _COSTS)
    paired = partners >= 0
    quality = np.full(first.size, float(OTHER))
    if second.size:
        quality[paired] = alphabet.scores[first[paired], second[partners[paired]]]
    letter_starts, letter_ends = _letter_times(decoded, heard)
    owner = np.repeat(np.arange(len(written)), [len(word) for word in written])
    pairs = np.flatnonzero(paired)
    starts, ends = np.full(len(texts), np.nan), np.full(len(texts), np.nan)
    # the first and the last pair of each word: later writes win
    starts[owner[pairs[::-1]]] = letter_starts[partners[pairs[::-1]]]
    ends[owner[pairs]] = letter_ends[partners[pairs]]
    has_partner = np.zeros(second.size)
    has_partner[partners[paired]] = 1.0
    used = _by_word(has_partner, decoded)
    likeness = np.clip(_by_word(quality, written) / SAME, 0.0, 1.0)
    confidence = np.maximum(
        _by_word(_confidence(quality), written),
        # beside a passage that only one side has, a good word is one by what is on its other side
        np.minimum(_by_word(_best_side(quality), written), likeness),
    )
    return Matching(starts, ends, likeness, confidence, used)


def _letter_times(
    decoded: Sequence[str], heard: Sequence[HeardWord]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """When each letter is heard, the word's time spread evenly."""
    starts: list[float] = []
    ends: list[float] = []
    for letters, word in zip(decoded, heard, strict=True):
        edges = np.linspace(word.start, word.end, len(letters) + 1).tolist()
        starts += edges[:-1]
        ends += edges[1:]
    return np.array(starts), np.array(ends)


def _confidence(quality: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean quality of the letters around each, from 0 (chance) to 1 (all are the same)."""
    window = min(_NEIGHBOURS, quality.size)
    if not window:
        return quality
    ones = np.ones(window)
    mean = np.convolve(quality, ones, "same") / np.convolve(np.ones(quality.size), ones, "same")
    return np.clip(mean / SAME, 0.0, 1.0)


def _best_side(quality: NDArray[np.float64]) -> NDArray[np.float64]:
    """As `_confidence`, of the letters from each on or of those up to it, whichever are better."""
    index = np.arange(quality.size)
    total = np.concatenate([[0.0], np.cumsum(quality)])
    last = np.minimum(index + _NEIGHBOURS, quality.size)
    first = np.maximum(index + 1 - _NEIGHBOURS, 0)
    after = (total[last] - total[index]) / np.maximum(last - index, _NEIGHBOURS // 2)
    before = (total[index + 1] - total[first]) / np.maximum(index + 1 - first, _NEIGHBOURS // 2)
    best: NDArray[np.float64] = np.clip(np.maximum(before, after) / SAME, 0.0, 1.0)
    return best


def _by_word(values: NDArray[np.float64], words: Sequence[str]) -> NDArray[np.float64]:
    """The mean of each word's letters; 0 where it has none."""
    lengths = np.array([len(word) for word in words], int)
    ends = np.cumsum(lengths)
    total = np.concatenate([[0.0], np.cumsum(values)])
    sums = total[ends] - total[ends - lengths]
    means = np.zeros(len(words))
    np.divide(sums, lengths, out=means, where=lengths > 0)
    return means


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
