"""The selection network gives the medians of NumPy, SciPy and openai-whisper."""

import numpy as np
import pytest
import scipy.ndimage
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from whisper.timing import median_filter as openai_median_filter

from kernel_oracles import median_filter_oracle
from subalign.kernels.median import CHUNK_VALUES, median_filter, selection_network

WIDTHS = st.integers(0, 15).map(lambda half: 2 * half + 1)
SHAPES = arrays.array_shapes(min_dims=1, max_dims=4, max_side=12)


def batches(elements):
    return arrays.arrays(np.float32, SHAPES, elements=elements)


REAL_BATCHES = batches(st.floats(-1e6, 1e6, width=32))
TIED_BATCHES = batches(st.integers(-2, 2).map(float))
NAN_BATCHES = batches(st.sampled_from([0.0, 1.0, 2.0, np.nan, np.inf, -np.inf]))


@given(st.one_of(REAL_BATCHES, TIED_BATCHES, NAN_BATCHES), WIDTHS)
def test_equals_the_oracle(x, width):
    found = median_filter(torch.from_numpy(x), width)
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.numpy(), median_filter_oracle(x, width))


@given(st.one_of(REAL_BATCHES, TIED_BATCHES), WIDTHS)
def test_equals_scipy(x, width):
    if x.shape[-1] <= width // 2:
        return  # SciPy reflects several times there, which puts two frames in each other's place
    expected = scipy.ndimage.median_filter(x, (1,) * (x.ndim - 1) + (width,), mode="mirror")
    np.testing.assert_array_equal(median_filter(torch.from_numpy(x), width).numpy(), expected)


@pytest.mark.parametrize(
    "shape", [(40,), (3, 40), (6, 5, 40), (6, 1, 40), (2, 6, 5, 40), (6, 5, 16)]
)
@pytest.mark.parametrize("width", [1, 3, 7, 13, 31])
def test_equals_openai(shape, width):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    assert torch.equal(median_filter(x, width), openai_median_filter(x, width))


@given(st.data(), WIDTHS)
def test_network_brings_the_median_to_the_middle(data, width):
    # by the 0-1 principle (Knuth, 5.3.4) a network right for zeros and ones is right for all
    wires = data.draw(st.lists(st.integers(0, 1), min_size=width, max_size=width))
    median = sorted(wires)[width // 2]
    for low, high, needs_low, needs_high in selection_network(width):
        least, most = sorted((wires[low], wires[high]))
        # what is not needed is lost
        wires[low] = least if needs_low else None
        wires[high] = most if needs_high else None
    assert wires[width // 2] == median


@pytest.mark.parametrize("width", [3, 5, 7, 9, 11])
def test_network_is_right_for_every_input(width):
    bits = (torch.arange(2**width)[:, None] >> torch.arange(width)) & 1
    wires = list(bits.unbind(dim=1))
    for low, high, *_ in selection_network(width):
        wires[low], wires[high] = (
            torch.minimum(wires[low], wires[high]),
            torch.maximum(wires[low], wires[high]),
        )
    assert torch.equal(wires[width // 2], bits.sort(dim=1).values[:, width // 2])


def test_nan_spreads_to_every_window_that_holds_it():
    x = torch.arange(12.0)
    x[5] = torch.nan
    assert median_filter(x, 5).isnan().nonzero().flatten().tolist() == [3, 4, 5, 6, 7]


def test_constant_rows_stay():
    x = torch.full((3, 20), 0.25)
    assert torch.equal(median_filter(x, 7), x)


@pytest.mark.parametrize(
    ("n_frames", "width"), [(0, 1), (1, 1), (2, 1), (3, 3), (4, 7), (5, 7), (7, 7)]
)
def test_rows_too_short_to_reflect_get_the_widest_median_that_they_fill(n_frames, width):
    x = torch.tensor([5.0, 1.0, 9.0, 2.0, 7.0, 3.0, 8.0])[None, :n_frames]
    assert torch.equal(median_filter(x, 7), median_filter(x, width))
    if n_frames > 3:
        assert torch.equal(median_filter(x, 7), openai_median_filter(x, 7))
    elif n_frames == 3:
        assert median_filter(x, 7).tolist() == [[1.0, 5.0, 1.0]]


@pytest.mark.parametrize("shape", [(0,), (0, 9), (3, 0), (2, 0, 9)])
def test_nothing_stays_nothing(shape):
    assert median_filter(torch.empty(shape), 7).shape == shape


def test_more_rows_than_a_chunk():
    n_frames = 64
    x = torch.randn(2 * CHUNK_VALUES // n_frames + 3, n_frames)
    assert torch.equal(median_filter(x, 5), openai_median_filter(x, 5))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_types_keep_their_type(dtype):
    x = torch.randn(3, 30, generator=torch.Generator().manual_seed(1)).to(dtype)
    found = median_filter(x, 7)
    assert found.dtype == dtype
    expected = median_filter_oracle(x.double().numpy(), 7)
    np.testing.assert_array_equal(found.double().numpy(), expected)


def test_strided_input_is_left_alone():
    x = torch.randn(30, 6, 4, generator=torch.Generator().manual_seed(2))
    before = x.clone()
    strided = x.permute(1, 2, 0)[:, ::2, ::3]
    found = median_filter(strided, 5)
    np.testing.assert_array_equal(found.numpy(), median_filter_oracle(strided.numpy(), 5))
    assert torch.equal(x, before)


@pytest.mark.parametrize("width", [0, -1, 2, 8])
def test_other_widths_are_refused(width):
    with pytest.raises(ValueError, match="odd number above 0"):
        median_filter(torch.zeros(3, 30), width)
