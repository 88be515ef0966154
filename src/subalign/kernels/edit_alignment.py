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

_LOWEST = np.int32(-(1 << 30))

# states on the way back; those in gaps of `second` are also where a total may come from
_BEST, _SHORT_OF_SECOND, _LONG_OF_SECOND, _SHORT_OF_FIRST, _LONG_OF_FIRST, _THROUGH = range(6)

# the bits of a step: where a total without a gap of `first` at its end comes from (0 a pair),
# which gap of `first` is better than it, and which gaps go on from the element before
_SOURCE = 0b11
_BY_SHORT_OF_FIRST, _BY_LONG_OF_FIRST = 4, 8
_SHORT_OF_SECOND_GOES_ON, _LONG_OF_SECOND_GOES_ON = 16, 32
_SHORT_OF_FIRST_GOES_ON, _LONG_OF_FIRST_GOES_ON = 64, 128


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
        sweep = _compiled()[0]
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
    sweep, trace, walk = _compiled()
    column, state = end
    second = second[:column]
    start = np.ascontiguousarray(start[:, : column + 1])
    if first.size * (column + 1) <= _STEP_BYTES or first.size == 1:
        steps = trace(first, second, table, gaps, start)
        begin = walk(steps, state, partners[offset : offset + first.size])
        return int(begin[0]), int(begin[1])
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
def _compiled() -> tuple[Callable[..., Any], ...]:
    import numba

    line, table = (numba.types.Array(numba.int32, n, "C", readonly=True) for n in (1, 2))
    rows, partners = numba.int32[:, ::1], numba.int64[::1]
    sequences = (line, line, table, line)
    return (
        compiled(_sweep, *sequences, rows, numba.boolean),
        compiled(_trace, *sequences, table),
        compiled(_walk, numba.uint8[:, ::1], numba.int64, partners),
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
    n = second.size
    best, short, long = row[0], row[1], row[2]
    if is_start:
        best[0] = 0
        for j in range(1, n + 1):
            best[j] = -min(opening + j * extension, passage)
        short[:] = _LOWEST
        long[:] = _LOWEST
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
        left_short, left_long = _LOWEST, _LOWEST
        best[0] = through[0]
        for j in range(1, n + 1):
            left_short = max(left_short, through[j - 1] - opening) - extension
            left_long = max(left_long, through[j - 1] - passage)
            best[j] = max(through[j], left_short, left_long)


def _trace(
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    table: NDArray[np.int32],
    gaps: NDArray[np.int32],
    start: NDArray[np.int32],
) -> NDArray[np.uint8]:
    """The steps (rows, columns + 1) of the rows after `start`: the bits named above."""
    opening, extension, passage = gaps[0], gaps[1], gaps[2]
    n = second.size
    steps = np.empty((first.size, n + 1), np.uint8)
    best, short, long = start[0].copy(), start[1].copy(), start[2].copy()
    through = np.empty(n + 1, np.int32)
    for i in range(first.size):
        scores = table[first[i]]
        for j in range(n + 1):
            bits = _SHORT_OF_SECOND_GOES_ON if short[j] > best[j] - opening else 0
            bits |= _LONG_OF_SECOND_GOES_ON if long[j] > best[j] - passage else 0
            short[j] = max(short[j], best[j] - opening) - extension
            long[j] = max(long[j], best[j] - passage)
            total = best[j - 1] + scores[second[j - 1]] if j > 0 else _LOWEST
            source = 0
            if short[j] > total:
                total, source = short[j], _SHORT_OF_SECOND
            if long[j] > total:
                total, source = long[j], _LONG_OF_SECOND
            through[j] = total
            steps[i, j] = bits | source
        left_short, left_long = _LOWEST, _LOWEST
        best[0] = through[0]
        for j in range(1, n + 1):
            bits = _SHORT_OF_FIRST_GOES_ON if left_short > through[j - 1] - opening else 0
            bits |= _LONG_OF_FIRST_GOES_ON if left_long > through[j - 1] - passage else 0
            left_short = max(left_short, through[j - 1] - opening) - extension
            left_long = max(left_long, through[j - 1] - passage)
            best[j] = max(through[j], left_short, left_long)
            if left_long > max(through[j], left_short):
                bits |= _BY_LONG_OF_FIRST
            elif left_short > through[j]:
                bits |= _BY_SHORT_OF_FIRST
            steps[i, j] |= bits
    return steps


def _walk(steps: NDArray[np.uint8], end_state: int, partners: NDArray[np.int64]) -> tuple[int, int]:
    """Go back through the steps from the last column and note the partners.

    Returns the column and the state in which the first row is left.
    """
    i, j, state = steps.shape[0], steps.shape[1] - 1, end_state
    while i > 0:
        bits = steps[i - 1, j]
        if state == _BEST and bits & (_BY_SHORT_OF_FIRST | _BY_LONG_OF_FIRST):
            state = _SHORT_OF_FIRST if bits & _BY_SHORT_OF_FIRST else _LONG_OF_FIRST
        elif state in (_BEST, _THROUGH):
            state = bits & _SOURCE
            if state == _BEST:
                partners[i - 1] = j - 1
                i, j = i - 1, j - 1
        elif state == _SHORT_OF_SECOND:
            state = _SHORT_OF_SECOND if bits & _SHORT_OF_SECOND_GOES_ON else _BEST
            i -= 1
        elif state == _LONG_OF_SECOND:
            state = _LONG_OF_SECOND if bits & _LONG_OF_SECOND_GOES_ON else _BEST
            i -= 1
        elif state == _SHORT_OF_FIRST:
            state = _SHORT_OF_FIRST if bits & _SHORT_OF_FIRST_GOES_ON else _THROUGH
            j -= 1
        else:
            state = _LONG_OF_FIRST if bits & _LONG_OF_FIRST_GOES_ON else _THROUGH
            j -= 1
    return j, state
