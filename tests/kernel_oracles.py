"""What every kernel must return, in plain Python: cell by cell, or by trying everything."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from subalign.kernels.edit_alignment import GapCosts
from subalign.kernels.word_segmentation import SegmentationCosts

__all__ = [
    "alignment_score",
    "best_score",
    "dtw_oracle",
    "median_filter_oracle",
    "segmentation_oracle",
    "segmentation_score",
]


def median_filter_oracle(x: NDArray[np.floating], width: int) -> NDArray[np.floating]:
    """The result that `subalign.kernels.median.median_filter` documents, sorted window by window.

    `x` is (..., frames); the result has its shape and type.
    """
    n_frames = x.shape[-1]
    if n_frames <= width // 2:
        width = max(range(1, n_frames + 1, 2), default=1)
    reach = width // 2
    result = np.empty_like(x)
    for row in np.ndindex(x.shape[:-1]):
        # NumPy's "reflect" does not repeat the border either
        padded = np.pad(x[row], reach, mode="reflect")
        for frame in range(n_frames):
            window = np.sort(padded[frame : frame + width])
            has_nan = bool(np.isnan(window[-1]))
            result[(*row, frame)] = np.nan if has_nan else window[reach]
    return result


_DIAGONAL, _VERTICAL, _HORIZONTAL = range(3)


def dtw_oracle(cost: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The path that `subalign.kernels.dtw.dtw` documents, found cell by cell.

    Sakoe and Chiba 1978, without slope weights: the total cost of a cell (token, frame) is its
    own cost plus the total of the diagonal, the upper or the left neighbour.
    """
    n_tokens, n_frames = cost.shape
    total = np.full((n_tokens + 1, n_frames + 1), np.inf)
    total[0, 0] = 0
    came_by = np.zeros(cost.shape, dtype=np.int64)
    for token in range(n_tokens):
        for frame in range(n_frames):
            best, came_by[token, frame] = _dtw_step(
                float(total[token, frame]),
                float(total[token, frame + 1]),
                float(total[token + 1, frame]),
            )
            through = float(cost[token, frame]) + best
            total[token + 1, frame + 1] = math.inf if math.isnan(through) else through
    return _dtw_walk_back(came_by)


def _dtw_step(diagonal: float, above: float, left: float) -> tuple[float, int]:
    if diagonal < above and diagonal < left:
        return diagonal, _DIAGONAL
    if above < diagonal and above < left:
        return above, _VERTICAL
    return left, _HORIZONTAL


def _dtw_walk_back(came_by: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    token, frame = came_by.shape[0] - 1, came_by.shape[1] - 1
    path = [(token, frame)] if token >= 0 and frame >= 0 else []
    while path and path[-1] != (0, 0):
        if token == 0:
            step = _HORIZONTAL
        elif frame == 0:
            step = _VERTICAL
        else:
            step = int(came_by[token, frame])
        token -= step != _HORIZONTAL
        frame -= step != _VERTICAL
        path.append((token, frame))
    tokens_and_frames = np.array(path[::-1], dtype=np.int64).reshape(-1, 2)
    return tokens_and_frames[:, 0], tokens_and_frames[:, 1]


Segmentation = tuple[tuple[int, int], ...]


def segmentation_oracle(
    words: NDArray[np.floating],
    silence: NDArray[np.floating],
    outside: NDArray[np.floating],
    expected: NDArray[np.floating],
    costs: SegmentationCosts,
) -> NDArray[np.int64]:
    """The best of all segmentations (words, 2); for a few words and positions only."""
    n_words, n_positions = words.shape
    best = max(
        _segmentations(n_words, 0, n_positions, costs),
        key=lambda segmentation: segmentation_score(
            segmentation, words, silence, outside, expected, costs
        ),
    )
    return np.array(best, np.int64).reshape(-1, 2)


def segmentation_score(
    segmentation: Segmentation,
    words: NDArray[np.floating],
    silence: NDArray[np.floating],
    outside: NDArray[np.floating],
    expected: NDArray[np.floating],
    costs: SegmentationCosts,
) -> float:
    """What `subalign.kernels.word_segmentation.best_segmentation` makes as high as it can."""
    score = 0.0
    for word, (start, end) in enumerate(segmentation):
        score += float(words[word, start:end].sum())
        score -= costs.tightness / 2 * float(np.log((end - start) / expected[word])) ** 2
    for (_, end), (start, _) in pairwise(segmentation):
        if start > end:
            quiet = float(silence[end:start].sum()) - costs.silence_start
            score += max(quiet, float(outside[end:start].sum()) - 2 * costs.untranscribed)
    first, last = segmentation[0][0], segmentation[-1][1]
    for rest in (slice(0, first), slice(last, None)):
        quiet = float(silence[rest].sum())
        score += max(quiet, float(outside[rest].sum()) - costs.untranscribed)
    return score


def _segmentations(
    n_words: int, first: int, n_positions: int, costs: SegmentationCosts
) -> Iterator[Segmentation]:
    """Every way to place the words from position `first` on; `first` 0 is the recording's start."""
    if n_words == 0:
        yield ()
        return
    for start in range(first, n_positions):
        # words touch, or a whole silence lies between them; before the first anything may lie
        if first and first < start < first + costs.shortest_silence:
            continue
        for length in range(costs.shortest, min(costs.longest, n_positions - start) + 1):
            for rest in _segmentations(n_words - 1, start + length, n_positions, costs):
                yield ((start, start + length), *rest)


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
            down[i, j] = max(down[i, j], before - _gap_cost(length, costs))
        for length in range(1, j + 1):
            before = max(pair[i, j - length], down[i, j - length])
            right[i, j] = max(right[i, j], before - _gap_cost(length, costs))
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
        total -= _gap_cost(next_i - i - 1, costs) + _gap_cost(next_j - j - 1, costs)
    return total


def _gap_cost(length: int, costs: GapCosts) -> int:
    if length == 0:
        return 0
    return min(costs.opening + length * costs.extension, costs.passage)
