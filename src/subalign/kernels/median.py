"""A running median on the CPU: a selection network of minima and maxima over whole rows."""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Comparator", "check_width", "fitted_width", "median_filter", "selection_network"]

# values worked on at a time, so that a network's rows stay in the processor's second-level cache
CHUNK_VALUES = 100_000


class Comparator(NamedTuple):
    """Puts the smaller of two wires on `low` and the greater on `high`, where they are needed."""

    low: int
    high: int
    needs_low: bool
    needs_high: bool


def median_filter(x: Tensor, width: int) -> Tensor:
    """The median of `width` neighbouring frames around each frame of `x` (..., frames).

    The borders are reflected without being repeated: frame -1 is frame 1. Where there are too few
    frames for that (at most `width // 2`), the width is the greatest odd number of frames that
    there are; openai-whisper leaves such rows as they are. A window with a NaN in it gives NaN. The
    result has the shape, type and device of `x`, which may be strided and must be of a floating
    type.

    Measured on 448 x 1500 frames at width 7: a tenth of the time of sorting each window, which
    torch.sort and torch.median take.

    Raises:
        ValueError: `width` is not an odd number above 0.
    """
    n_frames = x.shape[-1]
    width = fitted_width(width, n_frames)
    if width == 1 or x.numel() == 0:
        return x
    reach = width // 2
    rows = x.reshape(-1, n_frames)  # (rows, frames)
    result = torch.empty_like(rows, memory_format=torch.contiguous_format)
    step = max(1, CHUNK_VALUES // n_frames)
    for first in range(0, rows.shape[0], step):
        chunk = functional.pad(rows[first : first + step], (reach, reach), mode="reflect")
        result[first : first + step] = _select(chunk, width, n_frames)
    return result.view(x.shape)


def check_width(width: int) -> None:
    """Refuse a width that has no middle, with ValueError."""
    if width < 1 or width % 2 == 0:
        raise ValueError(f"a median's width must be an odd number above 0, not {width}")


def fitted_width(width: int, n_frames: int) -> int:
    """The width that rows of `n_frames` are filtered with; ValueError if it has no middle."""
    check_width(width)
    return width if n_frames > width // 2 else max(1, n_frames - 1 + n_frames % 2)


def _select(padded: Tensor, width: int, n_frames: int) -> Tensor:
    # wire i holds, for every frame, the i-th value of the frame's window
    wires: list[Tensor] = [padded[:, i : i + n_frames] for i in range(width)]
    for low, high, needs_low, needs_high in selection_network(width):
        a, b = wires[low], wires[high]
        if needs_low:
            wires[low] = torch.minimum(a, b)
        if needs_high:
            wires[high] = torch.maximum(a, b)
    return wires[width // 2]


@cache
def selection_network(width: int) -> tuple[Comparator, ...]:
    """The comparators that bring the median of `width` wires to wire `width // 2`, in order.

    Batcher's odd-even merge sort (Knuth, The Art of Computer Programming 3, 5.3.4), less what the
    middle wire does not depend on.
    """
    needed = {width // 2}
    kept: list[Comparator] = []
    for low, high in reversed(_odd_even_merge_sort(width)):
        if low in needed or high in needed:
            kept.append(Comparator(low, high, low in needed, high in needed))
            needed |= {low, high}
    return tuple(reversed(kept))


def _odd_even_merge_sort(n_wires: int) -> list[tuple[int, int]]:
    comparators: list[tuple[int, int]] = []
    run = 1  # length of the sorted runs that are merged
    while run < n_wires:
        gap = run
        while gap >= 1:
            for start in range(gap % run, n_wires - gap, 2 * gap):
                comparators += [
                    (low, low + gap)
                    for low in range(start, min(start + gap, n_wires - gap))
                    # both ends lie in the same pair of runs
                    if low // (2 * run) == (low + gap) // (2 * run)
                ]
            gap //= 2
        run *= 2
    return comparators
