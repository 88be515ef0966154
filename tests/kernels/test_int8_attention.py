"""Attention to 8-bit keys and values is softmax attention to the floats that they stand for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.kernels.int8_attention import attend, warm_up


def oracle(queries, keys, values, key_scales, value_scales):
    """In float64, step by step."""
    floats = keys.astype(np.float64) * key_scales[..., None]
    scores = queries.astype(np.float64) @ floats  # (heads, queries, positions)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights @ (values.astype(np.float64) * value_scales[..., None]).transpose(0, 2, 1)


def problem(seed, heads, queries, positions, d_head, size):
    rng = np.random.default_rng(seed)
    integers = rng.integers(-127, 128, (2, heads, d_head, positions)).astype(np.int8)
    scales = (rng.random((2, heads, d_head)) / 127).astype(np.float32)
    asked = (size * rng.normal(size=(heads, queries, d_head))).astype(np.float32)
    return asked, *integers, *scales


@given(
    seed=st.integers(0, 2**32 - 1),
    heads=st.integers(1, 5),
    queries=st.integers(1, 6),
    positions=st.integers(1, 70),
    d_head=st.sampled_from([4, 8, 20]),
    size=st.sampled_from([0.0, 1.0, 30.0, 1000.0]),
)
def test_as_in_float64(seed, heads, queries, positions, d_head, size):
    arguments = problem(seed, heads, queries, positions, d_head, size)
    # scores of a thousand are themselves only known to a ten thousandth in float32
    tolerance = 2e-6 + 2e-7 * size
    np.testing.assert_allclose(attend(*arguments), oracle(*arguments), rtol=0, atol=tolerance)


@pytest.mark.parametrize("threads", [2, 3, 50])
def test_threads_change_nothing(threads):
    arguments = problem(1, 41, 3, 150, 8, 3.0)
    np.testing.assert_array_equal(attend(*arguments, threads=threads), attend(*arguments))


def test_whisper_size():
    arguments = problem(2, 16, 5, 1500, 64, 2.0)
    np.testing.assert_allclose(attend(*arguments), oracle(*arguments), rtol=0, atol=5e-6)


def test_heads_of_other_widths_are_refused():
    with pytest.raises(ValueError, match="multiple of 4 channels, not 6"):
        attend(*problem(0, 1, 1, 3, 6, 1.0))


def test_warm_up_compiles():
    warm_up()
