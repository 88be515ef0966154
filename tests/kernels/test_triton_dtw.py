"""The Triton DTW takes the CPU's path, cell by cell: interpreted, and compiled on a GPU."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kernel_oracles import dtw_oracle
from subalign.kernels.dtw import dtw

SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, max_side=9)
VALUES = st.one_of(
    st.floats(-100, 100, width=32),
    st.integers(-2, 2).map(float),
    st.sampled_from([0.0, 1.0, -1.0, 3e38, 1e300, np.nan, np.inf, -np.inf]),
)
# one stripe; stripes of 8, 2 and 1 tokens, with a way back of as many frames
BLOCKS = [{}, *({"max_block": n, "max_reach": n} for n in (8, 2, 1))]

# NumPy, which interprets the kernels, complains where they add opposite infinities
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning:triton")


@pytest.fixture
def paths(kernel_device):
    """The paths through matrices of several sizes, in one launch; what is between them is NaN."""
    from subalign.kernels.dtw_triton import dtw_batch

    def run(matrices, dtype=torch.float64, **blocks):
        n_tokens, n_frames = zip(*(matrix.shape for matrix in matrices), strict=True)
        costs = torch.full((len(matrices), max(n_tokens), max(n_frames)), torch.nan, dtype=dtype)
        for place, matrix in zip(costs, matrices, strict=True):
            place[: matrix.shape[0], : matrix.shape[1]] = torch.from_numpy(matrix)
        return dtw_batch(costs.to(kernel_device), n_tokens, n_frames, **blocks)

    return run


def assert_same_paths(found, matrices):
    for path, matrix in zip(found, matrices, strict=True):
        for by_cpu in (dtw, dtw_oracle):
            for ours, theirs in zip(path, by_cpu(matrix), strict=True):
                assert ours.dtype == np.int64
                np.testing.assert_array_equal(ours, theirs)


def several_stripes(matrices, blocks):
    """A third of each side where stripes are of 2 tokens or 1, which the interpreter is slow at."""
    if blocks.get("max_block", 8) == 8:
        return matrices
    return [m[: -(-m.shape[0] // 3), : -(-m.shape[1] // 3)] for m in matrices]


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("shape", [(20, 31), (31, 20), (16, 16), (17, 9), (1, 30), (30, 1), (1, 1)])
def test_random_costs(paths, shape, blocks):
    matrices = several_stripes([noise(*shape)], blocks)
    assert_same_paths(paths(matrices, **blocks), matrices)


@pytest.mark.parametrize("blocks", BLOCKS)
def test_ties(paths, blocks):
    whole = np.random.default_rng(1).integers(-1, 2, size=(4, 14, 19)).astype(np.float64)
    matrices = several_stripes([*whole, np.zeros((12, 19)), np.full((3, 4), -2.5)], blocks)
    assert_same_paths(paths(matrices, **blocks), matrices)


@pytest.mark.parametrize("blocks", BLOCKS)
def test_nan_and_infinity(paths, blocks):
    odd = [0.0, 1.0, -1.0, 1e300, np.nan, np.inf, -np.inf]
    random = np.random.default_rng(2)
    matrices = [random.choice(odd, size=size) for size in ((12, 17), (17, 12), (9, 9), (2, 11))]
    matrices += [np.full((5, 7), value) for value in (np.nan, np.inf, -np.inf)]
    matrices = several_stripes(matrices, blocks)
    assert_same_paths(paths(matrices, **blocks), matrices)


def test_any_batch(paths):
    @settings(max_examples=30)
    @given(
        st.lists(arrays.arrays(np.float64, SHAPES, elements=VALUES), min_size=1, max_size=4),
        st.sampled_from(BLOCKS),
    )
    def equals_the_cpu(matrices, blocks):
        assert_same_paths(paths(matrices, **blocks), matrices)

    equals_the_cpu()


def test_sizes_differ_within_a_batch_and_some_are_empty(paths):
    sizes = [(40, 60), (1, 60), (40, 1), (0, 5), (7, 0), (0, 0), (23, 23), (1, 1)]
    matrices = [noise(*size, seed=seed) for seed, size in enumerate(sizes)]
    found = paths(matrices, max_block=16, max_reach=32)
    assert_same_paths(found, matrices)
    assert [len(tokens) for tokens, _ in found[3:6]] == [0, 0, 0]


@pytest.mark.parametrize("shape", [(0, 4, 5), (2, 0, 5), (2, 4, 0)])
def test_nothing_gives_empty_paths(kernel_device, shape):
    from subalign.kernels.dtw_triton import dtw_batch

    costs = torch.empty(shape, device=kernel_device)
    found = dtw_batch(costs, [shape[1]] * shape[0], [shape[2]] * shape[0])
    assert [(len(tokens), len(frames)) for tokens, frames in found] == [(0, 0)] * shape[0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_types_are_summed_in_double_precision(paths, dtype):
    matrix = torch.from_numpy(noise(15, 24)).to(dtype).double().numpy()
    # in single precision the great cost would swallow the differences after it
    matrix[0, 0] = 32768
    assert_same_paths(paths([matrix], dtype), [matrix])


def test_whole_and_strided_costs_are_left_alone(kernel_device):
    from subalign.kernels.dtw_triton import dtw_batch

    whole = np.random.default_rng(3).integers(-9, 9, size=(26, 11, 4))
    costs = torch.from_numpy(whole).to(kernel_device)
    before = costs.clone()
    strided = costs.permute(2, 1, 0)[1:, :, ::2]
    found = dtw_batch(strided, [11, 8, 11], [13, 13, 9])
    matrices = strided.cpu().numpy()
    assert_same_paths(found, [matrices[0], matrices[1, :8], matrices[2, :, :9]])
    assert torch.equal(costs, before)


@pytest.mark.parametrize(
    ("shape", "n_tokens", "n_frames"),
    [((2, 3, 4), [3], [4]), ((1, 3, 4), [4], [4]), ((1, 3, 4), [3], [5]), ((1, 3), [3], [1])],
)
def test_sizes_that_do_not_fit_are_refused(kernel_device, shape, n_tokens, n_frames):
    from subalign.kernels.dtw_triton import dtw_batch

    with pytest.raises(ValueError, match=r"do not fit|larger than its place"):
        dtw_batch(torch.zeros(shape, device=kernel_device), n_tokens, n_frames)


@pytest.mark.gpu
@pytest.mark.parametrize("shape", [(50, 1500), (448, 1500), (1024, 700), (2500, 1500), (3000, 20)])
@pytest.mark.parametrize("n_matrices", [1, 8])
def test_real_sizes_on_a_gpu(shape, n_matrices):
    from subalign.kernels.dtw_triton import dtw_batch

    generator = torch.Generator().manual_seed(0)
    costs = torch.randn(n_matrices, *shape, generator=generator)
    costs[-1] = costs[-1].round()
    n_tokens = [shape[0] - matrix for matrix in range(n_matrices)]
    n_frames = [shape[1] - 2 * matrix for matrix in range(n_matrices)]
    found = dtw_batch(costs.cuda(), n_tokens, n_frames)
    for path, cost, rows, columns in zip(found, costs.numpy(), n_tokens, n_frames, strict=True):
        for ours, theirs in zip(path, dtw(cost[:rows, :columns]), strict=True):
            np.testing.assert_array_equal(ours, theirs)
