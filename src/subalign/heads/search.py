"""Greedy forward selection of the heads that time words best together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from subalign.heads.maps import Head, HeadMaps, spans_of
from subalign.heads.scores import word_errors
from subalign.options import KernelChoice

__all__ = ["HeadSearch", "HeadSet", "search_heads", "set_error"]

TOLERANCE = 0.005
"""A set that is so many seconds worse than the best is as good: more heads may be mere chance."""

# seconds that the attention of heads which follow the speech may lie beside it
_MOST_SHIFT = 0.1


@dataclass(frozen=True, slots=True)
class HeadSet:
    """Heads in the order they were chosen in, their shift and their error together (seconds)."""

    heads: tuple[Head, ...]
    error: float
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class HeadSearch:
    """What a search found: the marked heads, the best set, and how it was come by, head by head."""

    marked: HeadSet
    best: HeadSet
    steps: tuple[HeadSet, ...]


def search_heads(
    windows: Sequence[HeadMaps],
    marked: Iterable[Head],
    *,
    shift: float = 0.0,
    most: int = 10,
    kernels: KernelChoice = "auto",
) -> HeadSearch:
    """Add the head that helps most, up to `most` heads; then take the best set met on the way.

    Of sets that are equal but for `TOLERANCE`, the smallest is taken. The search is made from no
    head and from the `marked` ones, so that the result is never worse than those with their
    `shift`. `windows` hold the maps of the same heads, the marked ones among them. By method
    viterbi every set is measured with the shift that takes out its median error.

    Raises:
        ValueError: there is no window, or a marked head has no map.
    """
    if not windows:
        raise ValueError("heads cannot be searched for without a window")
    heads = windows[0].heads
    start = [heads.index(head) for head in sorted(set(marked))]

    own = set_error(windows, start, kernels=kernels, shift=shift)
    before = HeadSet(tuple(heads[index] for index in start), own, shift)
    known = {frozenset(start): min(_fitted(windows, start, kernels), (own, shift))}

    def measured(indices: Sequence[int]) -> HeadSet:
        chosen = frozenset(indices)
        if chosen not in known:
            known[chosen] = _fitted(windows, list(chosen), kernels)
        return HeadSet(tuple(heads[index] for index in indices), *known[chosen])

    paths: list[list[HeadSet]] = []
    for first in ([], start):
        chosen, steps = list(first), [measured(first)] if first else []
        while len(chosen) < min(most, len(heads)):
            rest = [index for index in range(len(heads)) if index not in chosen]
            tried = {index: measured([*chosen, index]) for index in rest}
            best = min(rest, key=lambda index: tried[index].error)
            chosen.append(best)
            steps.append(tried[best])
        paths.append(steps)
    candidates = [found for steps in paths for found in steps if found.error <= before.error]
    limit = min((found.error for found in candidates), default=before.error) + TOLERANCE
    good = [found for found in candidates if found.error <= limit]
    best_set = min(good, key=lambda found: (len(found.heads), found.error), default=before)
    steps = next((path for path in paths if best_set in path), [before])
    return HeadSearch(before, best_set, tuple(steps[: steps.index(best_set) + 1]))


def set_error(
    windows: Sequence[HeadMaps],
    indices: Sequence[int],
    *,
    kernels: KernelChoice = "auto",
    shift: float = 0.0,
) -> float:
    """The mean absolute error (seconds) of all starts and ends, by the heads at these indices.

    Words without a span do not count; NaN where none has one. `shift` is viterbi's.
    """
    return float(np.nanmean(np.abs(_errors(windows, indices, kernels, shift))))


def _errors(
    windows: Sequence[HeadMaps], indices: Sequence[int], kernels: KernelChoice, shift: float
) -> NDArray[np.float64]:
    """The signed errors of all starts and ends, in seconds."""
    matrices = [window.maps[sorted(indices)].float().mean(dim=0) for window in windows]
    found = spans_of(matrices, windows, kernels, shift=shift)
    errors = [
        word_errors(spans, window).ravel() for spans, window in zip(found, windows, strict=True)
    ]
    return np.concatenate(errors)


def _fitted(
    windows: Sequence[HeadMaps], indices: Sequence[int], kernels: KernelChoice
) -> tuple[float, float]:
    """The least error of these heads, and the shift that gives it."""
    signed = _errors(windows, indices, kernels, 0.0)
    unmoved = float(np.nanmean(np.abs(signed))), 0.0
    if windows[0].levels is None or not np.isfinite(signed).any():
        return unmoved
    shift = round(float(np.clip(-np.nanmedian(signed), -_MOST_SHIFT, _MOST_SHIFT)), 2)
    if not shift:
        return unmoved
    return min(unmoved, (set_error(windows, indices, kernels=kernels, shift=shift), shift))
