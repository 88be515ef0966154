"""The kernel is the one asked for, or one that runs here with a word on why."""

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch

from subalign.errors import UsageError
from subalign.kernels import dispatch
from subalign.kernels.dispatch import MAX_TRITON_WIDTH, TritonFallback, dtw_paths, median_filter
from subalign.kernels.dtw import dtw
from subalign.kernels.median import median_filter as cpu_median_filter

FAILURES = [
    RuntimeError("Triton Error [CUDA]: device kernel image is invalid"),
    RuntimeError("Failed to find C compiler. Please specify via CC environment variable."),
    AssertionError("libcuda.so cannot be found!"),
    subprocess.CalledProcessError(1, ["gcc"]),
    PermissionError(13, "Permission denied", "/home/.triton/cache"),
    ImportError("libcuda.so.1: cannot open shared object file"),
    AttributeError("module 'triton' has no attribute 'jit'"),
    KeyError("sm_120"),
    NotImplementedError(),
    torch.OutOfMemoryError("CUDA out of memory."),
]


class OnGpu(torch.Tensor):
    """A tensor that says it is on a GPU."""

    @property
    def device(self):
        return torch.device("cuda")


@pytest.fixture
def matrices():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(*size, generator=generator) for size in ((9, 14), (5, 20), (1, 3))]


@pytest.fixture(autouse=True)
def _undecided(monkeypatch):
    """As at the start of a process."""
    monkeypatch.setattr(dispatch, "_fallback", TritonFallback())


@pytest.fixture
def fail(kernel_device, monkeypatch):
    """Let both Triton kernels raise; the list that is returned has an item for each attempt."""
    from subalign.kernels import dtw_triton, median_triton

    def let_fail(error):
        attempts = []

        def raise_error(*_arguments):
            attempts.append(error)
            raise error

        monkeypatch.setattr(median_triton, "median_filter", raise_error)
        monkeypatch.setattr(dtw_triton, "dtw_batch", raise_error)
        return attempts

    return let_fail


def assert_paths(found, matrices):
    for path, matrix in zip(found, matrices, strict=True):
        for ours, theirs in zip(path, dtw(matrix.numpy()), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_triton_gives_what_the_cpu_gives(kernel_device, matrices):
    on_device = [matrix.to(kernel_device) for matrix in matrices]
    assert_paths(dtw_paths(on_device, "triton"), matrices)
    for matrix, moved in zip(matrices, on_device, strict=True):
        assert torch.equal(median_filter(moved, 7, "triton").cpu(), cpu_median_filter(matrix, 7))


def test_all_matrices_go_in_one_launch(kernel_device, matrices, monkeypatch):
    from subalign.kernels import dtw_triton

    batches = []
    launch = dtw_triton.dtw_batch

    def counted(costs, *sizes):
        batches.append(costs.shape)
        return launch(costs, *sizes)

    monkeypatch.setattr(dtw_triton, "dtw_batch", counted)
    dtw_paths([matrix.to(kernel_device) for matrix in matrices], "triton")
    assert batches == [(3, 9, 20)]


def test_no_matrices_give_no_paths():
    assert dtw_paths([], "triton") == []


@pytest.mark.parametrize("kernels", ["auto", "cpu"])
def test_on_the_cpu_triton_is_not_tried(fail, matrices, kernels):
    attempts = fail(RuntimeError())
    assert_paths(dtw_paths(matrices, kernels), matrices)
    assert torch.equal(median_filter(matrices[0], 3, kernels), cpu_median_filter(matrices[0], 3))
    assert attempts == []


def test_cpu_is_the_choice_on_a_gpu_too(fail, matrices):
    attempts = fail(RuntimeError())
    assert_paths(dtw_paths([m.as_subclass(OnGpu) for m in matrices], "cpu"), matrices)
    assert attempts == []


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_auto_falls_back_with_one_warning_that_names_the_cause(fail, matrices, caplog, error):
    attempts = fail(error)
    for _ in range(2):
        assert_paths(dtw_paths([m.as_subclass(OnGpu) for m in matrices]), matrices)
        found = median_filter(matrices[0].as_subclass(OnGpu), 3)
        assert torch.equal(found, cpu_median_filter(matrices[0], 3))
    assert len(attempts) == 1
    [warning] = caplog.records
    assert (warning.name, warning.levelno) == ("subalign", logging.WARNING)
    assert f"({type(error).__name__}" in warning.getMessage()
    assert str(error) in warning.getMessage()
    assert "\n" not in warning.getMessage()


def test_what_triton_cannot_compile_is_named_without_its_source(fail, matrices, caplog):
    from triton.compiler import CompilationError

    fail(CompilationError("def kernel():\n    pass", None, "float8 is not known\nhere"))
    dtw_paths([m.as_subclass(OnGpu) for m in matrices])
    assert "(CompilationError: float8 is not known)" in caplog.text


def test_threads_warn_once(fail, matrices, caplog):
    fail(OSError("no space left"))
    start = Barrier(8)

    def find(_):
        start.wait()
        return dtw_paths([m.as_subclass(OnGpu) for m in matrices])

    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(find, range(8)):
            assert_paths(found, matrices)
    assert len(caplog.records) == 1


def test_an_interrupt_is_no_failure_of_triton(fail, matrices, caplog):
    fail(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        dtw_paths([m.as_subclass(OnGpu) for m in matrices])
    assert not caplog.records


def test_auto_is_silent_where_triton_is_not_installed(matrices, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "triton", None)
    assert_paths(dtw_paths([m.as_subclass(OnGpu) for m in matrices]), matrices)
    assert not caplog.records


@pytest.mark.parametrize("error", FAILURES[:-1], ids=lambda error: type(error).__name__)
def test_a_choice_that_cannot_run_is_an_error(fail, matrices, caplog, error):
    fail(error)
    for call in (
        lambda: dtw_paths([m.as_subclass(OnGpu) for m in matrices], "triton"),
        lambda: median_filter(matrices[0].as_subclass(OnGpu), 3, "triton"),
    ):
        with pytest.raises(UsageError, match="`kernels=triton` cannot run here") as raised:
            call()
        assert raised.value.__cause__ is error
    assert not caplog.records


def test_a_lack_of_memory_stays_one(fail, matrices):
    fail(torch.OutOfMemoryError("CUDA out of memory."))
    with pytest.raises(torch.OutOfMemoryError):
        dtw_paths([m.as_subclass(OnGpu) for m in matrices], "triton")


def test_triton_needs_a_cuda_device(matrices, monkeypatch):
    pytest.importorskip("triton")
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    sentence = "`kernels=triton` needs a CUDA device, but the model is on cpu"
    with pytest.raises(UsageError, match=sentence):
        dtw_paths(matrices, "triton")
    with pytest.raises(UsageError, match=sentence):
        median_filter(matrices[0], 3, "triton")


def test_triton_needs_triton(matrices, monkeypatch):
    monkeypatch.setitem(sys.modules, "triton", None)
    with pytest.raises(UsageError, match="`kernels=triton` needs Triton, which is not installed"):
        dtw_paths(matrices, "triton")


def test_wider_medians_are_the_cpus(fail):
    attempts = fail(RuntimeError())
    x = torch.randn(2, 90, generator=torch.Generator().manual_seed(1))
    wide = MAX_TRITON_WIDTH + 2
    assert torch.equal(median_filter(x.as_subclass(OnGpu), wide), cpu_median_filter(x, wide))
    assert attempts == []
    with pytest.raises(UsageError, match="a median of 31 frames at most, not 33"):
        median_filter(x, wide, "triton")


@pytest.mark.parametrize("kernels", ["auto", "triton", "cpu"])
def test_a_wrong_width_is_not_tritons_failure(kernels, caplog):
    with pytest.raises(ValueError, match="odd number above 0"):
        median_filter(torch.zeros(3, 30).as_subclass(OnGpu), 4, kernels)
    assert not caplog.records
