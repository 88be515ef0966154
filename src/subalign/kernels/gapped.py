"""Alignment of two long sequences with gaps, on the CPU, compiled by numba when first used."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from subalign.kernels.compiling import compiled

__all__ = ["GapCosts", "gapped_partners"]

# bytes that the rows kept for the way back, and the steps of one block, may take
_ROW_BYTES = 64 << 20
_STEP_BYTES = 64 << 20

_ROWS_KEPT = 3  # the totals, and those that end in a gap of each kind


@dataclass(frozen=True, slots=True)
class GapCosts:
    """What it costs to leave elements of one sequence without partner: the cheaper of two ways.

    A run of n costs `opening + n * extension`, or `passage` whatever its length: so a few elements
    are a flaw, and a whole passage is another thing than many flaws. All are whole numbers from 0.
    """

    opening: int
    extension: int
    passage: int


def gapped_partners(
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    scores: NDArray[np.integer],
    costs: GapCosts,
) -> NDArray[np.int64]:
    """Which element of `second` each element of `first` goes with in the best global alignment.

    After Gotoh 1982, with the gap costs the lower of two lines. Pairs are preferred to gaps where
    both are as good, and gaps in `second` to those in `first`. The time grows with the product
    of the lengths; the memory hardly does, as only some rows are kept and the rest computed anew
    on the way back.

    Args:
        first: indices into `scores`, (n,).
        second: indices into `scores`, (m,).
        scores: what it brings to pair two elements, (kinds, kinds).
        costs: what gaps cost.

    Returns:
        (n,) indices into `second`, rising, and -1 where there is no partner.
    """
    ours: NDArray[np.int32] = np.ascontiguousarray(first, np.int32)
    theirs: NDArray[np.int32] = np.ascontiguousarray(second, np.int32)
    partners = np.full(ours.size, -1, np.int64)
    if ours.size and theirs.size:
        table = np.ascontiguousarray(scores, np.int32)
        gaps = np.array([costs.opening, costs.extension, costs.passage], np.int32)
        start = np.empty((_ROWS_KEPT, theirs.size + 1), np.int32)
        sweep, _ = _compiled()
        sweep(ours[:0], theirs, table, gaps, start, True)
        _fill(partners, ours, theirs, table, gaps, start, 0, (theirs.size, 0))
    return partners


def _fill(
    partners: NDArray[np.int64],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    table: NDArray[np.int32],
    gaps: NDArray[np.int32],
    start: NDArray[np.int32],
    offset: int,
    end: tuple[int, int],
) -> tuple[int, int]:
    """Find the partners of a block of rows that ends in column and state `end`.

    `start` is the row before the block. Returns the column and state that the block begins in.
    """
    sweep, walk = _compiled()
    column = end[0]
    second = second[:column]
    start = np.ascontiguousarray(start[:, : column + 1])
    if first.size * (column + 1) <= _STEP_BYTES or first.size == 1:
        begin_column, begin_state = walk(
            first, second, table, gaps, start, end[1], partners[offset : offset + first.size]
        )
        found = partners[offset : offset + first.size]
        assert found.size == first.size
        return int(begin_column), int(begin_state)
    n_blocks = min(first.size, max(2, _ROW_BYTES // start.nbytes))
    edges = np.linspace(0, first.size, n_blocks + 1).astype(int)
    rows = [start]
    for block in range(n_blocks - 1):
        row = rows[-1].copy()
        sweep(first[edges[block] : edges[block + 1]], second, table, gaps, row, False)
        rows.append(row)
    for block in reversed(range(n_blocks)):
        piece = first[edges[block] : edges[block + 1]]
        at = offset + int(edges[block])
        end = _fill(partners, piece, second, table, gaps, rows.pop(), at, end)
    return end


@cache
def _compiled() -> tuple[Callable[..., Any], Callable[..., Any]]:
    import numba

    line, table = (numba.types.Array(numba.int32, n, "C", readonly=True) for n in (1, 2))
    rows, partners = numba.int32[:, ::1], numba.int64[::1]
    sequences = (line, line, table, line)
    return (
        compiled(_sweep, *sequences, rows, numba.boolean),
        compiled(_walk, *sequences, table, numba.int64, partners),
    )


def _sweep(
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    table: NDArray[np.int32],
    gaps: NDArray[np.int32],
    row: NDArray[np.int32],
    is_start: bool,
) -> None:
    """Take `row` (3, columns + 1) over the elements of `first`; make the first row if `is_start`.

    The rows hold the best totals, the best that end in a short gap of `second`, and in a passage.
    """
    opening, extension, passage = gaps[0], gaps[1], gaps[2]
    lowest = np.int32(-(1 << 30))
    n = second.size
    best, short, long = row[0], row[1], row[2]
    if is_start:
        best[0] = 0
        for j in range(1, n + 1):
            best[j] = -min(opening + j * extension, passage)
        short[:] = lowest
        long[:] = lowest
    through = np.empty(n + 1, np.int32)
    for i in range(first.size):
        scores = table[first[i]]
        short[0] = max(short[0], best[0] - opening) - extension
        long[0] = max(long[0], best[0] - passage)
        through[0] = max(short[0], long[0])
        for j in range(1, n + 1):
            short[j] = max(short[j], best[j] - opening) - extension
            long[j] = max(long[j], best[j] - passage)
            pair = best[j - 1] + scores[second[j - 1]]
            through[j] = max(pair, short[j], long[j])
        left_short, left_long = lowest, lowest
        best[0] = through[0]
        for j in range(1, n + 1):
            left_short = max(left_short, through[j - 1] - opening) - extension
            left_long = max(left_long, through[j - 1] - passage)
            best[j] = max(through[j], left_short, left_long)


def _walk(
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    table: NDArray[np.int32],
    gaps: NDArray[np.int32],
    start: NDArray[np.int32],
    end_state: int,
    partners: NDArray[np.int64],
) -> tuple[int, int]:
    """Compute the rows after `start`, go back through them, and note the partners.

    States: 0 the best, 1 and 2 in a short gap of `second` and in a passage, 3 and 4 in those of
    `first`, 5 the best but for these.
    """
    opening, extension, passage = gaps[0], gaps[1], gaps[2]
    lowest = np.int32(-(1 << 30))
    n_rows, n = first.size, second.size
    # bits 0-1: how a total without a gap of first at its end comes about (0 pair, 1 and 2 gaps of
    # second); bits 2-3: whether a gap of first is better; bits 4-7: whether each gap, those of
    # second first, goes on from the element before
    steps = np.empty((n_rows, n + 1), np.uint8)
    best, short, long = start[0].copy(), start[1].copy(), start[2].copy()
    through = np.empty(n + 1, np.int32)
    for i in range(n_rows):
        scores = table[first[i]]
        for j in range(n + 1):
            bits = (16 if short[j] > best[j] - opening else 0) | (
                32 if long[j] > best[j] - passage else 0
            )
            short[j] = max(short[j], best[j] - opening) - extension
            long[j] = max(long[j], best[j] - passage)
            total = best[j - 1] + scores[second[j - 1]] if j > 0 else lowest
            source = 0
            if short[j] > total:
                total, source = short[j], 1
            if long[j] > total:
                total, source = long[j], 2
            through[j] = total
            steps[i, j] = bits | source
        left_short, left_long = lowest, lowest
        best[0] = through[0]
        for j in range(1, n + 1):
            bits = (64 if left_short > through[j - 1] - opening else 0) | (
                128 if left_long > through[j - 1] - passage else 0
            )
            left_short = max(left_short, through[j - 1] - opening) - extension
            left_long = max(left_long, through[j - 1] - passage)
            total = through[j]
            if left_short > total:
                total = left_short
                bits |= 4
            if left_long > total:
                total = left_long
                bits = (bits & ~4) | 8
            best[j] = total
            steps[i, j] |= bits
    i, j, state = n_rows, n, end_state
    while i > 0:
        bits = steps[i - 1, j]
        if state == 0 and bits & 12:
            state = 3 if bits & 4 else 4
        elif state == 0 or state == 5:
            state = bits & 3
            if state == 0:
                partners[i - 1] = j - 1
                i, j = i - 1, j - 1
        elif state == 1:
            state = 1 if bits & 16 else 0
            i -= 1
        elif state == 2:
            state = 2 if bits & 32 else 0
            i -= 1
        else:
            state = state if bits & (64 if state == 3 else 128) else 5
            j -= 1
    return j, state
