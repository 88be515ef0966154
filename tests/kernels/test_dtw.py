"""The compiled DTW takes the oracle's path, which is openai-whisper's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from whisper.timing import dtw_cpu

from kernel_oracles import dtw_oracle
from subalign.kernels.dtw import dtw

SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, max_side=9)
REALS = st.floats(-100, 100, width=32)
SMALL_WHOLE_NUMBERS = st.integers(-2, 2).map(float)
ANYTHING = st.sampled_from([0.0, 1.0, -1.0, 3e38, 1e300, np.nan, np.inf, -np.inf])


def matrices(elements):
    return arrays.arrays(np.float64, SHAPES, elements=elements)


def assert_same_path(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == np.int64
        np.testing.assert_array_equal(ours, theirs)


@given(st.one_of(matrices(REALS), matrices(SMALL_WHOLE_NUMBERS)))
def test_path_is_openais_and_the_oracles(cost):
    assert_same_path(dtw(cost), dtw_cpu(cost))
    assert_same_path(dtw(cost), dtw_oracle(cost))


@given(matrices(ANYTHING))
def test_nan_and_infinity_follow_the_oracle(cost):
    assert_same_path(dtw(cost), dtw_oracle(cost))


@given(matrices(REALS))
def test_single_precision_costs_give_the_path_of_their_double_precision(cost):
    single = cost.astype(np.float32)
    assert_same_path(dtw(single), dtw_cpu(single.astype(np.float64)))
    assert_same_path(dtw(single), dtw_oracle(single))


@pytest.mark.parametrize("shape", [(50, 1500), (448, 1500), (1200, 40)])
def test_large_matrices_give_openais_path(shape):
    cost = np.random.default_rng(0).normal(size=shape)
    assert_same_path(dtw(cost), dtw_cpu(cost))


@given(st.one_of(matrices(REALS), matrices(ANYTHING)))
@settings(max_examples=50)
def test_path_joins_the_corners_in_single_steps(cost):
    tokens, frames = dtw(cost)
    assert (tokens[0], frames[0]) == (0, 0)
    assert (tokens[-1] + 1, frames[-1] + 1) == cost.shape
    steps = set(zip(np.diff(tokens).tolist(), np.diff(frames).tolist(), strict=True))
    assert steps <= {(0, 1), (1, 0), (1, 1)}


def test_path_follows_the_cheap_cells():
    cost = np.array([[0, 0, 5, 5], [5, 5, 0, 5], [5, 5, 5, 0]])
    tokens, frames = dtw(cost)
    assert tokens.tolist() == [0, 0, 1, 2]
    assert frames.tolist() == [0, 1, 2, 3]


def test_nan_costs_as_much_as_infinity():
    cost = np.array([[0.0, np.nan, 0.0], [1.0, 1.0, 0.0]])
    assert_same_path(dtw(cost), dtw(np.nan_to_num(cost, nan=np.inf)))
    tokens, frames = dtw(cost)
    assert tokens.tolist() == [0, 1, 1]
    assert frames.tolist() == [0, 1, 2]


def test_ties_take_more_frames_first_from_the_end():
    tokens, frames = dtw(np.zeros((3, 4)))
    assert_same_path((tokens, frames), dtw_cpu(np.zeros((3, 4))))
    assert tokens.tolist() == [0, 1, 2, 2, 2, 2]
    assert frames.tolist() == [0, 0, 0, 1, 2, 3]


@pytest.mark.parametrize(
    ("shape", "tokens", "frames"),
    [
        ((1, 1), [0], [0]),
        ((1, 3), [0, 0, 0], [0, 1, 2]),
        ((3, 1), [0, 1, 2], [0, 0, 0]),
        ((0, 3), [], []),
        ((3, 0), [], []),
    ],
)
@pytest.mark.parametrize("fill", [1.0, np.nan])
def test_one_row_one_column_and_nothing(shape, tokens, frames, fill):
    cost = np.full(shape, fill)
    assert_same_path(dtw(cost), (tokens, frames))
    assert_same_path(dtw_oracle(cost), (tokens, frames))


def test_strided_read_only_and_other_types():
    cost = np.random.default_rng(1).normal(size=(8, 14))
    assert_same_path(dtw(cost.T), dtw_oracle(cost.T))
    assert_same_path(dtw(cost[::2, ::-3]), dtw_oracle(cost[::2, ::-3]))
    whole = (cost * 9).astype(np.int16)
    assert_same_path(dtw(whole), dtw_oracle(whole))
    cost.flags.writeable = False
    before = cost.copy()
    assert_same_path(dtw(cost), dtw_oracle(cost))
    np.testing.assert_array_equal(cost, before)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 4)])
def test_anything_but_a_matrix_is_refused(shape):
    with pytest.raises(ValueError, match="DTW needs a matrix"):
        dtw(np.zeros(shape))
