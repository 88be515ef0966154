"""The Triton median is the CPU's: interpreted in ordinary tests, compiled on a GPU."""

import numpy as np
import pytest
import scipy.ndimage
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kernel_oracles import median_filter_oracle
from subalign.kernels.median import median_filter as cpu_median_filter

DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
SHAPES = arrays.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=7)
VALUES = st.one_of(
    st.floats(-1e6, 1e6, width=32),
    st.integers(-2, 2).map(float),
    st.sampled_from([0.0, 1.0, np.nan, np.inf, -np.inf]),
)


@pytest.fixture
def median_filter(kernel_device):
    """The kernel on the device, from and to the CPU; Triton is imported no sooner than here."""
    from subalign.kernels import median_triton

    def run(x, width, **blocks):
        found = median_triton.median_filter(x.to(kernel_device), width, **blocks)
        assert found.device.type == kernel_device
        return found.cpu()

    return run


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def assert_same(found, expected):
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(found.double().numpy(), expected.double().numpy())


@pytest.mark.parametrize("width", range(1, 32, 2))
def test_every_width_gives_the_oracles_and_scipys_medians(median_filter, width):
    x = noise(3, 40)
    found = median_filter(x, width).numpy()
    np.testing.assert_array_equal(found, median_filter_oracle(x.numpy(), width))
    np.testing.assert_array_equal(
        found, scipy.ndimage.median_filter(x.numpy(), (1, width), mode="mirror")
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [3, 7, 13])
def test_types_are_kept_and_exact(median_filter, dtype, width):
    x = noise(2, 3, 50).to(dtype)
    x[0, 1, 7] = torch.nan
    x[1, 2, 9:12] = torch.inf
    assert_same(median_filter(x, width), cpu_median_filter(x, width))
    expected = median_filter_oracle(x.double().numpy(), width)
    np.testing.assert_array_equal(median_filter(x, width).double().numpy(), expected)


def test_any_values_in_any_shape(median_filter):
    @settings(max_examples=40)
    @given(arrays.arrays(np.float32, SHAPES, elements=VALUES), st.sampled_from([1, 3, 5, 9]))
    def equals_the_cpu(values, width):
        x = torch.from_numpy(values)
        assert_same(median_filter(x, width), cpu_median_filter(x, width))

    equals_the_cpu()


@pytest.mark.parametrize("n_frames", [15, 16, 17, 33])
def test_rows_longer_than_a_block(median_filter, n_frames):
    x = noise(2, n_frames)
    expected = median_filter_oracle(x.numpy(), 5)
    np.testing.assert_array_equal(median_filter(x, 5, block_frames=16).numpy(), expected)


def test_strided_input_is_read_in_place_and_left_alone(median_filter, kernel_device):
    x = noise(30, 6, 4, 3).to(kernel_device)
    before = x.clone()
    for strided in (
        x.permute(3, 1, 2, 0)[:, ::2, ::3],
        x.permute(1, 2, 3, 0)[1:, :, 0],
        x[:, 0, 0].T[..., ::2],
        x[:, 1, 2].T[:1].expand(5, -1),
        x[::3].permute(1, 2, 3, 0)[:, None],
    ):
        assert not strided.is_contiguous()
        assert_same(median_filter(strided, 5), cpu_median_filter(strided.cpu(), 5))
    assert torch.equal(x, before)


def test_constant_rows_stay(median_filter):
    x = torch.full((3, 20), 0.25)
    assert torch.equal(median_filter(x, 7), x)


def test_nan_spreads_to_every_window_that_holds_it(median_filter):
    x = torch.arange(12.0)
    x[5] = torch.nan
    assert median_filter(x, 5).isnan().nonzero().flatten().tolist() == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("n_frames", [1, 2, 3, 4, 5])
def test_short_rows_get_the_cpus_medians(median_filter, n_frames):
    x = torch.tensor([5.0, 1.0, 9.0, 2.0, 7.0])[None, :n_frames]
    assert_same(median_filter(x, 7), cpu_median_filter(x, 7))


@pytest.mark.parametrize("width", [0, -1, 2, 8])
def test_other_widths_are_refused(median_filter, width):
    with pytest.raises(ValueError, match="odd number above 0"):
        median_filter(torch.zeros(3, 30), width)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(6, 448, 1500), (70_000, 33), (8, 6, 50, 1500)])
def test_real_sizes_on_a_gpu(shape, dtype):
    from subalign.kernels import median_triton

    x = noise(*shape).to(dtype)
    assert_same(median_triton.median_filter(x.cuda(), 7).cpu(), cpu_median_filter(x, 7))
