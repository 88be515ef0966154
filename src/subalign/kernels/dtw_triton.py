"""Dynamic time warping in Triton: a batch of matrices of any sizes in one launch.

One program walks through one matrix, a stripe of tokens at a time, an anti-diagonal a step: the
cells of an anti-diagonal do not depend on each other. It then walks the path back and leaves the
frames at which each token begins and ends, which is all that the host gets.
"""

from collections.abc import Sequence

import numpy as np
import torch
import triton
import triton.language as tl
from numpy.typing import NDArray
from torch import Tensor

from subalign.kernels.dtw import DtwPath

__all__ = ["MAX_BLOCK", "dtw_batch"]

# how the path comes to a cell
DIAGONAL: tl.constexpr = tl.constexpr(0)
VERTICAL: tl.constexpr = tl.constexpr(1)
HORIZONTAL: tl.constexpr = tl.constexpr(2)

MAX_BLOCK = 1024  # tokens of a stripe
MAX_REACH = 256  # frames of a row that the way back looks at in one step


def dtw_batch(
    costs: Tensor,
    n_tokens: Sequence[int],
    n_frames: Sequence[int],
    *,
    max_block: int = MAX_BLOCK,
    max_reach: int = MAX_REACH,
) -> list[DtwPath]:
    """The paths of `subalign.kernels.dtw.dtw` through each matrix of `costs`, cell by cell.

    Args:
        costs: (matrices, tokens, frames), on the device that is to find the paths; may be strided.
        n_tokens: how many rows of each matrix count; the others may hold anything.
        n_frames: how many columns of each matrix count.
        max_block: tokens that a program has in hand, a power of two.
        max_reach: frames that the way back looks at in one step, a power of two.

    Returns each path's tokens and frames; both are empty where the matrix is.

    Raises:
        ValueError: the sizes do not fit `costs`.
    """
    sizes = list(zip(n_tokens, n_frames, strict=True))
    if costs.ndim != 3 or len(sizes) != len(costs):
        raise ValueError(f"{len(sizes)} sizes do not fit costs of shape {tuple(costs.shape)}")
    n_matrices, max_tokens, max_frames = costs.shape
    if any(not (0 <= n <= max_tokens and 0 <= m <= max_frames) for n, m in sizes):
        raise ValueError(f"a matrix is larger than its place of {max_tokens} x {max_frames}")
    if costs.numel() == 0:
        return [_path(np.empty(0, np.int32), np.empty(0, np.int32)) for _ in sizes]

    skewed = _skew(costs)
    block = min(max_block, triton.next_power_of_2(max_tokens))
    # per matrix two anti-diagonals of a stripe, then the totals of the row above the stripe
    totals = costs.new_empty((n_matrices, 2 * block + max_frames), dtype=torch.float64)
    came_by = torch.empty_like(skewed, dtype=torch.uint8)
    spans = torch.empty((n_matrices, 2, max_tokens), dtype=torch.int32, device=costs.device)
    # Triton launches on the current device
    with torch.cuda.device_of(costs):  # type: ignore[no-untyped-call]
        _find_spans[(n_matrices,)](
            skewed,
            torch.tensor(sizes, dtype=torch.int32).to(costs.device),
            totals,
            came_by,
            spans,
            skewed.stride(0),
            totals.stride(0),
            max_tokens,
            block=block,
            reach=min(max_reach, triton.next_power_of_2(max_frames)),
            num_warps=max(1, min(8, block // 64)),
        )
    found = spans.cpu().numpy()
    return [
        _path(*span[:, : tokens if frames else 0])
        for span, (tokens, frames) in zip(found, sizes, strict=True)
    ]


def _skew(costs: Tensor) -> Tensor:
    """Anti-diagonals as rows: (matrices, tokens + frames - 1, tokens), so that they lie together.

    Cell (token, frame) goes to (token + frame, token); what no cell goes to is left undefined.
    """
    n_matrices, n_tokens, n_frames = costs.shape
    single = costs.dtype in (torch.float16, torch.bfloat16, torch.float32)
    skewed = costs.new_empty(
        (n_matrices, n_tokens + n_frames - 1, n_tokens),
        dtype=torch.float32 if single else torch.float64,
    )
    strides = (skewed.stride(0), n_tokens + 1, n_tokens)
    skewed.as_strided(costs.shape, strides).copy_(costs)
    return skewed


def _path(first: NDArray[np.int32], last: NDArray[np.int32]) -> DtwPath:
    """The cells of a path whose token `i` lies from frame `first[i]` to `last[i]`."""
    lengths = last.astype(np.int64) - first + 1
    tokens = np.repeat(np.arange(len(first)), lengths)
    starts = np.cumsum(lengths) - lengths  # the cell at which each token begins
    return tokens, np.arange(len(tokens)) + np.repeat(first - starts, lengths)


@triton.jit
def _find_spans(
    skewed: tl.tensor,
    sizes: tl.tensor,
    totals: tl.tensor,
    came_by: tl.tensor,
    spans: tl.tensor,
    matrix_stride: tl.tensor,
    totals_stride: tl.tensor,
    max_tokens: tl.tensor,
    block: tl.constexpr,
    reach: tl.constexpr,
) -> None:
    """The first and the last frame of each token of one matrix, into `spans`."""
    matrix = tl.program_id(0).to(tl.int64)
    n_tokens = tl.load(sizes + 2 * matrix)
    n_frames = tl.load(sizes + 2 * matrix + 1)
    came_by += matrix * matrix_stride
    costs_of_stripe = skewed + matrix * matrix_stride
    came_by_of_stripe = came_by
    for first in range(0, n_tokens, block):
        _go_through_stripe(
            costs_of_stripe,
            totals + matrix * totals_stride,
            came_by_of_stripe,
            first,
            n_tokens,
            n_frames,
            max_tokens,
            block,
        )
        costs_of_stripe += block * (max_tokens + 1)
        came_by_of_stripe += block * (max_tokens + 1)
    tl.debug_barrier()
    _walk_back(came_by, spans + 2 * matrix * max_tokens, n_tokens, n_frames, max_tokens, reach)


@triton.jit
def _go_through_stripe(
    costs: tl.tensor,
    totals: tl.tensor,
    came_by: tl.tensor,
    first: tl.tensor,
    n_tokens: tl.tensor,
    n_frames: tl.tensor,
    max_tokens: tl.tensor,
    block: tl.constexpr,
) -> None:
    """How the cheapest path comes to each cell of `block` tokens from `first` on.

    Lane `i` has token `first + i`, and at step `t` frame `t - i`. Its left neighbour's total is its
    own of the step before. The upper neighbour's is that of lane `i - 1` and goes through memory;
    the diagonal neighbour's is what was the upper one's a step ago. Above lane 0 stands the last
    row of the stripe before, which `totals` holds behind the lanes of this step and the last.
    """
    infinity = float("inf")
    lanes = tl.arange(0, block)
    tokens = first + lanes
    costs += lanes
    came_by += lanes
    edge = totals + 2 * block
    under_edge = (lanes == 0) & (first > 0)
    exists = tokens < n_tokens

    tl.debug_barrier()  # the stripe before has been read
    left = tl.full([block], infinity, tl.float64)
    diagonal = tl.where(tokens == 0, 0.0, left)
    above = tl.load(edge + lanes, mask=under_edge & (lanes < n_frames), other=infinity)
    # costs are fetched two steps ahead of their use
    cost = tl.load(costs, mask=exists & (lanes == 0) & (n_frames > 0), other=0.0)
    inside = exists & (lanes <= 1) & (1 - lanes < n_frames)
    next_cost = tl.load(costs + max_tokens, mask=inside, other=0.0)
    for step in range(n_frames + tl.minimum(n_tokens - first, block) - 1):
        frames = step - lanes
        inside = exists & (frames >= -2) & (frames + 2 < n_frames)
        cost_after_next = tl.load(costs + 2 * max_tokens, mask=inside, other=0.0)

        by_diagonal = (diagonal < above) & (diagonal < left)
        by_above = (above < diagonal) & (above < left)
        best = tl.where(by_diagonal, diagonal, tl.where(by_above, above, left))
        way = tl.where(by_diagonal, DIAGONAL, tl.where(by_above, VERTICAL, HORIZONTAL))
        total = cost.to(tl.float64) + best
        inside = exists & (frames >= 0) & (frames < n_frames)
        # NaN, which equals nothing, costs as much as infinity
        total = tl.where(inside & (total == total), total, infinity)
        tl.store(came_by, way.to(tl.uint8), mask=inside)

        # written in turns, so that one barrier a step is enough
        turn = (step % 2) * block
        tl.store(totals + turn + lanes, total)
        tl.store(edge + frames, total, mask=inside & (lanes == block - 1))
        tl.debug_barrier()
        left = total
        diagonal = above
        upper = tl.where(lanes == 0, 2 * block + step + 1, turn + lanes - 1)
        known = (lanes > 0) | (under_edge & (step + 1 < n_frames))
        above = tl.load(totals + upper, mask=known, other=infinity)
        cost = next_cost
        next_cost = cost_after_next
        costs += max_tokens
        came_by += max_tokens


@triton.jit
def _walk_back(
    came_by: tl.tensor,
    spans: tl.tensor,
    n_tokens: tl.tensor,
    n_frames: tl.tensor,
    max_tokens: tl.tensor,
    reach: tl.constexpr,
) -> None:
    """From the last cell to the first, `reach` frames of a token at a time."""
    back = tl.arange(0, reach)
    token = n_tokens - 1
    frame = n_frames - 1
    exists = (token >= 0) & (frame >= 0)
    tl.store(spans + max_tokens + token, frame, mask=exists)
    while (token > 0) & (frame >= 0):
        frames = frame - back
        cells = (token + frames).to(tl.int64) * max_tokens + token
        # at frame 0 there is one way left, whatever the totals are
        way = tl.load(came_by + cells, mask=frames > 0, other=VERTICAL)
        starts = 2 * frames + (way == DIAGONAL).to(tl.int32)
        start = tl.max(tl.where((frames >= 0) & (way != HORIZONTAL), starts, -1), axis=0)
        found = start >= 0
        tl.store(spans + token, start // 2, mask=found)
        frame = tl.where(found, start // 2 - start % 2, frame - reach)
        token = tl.where(found, token - 1, token)
        tl.store(spans + max_tokens + token, frame, mask=found)
    tl.store(spans, 0, mask=exists)
