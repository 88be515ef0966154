"""Triton's own compiler takes the kernels for GPUs from Turing on, without a GPU."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from subalign.kernels import dtw_triton, median_triton

def build(kernel, capability, warps, types, **constants):
    types = types | dict.fromkeys(constants, "constexpr")
    target = GPUTarget("cuda", capability, 32)
    made = triton.compile(
        ASTSource(kernel, types, constants), target=target, options={"num_warps": warps}
    )
    assert made.asm["cubin"]
    return made.asm["ptx"]

whole = "n_frames n_middle n_inner outer_stride middle_stride inner_stride frame_stride".split()
for capability in (75, 80, 90):
    for values, width in (("fp32", 7), ("bf16", 9)):
        types = {"source": "*" + values, "result": "*" + values} | dict.fromkeys(whole, "i32")
        network = median_triton._network(width)
        text = build(median_triton._median_rows, capability, 4, types,
                     width=width, network=network, block=512)
        # the minimum that ignores NaN would pass in the interpreter, which knows no other
        assert capability < 80 or text.count("min.NaN.f32") == text.count("min.") > 0
    for block, warps in ((1, 1), (512, 8)):
        types = {"skewed": "*fp32", "sizes": "*i32", "totals": "*fp64", "came_by": "*u8",
                 "spans": "*i32", "matrix_stride": "i32", "totals_stride": "i32",
                 "max_tokens": "i32"}
        build(dtw_triton._find_spans, capability, warps, types, block=block, reach=256)
"""


@pytest.mark.slow
def test_kernels_compile(tmp_path):
    pytest.importorskip("triton")
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    environment["TRITON_CACHE_DIR"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
