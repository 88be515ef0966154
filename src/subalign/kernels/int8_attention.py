"""Attention of a few queries to many positions whose keys and values are 8-bit integers.

A decoding step reads every key and value of the encoded windows once, so that its time is that of
the memory they lie in: a quarter of float32's. The products are of floats: each integer is
converted in a register. Compiled by numba when first used.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from subalign.kernels.compiling import compiled

__all__ = ["attend", "warm_up"]

# pairs of queries that one thread works through before another takes part: about 0.2 ms
_PAIRS_A_THREAD = 16

# 2**x for -1 <= x <= 0 by powers of x: least squares, relative error below 3e-7
_EXP2 = (0.99999998, 0.69314075, 0.24016586, 0.055269383, 0.0091820713, 0.00093768828)
_C0, _C1, _C2, _C3, _C4, _C5 = map(np.float32, _EXP2)
_LOG2_E = np.float32(np.log2(np.e))
_SMALLEST = np.float32(-126.0)  # smaller powers of two are no normal float32
_ONE, _MANTISSA_BITS = np.int32(127), np.int32(23)


def attend(
    queries: NDArray[np.float32],
    keys: NDArray[np.int8],
    values: NDArray[np.int8],
    key_scales: NDArray[np.float32],
    value_scales: NDArray[np.float32],
    *,
    threads: int = 1,
) -> NDArray[np.float32]:
    """What each query of a head gets of its values (heads, queries, d_head).

    Softmax attention (Vaswani et al. 2017, section 3.2.1) of scores `queries @ keys`, which are not
    scaled here. Arrays are contiguous.

    Args:
        queries: (heads, queries, d_head).
        keys: (heads, d_head, positions), each to be multiplied by its channel's scale.
        values: the same of the values.
        key_scales: (heads, d_head).
        value_scales: (heads, d_head).
        threads: how many threads may share the heads.

    Raises:
        ValueError: d_head is not a multiple of 4.
    """
    heads, n_queries, d_head = queries.shape
    if d_head % 4:
        raise ValueError(f"heads must have a multiple of 4 channels, not {d_head}")
    result = np.empty_like(queries)
    arguments = (queries, keys, values, key_scales, value_scales, result)
    kernel = _kernel()
    parts = max(1, min(threads, heads * ((n_queries + 1) // 2) // _PAIRS_A_THREAD))
    bounds = [part * heads // parts for part in range(parts + 1)]
    own, *spans = pairwise(bounds)
    others = [_pool(threads).submit(kernel, *arguments, *span) for span in spans]
    kernel(*arguments, *own)
    for other in others:
        other.result()
    return result


def warm_up() -> None:
    """Compile the kernel, or load it from numba's cache, ahead of its first use."""
    _kernel()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="subalign-attention")


@cache
def _kernel() -> Callable[..., Any]:
    import numba

    integers = numba.types.Array(numba.int8, 3, "C", readonly=True)
    floats, scales = (numba.types.Array(numba.float32, n, "C", readonly=True) for n in (3, 2))
    result = numba.types.Array(numba.float32, 3, "C")
    head = numba.int64
    return compiled(
        *(_attend, floats, integers, integers, scales, scales, result, head, head), fast=True
    )


def _attend(
    queries: NDArray[np.float32],
    keys: NDArray[np.int8],
    values: NDArray[np.int8],
    key_scales: NDArray[np.float32],
    value_scales: NDArray[np.float32],
    result: NDArray[np.float32],
    first: int,
    last: int,
) -> None:
    """Heads `first` to before `last`, two queries at a time: each integer is converted once."""
    n_queries, d_head = queries.shape[1:]
    n_positions = keys.shape[2]
    scores = np.empty((2, n_positions), np.float32)
    exponents = np.empty(n_positions, np.int32)
    powers = exponents.view(np.float32)
    pair = np.empty((2, d_head), np.float32)
    sums = np.empty(2, np.float32)
    for head in range(first, last):
        for query in range(0, n_queries, 2):
            second = min(query + 1, n_queries - 1)
            for d in range(d_head):
                pair[0, d] = queries[head, query, d] * key_scales[head, d]
                pair[1, d] = queries[head, second, d] * key_scales[head, d]
            a, b = scores[0], scores[second - query]
            scores[:] = np.float32(0)
            for d in range(0, d_head, 4):
                key0, key1 = keys[head, d], keys[head, d + 1]
                key2, key3 = keys[head, d + 2], keys[head, d + 3]
                a0, a1, a2, a3 = pair[0, d], pair[0, d + 1], pair[0, d + 2], pair[0, d + 3]
                b0, b1, b2, b3 = pair[1, d], pair[1, d + 1], pair[1, d + 2], pair[1, d + 3]
                if second == query:
                    for p in range(n_positions):
                        a[p] += (
                            a0 * np.float32(key0[p])
                            + a1 * np.float32(key1[p])
                            + a2 * np.float32(key2[p])
                            + a3 * np.float32(key3[p])
                        )
                else:
                    for p in range(n_positions):
                        k0, k1 = np.float32(key0[p]), np.float32(key1[p])
                        k2, k3 = np.float32(key2[p]), np.float32(key3[p])
                        a[p] += a0 * k0 + a1 * k1 + a2 * k2 + a3 * k3
                        b[p] += b0 * k0 + b1 * k1 + b2 * k2 + b3 * k3
            for row in range(second - query + 1):
                weights = scores[row]
                highest = weights[0]
                for p in range(n_positions):
                    highest = max(highest, weights[p])
                # exp(x) is 2 to the whole part of x / log(2), in the bits, times 2 to the rest
                for p in range(n_positions):
                    x = max((weights[p] - highest) * _LOG2_E, _SMALLEST)
                    whole = np.int32(x)
                    x -= np.float32(whole)
                    weights[p] = ((((_C5 * x + _C4) * x + _C3) * x + _C2) * x + _C1) * x + _C0
                    exponents[p] = (whole + _ONE) << _MANTISSA_BITS
                total = np.float32(0)
                for p in range(n_positions):
                    weights[p] *= powers[p]
                    total += weights[p]
                sums[row] = total
            for d in range(d_head):
                value = values[head, d]
                x, y = np.float32(0), np.float32(0)
                if second == query:
                    for p in range(n_positions):
                        x += a[p] * np.float32(value[p])
                else:
                    for p in range(n_positions):
                        v = np.float32(value[p])
                        x += a[p] * v
                        y += b[p] * v
                    result[head, second, d] = y * value_scales[head, d] / sums[1]
                result[head, query, d] = x * value_scales[head, d] / sums[0]
