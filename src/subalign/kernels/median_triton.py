"""A running median in Triton: the CPU's selection network, unrolled when a width is first met."""

from functools import cache

import torch
import triton
import triton.language as tl
from torch import Tensor

from subalign.kernels.median import fitted_width, selection_network

__all__ = ["BLOCK_FRAMES", "median_filter"]

BLOCK_FRAMES = 512


def median_filter(x: Tensor, width: int, *, block_frames: int = BLOCK_FRAMES) -> Tensor:
    """What `subalign.kernels.median.median_filter` documents, in one launch on the device of `x`.

    `x` (..., frames) may be strided. A program takes up to `block_frames` frames of one row, a
    power of two.

    Raises:
        ValueError: `width` is not an odd number above 0.
    """
    n_frames = x.shape[-1]
    width = fitted_width(width, n_frames)
    if width == 1 or x.numel() == 0:
        return x
    result = torch.empty_like(x, memory_format=torch.contiguous_format)
    # the kernel knows three dimensions before the frames; more are joined, copied where they must
    source = x.flatten(0, -4) if x.ndim > 4 else x.reshape((1,) * (4 - x.ndim) + x.shape)
    outer, middle, inner, _ = source.shape
    block = min(block_frames, triton.next_power_of_2(n_frames))
    # Triton launches on the current device
    with torch.cuda.device_of(x):  # type: ignore[no-untyped-call]
        _median_rows[(outer * middle * inner, triton.cdiv(n_frames, block))](
            source,
            result,
            n_frames,
            middle,
            inner,
            *source.stride(),
            width=width,
            network=_network(width),
            block=block,
            num_warps=max(1, min(4, block // 64)),
        )
    return result


@cache
def _network(width: int) -> tuple[tuple[int, int, bool, bool], ...]:
    """The comparators as plain tuples, which Triton takes for a compile-time constant."""
    return tuple((*comparator,) for comparator in selection_network(width))


@triton.jit
def _median_rows(
    source: tl.tensor,
    result: tl.tensor,
    n_frames: tl.tensor,
    n_middle: tl.tensor,
    n_inner: tl.tensor,
    outer_stride: tl.tensor,
    middle_stride: tl.tensor,
    inner_stride: tl.tensor,
    frame_stride: tl.tensor,
    width: tl.constexpr,
    network: tl.constexpr,
    block: tl.constexpr,
) -> None:
    """The medians of `block` frames of one row."""
    row = tl.program_id(0).to(tl.int64)
    source += (row // n_inner // n_middle) * outer_stride
    source += (row // n_inner % n_middle) * middle_stride + (row % n_inner) * inner_stride
    frames = tl.program_id(1) * block + tl.arange(0, block)
    inside = frames < n_frames
    # half precision is exact in single precision
    wide: tl.constexpr = tl.float64 if source.dtype.element_ty == tl.float64 else tl.float32

    wires: tl.tuple = ()  # wire i holds, for every frame, the i-th value of its window
    for i in tl.static_range(width):
        reflected = tl.abs(frames + (i - width // 2))
        reflected = tl.where(reflected < n_frames, reflected, 2 * (n_frames - 1) - reflected)
        value = tl.load(source + reflected.to(tl.int64) * frame_stride, mask=inside, other=0.0)
        wires = wires + (value.to(wide),)  # noqa: RUF005 (Triton unpacks nothing)
    for i in tl.static_range(len(network)):
        wires = _compare(wires, network[i][0], network[i][1], network[i][2], network[i][3])
    median = wires[width // 2].to(result.dtype.element_ty)
    tl.store(result + row * n_frames + frames, median, mask=inside)


@triton.jit
def _compare(
    wires: tl.tuple,
    low: tl.constexpr,
    high: tl.constexpr,
    needs_low: tl.constexpr,
    needs_high: tl.constexpr,
) -> tl.tuple:
    """The wires with the smaller of two on wire `low`, the greater on `high`, where needed."""
    a = wires[low]
    b = wires[high]
    if needs_low:
        smaller = tl.minimum(a, b, propagate_nan=tl.PropagateNan.ALL)
        wires = wires[:low] + (smaller,) + wires[low + 1 :]  # noqa: RUF005
    if needs_high:
        greater = tl.maximum(a, b, propagate_nan=tl.PropagateNan.ALL)
        wires = wires[:high] + (greater,) + wires[high + 1 :]  # noqa: RUF005
    return wires
