"""Figures: word errors, and how far times are from the truth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from training.synthesis.speech import Span
from training.synthesis.text import plain

__all__ = ["TimeErrors", "WordErrors", "near", "time_errors", "word_errors"]


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Substituted, left out and added words, over the words that were said."""

    errors: int
    words: int

    @property
    def rate(self) -> float:
        """Word error rate; may exceed 1."""
        return self.errors / max(1, self.words)


@dataclass(frozen=True, slots=True)
class TimeErrors:
    """Of starts and of ends, in seconds; a bias below 0 is early."""

    words: int
    start_mean: float
    end_mean: float
    start_median: float
    end_median: float
    start_bias: float
    end_bias: float
    empty: int


def word_errors(pairs: Iterable[tuple[str, str]]) -> WordErrors:
    """Errors of (said, heard) texts; letter case and punctuation do not count."""
    errors = words = 0
    for said, heard in pairs:
        reference, hypothesis = plain(said).split(), plain(heard).split()
        errors += _distance(reference, hypothesis)
        words += len(reference)
    return WordErrors(errors, words)


def _distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Levenshtein's distance in words."""
    row = list(range(len(hypothesis) + 1))
    for n, said in enumerate(reference, start=1):
        diagonal, row[0] = row[0], n
        for m, heard in enumerate(hypothesis, start=1):
            cost = min(diagonal + (said != heard), row[m] + 1, row[m - 1] + 1)
            diagonal, row[m] = row[m], cost
    return row[-1]


def time_errors(pairs: Iterable[tuple[Span, Span]]) -> TimeErrors | None:
    """Errors of (true, found) spans; None without any."""
    rows = [(*true, *found) for true, found in pairs]
    if not rows:
        return None
    spans = np.array(rows)  # (words, 4)
    starts, ends = spans[:, 2] - spans[:, 0], spans[:, 3] - spans[:, 1]
    return TimeErrors(
        words=len(rows),
        start_mean=float(np.abs(starts).mean()),
        end_mean=float(np.abs(ends).mean()),
        start_median=float(np.median(np.abs(starts))),
        end_median=float(np.median(np.abs(ends))),
        start_bias=float(starts.mean()),
        end_bias=float(ends.mean()),
        empty=int((spans[:, 3] <= spans[:, 2]).sum()),
    )


def near(found: Sequence[float], truth: Sequence[float], within: float) -> int:
    """How many of `found` have one of `truth` within so many seconds."""
    return sum(any(abs(time - true) <= within for true in truth) for time in found)
