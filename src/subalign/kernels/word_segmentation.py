"""Viterbi (semi-Markov) segmentation into words and silences, compiled by numba when first used."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from subalign.kernels.compiling import compiled

__all__ = ["SegmentationCosts", "best_segmentation", "warm_up"]


@dataclass(frozen=True, slots=True)
class SegmentationCosts:
    """What a segmentation into words and silences costs, and what it may be.

    A word takes `shortest` to `longest` positions. A word of d positions for which `expected` were
    expected costs `tightness / 2 * log(d / expected) ** 2`. Between two words there is nothing,
    or a silence of at least `shortest_silence` positions, which costs `silence_start`. Before the
    first and after the last word there may be speech that is not in the text, for `untranscribed`;
    between two words for twice as much, as if one text ended and another began.
    """

    shortest: int
    longest: int
    tightness: float
    shortest_silence: int
    silence_start: float
    untranscribed: float


def best_segmentation(
    words: NDArray[np.floating],
    silence: NDArray[np.floating],
    outside: NDArray[np.floating],
    expected: NDArray[np.floating],
    costs: SegmentationCosts,
) -> NDArray[np.int64]:
    """Where each word begins and ends (words, 2), in positions, in the best segmentation.

    A Viterbi search over whole words, as in a segment model (Ostendorf, Digalakis and Kimball
    1996): the words follow each other in order, and the sum of the scores of all positions less
    the costs is the highest that there is. The time grows with words x positions x
    `costs.longest`.

    Args:
        words: the score of each position as part of each word (words, positions).
        silence: the score of each position as part of a silence (positions,).
        outside: the same of speech that is not in the text (positions,).
        expected: how many positions each word should take (words,).
        costs: limits and penalties.

    Scores are finite. Of equally good segmentations one is chosen from the last word on: it ends as
    early as it can, and then begins so; each word before touches the next one if it can, and else
    ends as early as it can.

    Raises:
        ValueError: the words do not fit, even with the fewest positions for each.
    """
    n_words, n_positions = words.shape
    if n_words == 0:
        return np.empty((0, 2), np.int64)
    if costs.shortest * n_words > n_positions:
        raise ValueError(
            f"{n_words} words of {costs.shortest} positions do not fit into {n_positions}"
        )
    durations = np.arange(1, costs.longest + 1)
    deviation = np.log(durations) - np.log(np.asarray(expected, np.float64))[:, None]
    bonus = -costs.tightness / 2 * deviation**2  # (words, durations)
    return _kernel()(
        np.ascontiguousarray(words, np.float64),
        _running_sum(silence),
        _running_sum(outside),
        bonus,
        costs.shortest,
        costs.shortest_silence,
        costs.silence_start,
        costs.untranscribed,
    )


def warm_up() -> None:
    """Compile the kernel, or load it from numba's cache, ahead of its first use."""
    _kernel()


def _running_sum(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(scores, dtype=np.float64)])


@cache
def _kernel() -> Callable[..., NDArray[np.int64]]:
    import numba

    # a read-only argument takes writable arrays too
    matrix, row = (numba.types.Array(numba.float64, n, "C", readonly=True) for n in (2, 1))
    count, cost = numba.int64, numba.float64
    return compiled(_search, matrix, row, row, matrix, count, count, cost, cost)


def _search(
    words: NDArray[np.float64],
    silence: NDArray[np.float64],
    outside: NDArray[np.float64],
    bonus: NDArray[np.float64],
    shortest: int,
    shortest_silence: int,
    silence_start: float,
    untranscribed: float,
) -> NDArray[np.int64]:
    n_words, n_positions = words.shape
    longest = bonus.shape[1]
    # best[t]: all words so far lie before t, and t is where the next may begin
    best = np.maximum(silence, outside - untranscribed)
    starts = np.zeros((n_words, n_positions + 1), np.int32)
    ends = np.zeros((n_words, n_positions + 1), np.int32)
    ending = np.empty(n_positions + 1)
    inside = np.zeros(n_positions + 1)
    final = 0
    for word in range(n_words):
        for t in range(n_positions):
            inside[t + 1] = inside[t] + words[word, t]
        for t in range(n_positions + 1):
            ending[t] = -np.inf
            for start in range(max(0, t - longest), t - shortest + 1):
                score = best[start] + inside[t] - inside[start] + bonus[word, t - start - 1]
                if score > ending[t]:
                    ending[t] = score
                    starts[word, t] = start
        if word == n_words - 1:
            highest = -np.inf
            for t in range(n_positions + 1):
                rest = max(silence[-1] - silence[t], outside[-1] - outside[t] - untranscribed)
                if ending[t] + rest > highest:
                    highest = ending[t] + rest
                    final = t
            break
        before_silence, before_outside = -np.inf, -np.inf
        silence_end, outside_end = 0, 0
        for t in range(n_positions + 1):
            candidate = t - shortest_silence
            if candidate >= 0:
                if ending[candidate] - silence[candidate] > before_silence:
                    before_silence = ending[candidate] - silence[candidate]
                    silence_end = candidate
                if ending[candidate] - outside[candidate] > before_outside:
                    before_outside = ending[candidate] - outside[candidate]
                    outside_end = candidate
            silent = before_silence + silence[t] - silence_start
            spoken = before_outside + outside[t] - 2 * untranscribed
            best[t] = max(ending[t], silent, spoken)
            if ending[t] == best[t]:
                ends[word, t] = t
            elif silent == spoken:
                ends[word, t] = min(silence_end, outside_end)
            else:
                ends[word, t] = silence_end if silent > spoken else outside_end
    spans = np.empty((n_words, 2), np.int64)
    t = final
    for word in range(n_words - 1, -1, -1):
        if word < n_words - 1:
            t = ends[word, t]
        spans[word, 1] = t
        t = starts[word, t]
        spans[word, 0] = t
    return spans
