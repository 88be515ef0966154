"""Alignment with gaps as a textbook has it, in plain Python: what the kernel's must be worth."""

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from subalign.kernels.gapped import GapCosts

__all__ = ["alignment_score", "best_score"]


def best_score(
    first: Sequence[int], second: Sequence[int], scores: NDArray[np.integer], costs: GapCosts
) -> int:
    """The score of the best global alignment; gaps of any length are tried at every cell.

    After Waterman, Smith and Beyer 1976, which takes any gap costs.
    """
    n, m = len(first), len(second)
    # totals that end in a pair (or nothing), in a gap of `second`, in a gap of `first`
    pair, down, right = (np.full((n + 1, m + 1), -np.inf) for _ in range(3))
    pair[0, 0] = 0
    for i, j in product(range(n + 1), range(m + 1)):
        if i and j:
            before = max(pair[i - 1, j - 1], down[i - 1, j - 1], right[i - 1, j - 1])
            pair[i, j] = before + scores[first[i - 1], second[j - 1]]
        for length in range(1, i + 1):
            before = max(pair[i - length, j], right[i - length, j])
            down[i, j] = max(down[i, j], before - _cost(length, costs))
        for length in range(1, j + 1):
            before = max(pair[i, j - length], down[i, j - length])
            right[i, j] = max(right[i, j], before - _cost(length, costs))
    return int(max(pair[n, m], down[n, m], right[n, m]))


def alignment_score(
    first: Sequence[int],
    second: Sequence[int],
    partners: Sequence[int],
    scores: NDArray[np.integer],
    costs: GapCosts,
) -> int:
    """What an alignment is worth: its pairs less its gaps."""
    pairs = [(i, j) for i, j in enumerate(partners) if j >= 0]
    total = sum(int(scores[first[i], second[j]]) for i, j in pairs)
    edges = [(-1, -1), *pairs, (len(first), len(second))]
    for (i, j), (next_i, next_j) in pairwise(edges):
        total -= _cost(next_i - i - 1, costs) + _cost(next_j - j - 1, costs)
    return total


def _cost(length: int, costs: GapCosts) -> int:
    if length == 0:
        return 0
    return min(costs.opening + length * costs.extension, costs.passage)
