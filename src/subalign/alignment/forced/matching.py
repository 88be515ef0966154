"""Matching: the transcript's letters aligned with the recognised ones, which gives anchors.

Words that a small model decodes are often only similar to those that were said, so letters are
compared, by how alike they sound. Passages that only one side has are gaps.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.recognition import RecognisedWord
from subalign.alignment.forced.thresholds import MatchingThresholds
from subalign.kernels.edit_alignment import GapCosts, gapped_partners

__all__ = ["Alphabet", "Anchors", "Matching", "letter_counts", "match", "plain_letters"]

_VOWELS = "aeiouy"
_SIMILAR = "bp dt ckgqx fvp szcx mn lr jg uw iy ae ei ou ao".split()


@dataclass(frozen=True, eq=False)
class Matching:
    """Where the words of a transcript were recognised.

    `starts` and `ends` (words,) are seconds, NaN where no letter of the word has a partner;
    `likeness` and `confidence` (words,) are from 0 to 1, how well the word's letters fit and how
    well those around it. `used` (recognised words,) is the share of each recognised word's letters
    that have a partner.
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    likeness: NDArray[np.float64]
    confidence: NDArray[np.float64]
    used: NDArray[np.float64]


def match(
    texts: Sequence[str],
    recognised: Sequence[RecognisedWord],
    thresholds: MatchingThresholds = MatchingThresholds(),
) -> Matching:
    """Match the words of a transcript, in order, with recognised words, in order."""
    written = [plain_letters(text) for text in texts]
    decoded = [plain_letters(word.text) for word in recognised]
    alphabet = Alphabet("".join(written), "".join(decoded), thresholds=thresholds)
    first, second = alphabet.numbers("".join(written)), alphabet.numbers("".join(decoded))
    costs = GapCosts(
        opening=thresholds.gap_opening,
        extension=thresholds.gap_extension,
        passage=thresholds.gap_passage,
    )
    partners = gapped_partners(first, second, alphabet.scores, costs)
    paired = partners >= 0
    scores = np.full(first.size, float(thresholds.other))
    if second.size:
        scores[paired] = alphabet.scores[first[paired], second[partners[paired]]]
    letter_starts, letter_ends = _letter_times(decoded, recognised)
    owner = np.repeat(np.arange(len(written)), [len(word) for word in written])
    pairs = np.flatnonzero(paired)
    starts, ends = np.full(len(texts), np.nan), np.full(len(texts), np.nan)
    # the first and the last pair of each word: later writes win
    starts[owner[pairs[::-1]]] = letter_starts[partners[pairs[::-1]]]
    ends[owner[pairs]] = letter_ends[partners[pairs]]
    has_partner = np.zeros(second.size)
    has_partner[partners[paired]] = 1.0
    likeness = np.clip(_by_word(scores, written) / thresholds.same, 0.0, 1.0)
    confidence = np.maximum(
        _by_word(_neighbourhood(scores, thresholds), written),
        # beside a passage that only one side has, a good word is one by what is on its other side
        np.minimum(_by_word(_best_side(scores, thresholds), written), likeness),
    )
    return Matching(starts, ends, likeness, confidence, _by_word(has_partner, decoded))


def _letter_times(
    decoded: Sequence[str], recognised: Sequence[RecognisedWord]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """When each letter is said, the word's time spread evenly."""
    starts: list[float] = []
    ends: list[float] = []
    for letters, word in zip(decoded, recognised, strict=True):
        edges = np.linspace(word.start, word.end, len(letters) + 1).tolist()
        starts += edges[:-1]
        ends += edges[1:]
    return np.array(starts), np.array(ends)


def _neighbourhood(
    scores: NDArray[np.float64], thresholds: MatchingThresholds
) -> NDArray[np.float64]:
    """The mean score of the letters around each, from 0 (chance) to 1 (all are the same)."""
    width = min(thresholds.neighbours, scores.size)
    if not width:
        return scores
    ones = np.ones(width)
    mean = np.convolve(scores, ones, "same") / np.convolve(np.ones(scores.size), ones, "same")
    return np.clip(mean / thresholds.same, 0.0, 1.0)


def _best_side(scores: NDArray[np.float64], thresholds: MatchingThresholds) -> NDArray[np.float64]:
    """As `_neighbourhood`, of the letters from each on or of those up to it: the better of both."""
    width = thresholds.neighbours
    index = np.arange(scores.size)
    total = np.concatenate([[0.0], np.cumsum(scores)])
    last = np.minimum(index + width, scores.size)
    first = np.maximum(index + 1 - width, 0)
    after = (total[last] - total[index]) / np.maximum(last - index, width // 2)
    before = (total[index + 1] - total[first]) / np.maximum(index + 1 - first, width // 2)
    best: NDArray[np.float64] = np.clip(np.maximum(before, after) / thresholds.same, 0.0, 1.0)
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


class Alphabet:
    """Numbers for the letters of texts, and the `scores` (letters, letters) of their pairs."""

    def __init__(self, *texts: str, thresholds: MatchingThresholds = MatchingThresholds()) -> None:
        self._numbers = {letter: n for n, letter in enumerate(sorted(set().union(*texts)))}
        n = len(self._numbers)
        self.scores: NDArray[np.int32] = np.full((n, n), thresholds.other, np.int32)
        self._set_scores(_VOWELS, thresholds.vowels)
        for letters in _SIMILAR:
            self._set_scores(letters, thresholds.similar)
        np.fill_diagonal(self.scores, thresholds.same)

    def _set_scores(self, letters: str, score: int) -> None:
        numbers = [self._numbers[letter] for letter in letters if letter in self._numbers]
        self.scores[np.ix_(numbers, numbers)] = score

    def numbers(self, text: str) -> NDArray[np.int32]:
        """The numbers (letters,) of a text."""
        return np.array([self._numbers[letter] for letter in text], np.int32)


def plain_letters(text: str) -> str:
    """The letters and digits of a text, in lower case and without accents."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in decomposed if char.isalnum())


def letter_counts(texts: Sequence[str]) -> NDArray[np.int64]:
    """How many `plain_letters` each text has (texts,)."""
    return np.array([len(plain_letters(text)) for text in texts], np.int64)


@dataclass(frozen=True, eq=False)
class Anchors:
    """Words whose place is known: their numbers, rising, their times (seconds) and weights."""

    words: NDArray[np.int64]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def from_matching(cls, matching: Matching, least_confidence: float) -> "Anchors":
        """The words that were recognised, with enough around them, where their order is right."""
        is_anchor = (matching.confidence >= least_confidence) & np.isfinite(matching.starts)
        words = np.flatnonzero(is_anchor)
        return cls.in_order(
            words, matching.starts[words], matching.ends[words], matching.confidence[words]
        )

    @classmethod
    def in_order(
        cls,
        words: NDArray[np.int64],
        starts: NDArray[np.float64],
        ends: NDArray[np.float64],
        weights: NDArray[np.float64],
    ) -> "Anchors":
        """As many of these as can be kept so that the times rise with the words."""
        kept = _longest_rising(starts)
        kept = kept[(np.diff(ends[kept], prepend=-np.inf) > 0)]
        return cls(words[kept], starts[kept], ends[kept], weights[kept])

    def of(self, words: Collection[int]) -> "Anchors":
        """Those of some words."""
        return self.at(np.isin(self.words, sorted(words)))

    def merged(self, others: "Anchors") -> "Anchors":
        """As many of these and of other words' anchors as rise together."""
        columns = zip(astuple(self), astuple(others), strict=True)
        words, starts, ends, weights = (np.concatenate(pair) for pair in columns)
        order = np.argsort(words)
        return Anchors.in_order(words[order], starts[order], ends[order], weights[order])

    def at(self, rows: NDArray[np.bool_]) -> "Anchors":
        """Those that `rows` (anchors,) marks."""
        return Anchors(*(array[rows] for array in astuple(self)))


def _longest_rising(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of a longest rising subsequence (Fredman 1975)."""
    tails: list[float] = []
    last: list[int] = []
    before = np.full(values.size, -1, np.int64)
    for index, value in enumerate(values.tolist()):
        at = bisect_left(tails, value)
        before[index] = last[at - 1] if at else -1
        if at == len(tails):
            tails.append(value)
            last.append(index)
        else:
            tails[at], last[at] = value, index
    chain: list[int] = []
    at = last[-1] if last else -1
    while at >= 0:
        chain.append(at)
        at = int(before[at])
    return np.array(chain[::-1], np.int64)
