"""The median filter and dynamic time warping against openai-whisper's, in the same run.

    python bench/kernels.py             every size and batch, as Markdown
    python bench/kernels.py --quick     fewer rounds, and no batch of 64

Both get the same tensors in turns; each figure is the median of the rounds, and what they return
is compared first. Where there is a CUDA device, Triton's kernels follow, from a tensor on the GPU
to the paths on the host, each with the GPU idle before and after. The first call of a process is
measured apart, in a new process.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import torch
import whisper.timing

from machine import THREADS, machine
from subalign.kernels.dispatch import dtw_paths, median_filter
from subalign.options import KernelChoice
from tables import Row

N_TOKENS = (50, 150, 448)
N_FRAMES = 1500
WIDTH = 7
# a case ends after so many rounds, or after the first that is over this many seconds
ROUNDS = 9
ENOUGH = 2.5


# A program of its own: this module has imported numba already, through openai-whisper.
FIRST = """
import json, sys, time
import numpy as np
import torch
x = np.random.default_rng(0).normal(size=(50, 1500))
start = time.perf_counter()
import numba
imported = time.perf_counter() - start
if sys.argv[1] == "ours":
    from subalign.kernels.dtw import dtw
else:
    from whisper.timing import dtw_cpu as dtw
start = time.perf_counter()
dtw(x)
print(json.dumps([imported, time.perf_counter() - start]))
"""


def in_turns(
    rounds: int, ours: Callable[[], object], peer: Callable[[], object]
) -> tuple[float, float]:
    """Median seconds of both; the calls that compared their results came before."""
    seconds: tuple[list[float], list[float]] = ([], [])
    begin = time.perf_counter()
    while len(seconds[0]) < rounds and time.perf_counter() - begin < ENOUGH:
        for times, call in zip(seconds, (ours, peer), strict=True):
            finish_gpu()
            start = time.perf_counter()
            call()
            finish_gpu()
            times.append(time.perf_counter() - start)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def finish_gpu() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def rows_on(device: str, batches: tuple[int, ...], rounds: int) -> Iterator[Row]:
    """Median and DTW of every size and batch, by the kernels that are made for the device."""
    kernels: KernelChoice = "triton" if device == "cuda" else "cpu"
    for kernel in (median_row, dtw_row):
        for n_tokens in N_TOKENS:
            for batch in batches:
                generator = torch.Generator().manual_seed(batch)
                x = torch.randn(batch, n_tokens, N_FRAMES, generator=generator).to(device)
                yield kernel(x, kernels, rounds)


def median_row(x: torch.Tensor, kernels: KernelChoice, rounds: int) -> Row:
    """The whole batch in one call, which both can."""

    def ours() -> torch.Tensor:
        return median_filter(x, WIDTH, kernels)

    def peer() -> torch.Tensor:
        return whisper.timing.median_filter(x, WIDTH)

    assert torch.equal(ours(), peer())
    return row_of("median of 7", x, in_turns(rounds, ours, peer))


def dtw_row(x: torch.Tensor, kernels: KernelChoice, rounds: int) -> Row:
    """All matrices of the batch; openai-whisper takes one at a time."""
    matrices = list(x)

    def ours() -> list[tuple[np.ndarray, np.ndarray]]:
        return dtw_paths(matrices, kernels)

    def peer() -> list[np.ndarray]:
        return [whisper.timing.dtw(matrix) for matrix in matrices]

    # on a GPU openai-whisper adds in single precision, and its path may differ
    if kernels == "cpu":
        for path, expected in zip(ours(), peer(), strict=True):
            assert np.array_equal(path, expected)
    ours(), peer()
    return row_of("DTW", x, in_turns(rounds, ours, peer))


def row_of(name: str, x: torch.Tensor, seconds: tuple[float, float]) -> Row:
    batch, n_tokens, n_frames = x.shape
    ours, peer = (1000 * figure for figure in seconds)
    return Row(f"{name}, {n_tokens} x {n_frames}, batch {batch}", ours, peer, "ms")


def first_call_rows() -> list[Row]:
    """What the first path costs in a new process; its second run finds numba's cache filled."""
    figures = {}
    for side in ("ours", "peer"):
        for _ in range(2):
            command = [sys.executable, "-c", FIRST, side]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            figures[side] = json.loads(output.splitlines()[-1])
    names = ("import of numba, a new process", "first DTW after it, 50 x 1500")
    return [
        Row(name, 1000 * ours, 1000 * peer, "ms")
        for name, ours, peer in zip(names, figures["ours"], figures["peer"], strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    warnings.simplefilter("error")  # openai-whisper would fall back to its CPU kernels
    batches, rounds = ((1, 8), 3) if arguments.quick else ((1, 8, 64), ROUNDS)
    print(machine() + "\n")
    print(Row.HEADING)
    for row in first_call_rows():
        print(row, flush=True)
    for row in rows_on("cpu", batches, rounds):
        print(row, flush=True)
    if not torch.cuda.is_available():
        print("\nNo CUDA device here: Triton's kernels were not measured.")
        return
    print(f"\n{torch.cuda.get_device_name()}\n\n{Row.HEADING}")
    for row in rows_on("cuda", batches, rounds):
        print(row, flush=True)


if __name__ == "__main__":
    main()
