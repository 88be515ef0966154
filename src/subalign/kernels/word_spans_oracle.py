"""Words and pauses by trying every division: what the kernel of `word_spans` must return."""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from subalign.kernels.word_spans import SpanCosts

__all__ = ["division_score", "word_spans_oracle"]

Division = tuple[tuple[int, int], ...]


def word_spans_oracle(
    words: NDArray[np.floating],
    silence: NDArray[np.floating],
    edge: NDArray[np.floating],
    expected: NDArray[np.floating],
    costs: SpanCosts,
) -> NDArray[np.int64]:
    """The best of all divisions (words, 2); for a few words and positions only."""
    n_words, n_positions = words.shape
    best = max(
        _divisions(n_words, 0, n_positions, costs),
        key=lambda division: division_score(division, words, silence, edge, expected, costs),
    )
    return np.array(best, np.int64).reshape(-1, 2)


def division_score(
    division: Division,
    words: NDArray[np.floating],
    silence: NDArray[np.floating],
    edge: NDArray[np.floating],
    expected: NDArray[np.floating],
    costs: SpanCosts,
) -> float:
    """What `subalign.kernels.word_spans.word_spans` makes as high as it can."""
    score = 0.0
    for word, (start, end) in enumerate(division):
        score += float(words[word, start:end].sum())
        score -= costs.tightness / 2 * float(np.log((end - start) / expected[word])) ** 2
    for (_, end), (start, _) in itertools.pairwise(division):
        if start > end:
            score += float(silence[end:start].sum()) - costs.pause
    first, last = division[0][0], division[-1][1]
    for outside in (slice(0, first), slice(last, None)):
        quiet = float(silence[outside].sum())
        score += max(quiet, float(edge[outside].sum()) - costs.unscripted)
    return score


def _divisions(n_words: int, first: int, n_positions: int, costs: SpanCosts) -> Iterator[Division]:
    """Every way to place the words from position `first` on; `first` 0 is the recording's start."""
    if n_words == 0:
        yield ()
        return
    for start in range(first, n_positions):
        # words touch, or a whole pause lies between them; before the first anything may lie
        if first and first < start < first + costs.shortest_pause:
            continue
        for length in range(costs.shortest, min(costs.longest, n_positions - start) + 1):
            for rest in _divisions(n_words - 1, start + length, n_positions, costs):
                yield ((start, start + length), *rest)
