from pathlib import Path

import pytest
import torch

from subalign.cli.messages import exit_code_of
from subalign.errors import UsageError
from subalign.model import available_devices, processor
from subalign.model.devices import (
    TensorOptions,
    int8_available,
    resolve_compute,
    resolve_device,
)


def machine(monkeypatch, *, cuda=0, mps=False):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("there", "wanted", "device"),
    [
        ({}, "auto", "cpu"),
        ({}, "cpu", "cpu"),
        ({"cuda": 2}, "auto", "cuda:0"),
        ({"cuda": 2}, "cuda", "cuda"),
        ({"cuda": 2}, "cuda:1", "cuda:1"),
        ({"cuda": 2}, "cpu", "cpu"),
        ({"mps": True}, "auto", "mps"),
        ({"mps": True}, "mps", "mps"),
        ({"cuda": 1, "mps": True}, "auto", "cuda:0"),
    ],
)
def test_devices_that_are_there(monkeypatch, there, wanted, device):
    machine(monkeypatch, **there)
    assert resolve_device(wanted) == torch.device(device)


@pytest.mark.parametrize(
    ("there", "wanted", "named"),
    [
        ({}, "cuda", "cpu"),
        ({}, "cuda:0", "cpu"),
        ({}, "mps", "cpu"),
        ({"cuda": 2}, "cuda:2", "cuda:0, cuda:1, cpu"),
        ({"mps": True}, "cuda", "mps, cpu"),
    ],
)
def test_devices_that_are_not_there(monkeypatch, there, wanted, named):
    machine(monkeypatch, **there)
    with pytest.raises(UsageError) as caught:
        resolve_device(wanted)
    assert str(caught.value) == (
        f"Device {wanted} is not there: use `device=auto`, or one of {named}."
    )
    assert exit_code_of(caught.value) == 2


@pytest.mark.parametrize(
    "wanted", ["gpu", "", "cuda:", "cuda:-1", "cuda:x", "cpu:0", "CUDA", "mps:1"]
)
def test_names_that_are_no_devices(wanted):
    with pytest.raises(UsageError, match="`device` must be auto, cpu, cuda, cuda:N or mps"):
        resolve_device(wanted)


@pytest.mark.parametrize("name", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_number_types(name, device):
    device = torch.device(device)
    assert resolve_compute(name, device) == name
    assert TensorOptions(device, name).dtype is getattr(torch, name)


def test_auto_is_quick_on_the_device():
    native = processor().native_int8 and int8_available()
    assert resolve_compute("auto", torch.device("cpu")) == ("int8" if native else "float32")
    assert resolve_compute("auto", torch.device("cuda:1")) == "float16"
    assert resolve_compute("auto", torch.device("mps")) == "float16"


@pytest.mark.parametrize(
    ("width", "chosen", "compute"),
    [(384, False, "int8"), (192, False, "float32"), (192, True, "int8"), (512, True, "int8")],
)
def test_narrow_models_are_in_int8_only_where_it_is_asked_for(width, chosen, compute):
    options = TensorOptions(torch.device("cpu"), "int8", chosen=chosen)
    assert options.for_width(width).compute == compute


@pytest.mark.parametrize(("vnni", "auto"), [(True, "int8"), (False, "float32")])
def test_auto_is_int8_where_the_processor_adds_up_in_32_bits(monkeypatch, vnni, auto):
    if not int8_available():
        pytest.skip("PyTorch has no int8 product here")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_vnni": vnni}, raising=False)
    assert resolve_compute("auto", torch.device("cpu")) == auto


def test_int8_keeps_what_is_not_a_linear_layer_in_float32():
    assert TensorOptions(torch.device("cpu"), "int8").dtype is torch.float32


def test_int8_is_for_processors(monkeypatch):
    with pytest.raises(UsageError, match="`compute=int8` is for x86 processors, not for cuda"):
        resolve_compute("int8", torch.device("cuda"))
    monkeypatch.delattr(torch, "_make_per_channel_quantized_tensor", raising=False)
    assert not int8_available()
    with pytest.raises(UsageError, match="use `compute=auto`"):
        resolve_compute("int8", torch.device("cpu"))


def test_unknown_number_type():
    with pytest.raises(UsageError) as caught:
        resolve_compute("int4", torch.device("cpu"))
    assert str(caught.value) == (
        "`compute` must be auto, float32, int8, bfloat16, float16, not 'int4'."
    )


def test_every_available_device_resolves():
    assert available_devices()[-1] == "cpu"
    for name in available_devices():
        assert resolve_device(name) == torch.device(name)


def test_processor_agrees_with_the_kernel():
    found = processor()
    assert found.capability == torch.backends.cpu.get_cpu_capability()
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        pytest.skip("the kernel tells nothing of its processor here")
    lines = [line for line in text.splitlines() if line.lower().startswith(("flags", "features"))]
    if not lines:
        pytest.skip("the kernel lists no features here")
    flags = set(lines[0].partition(":")[2].split())
    assert found.native_bf16 == bool(flags & {"amx_bf16", "avx512_bf16", "bf16", "svebf16"})
    assert ("avx2" in found.instructions) == ("avx2" in flags)


@pytest.mark.parametrize("instruction", ["amx_bf16", "avx512_bf16", "bf16"])
def test_native_bf16(monkeypatch, instruction):
    capabilities = {"architecture": "test", "avx2": True, "avx512_f": False, instruction: True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    found = processor()
    assert found.native_bf16
    assert found.instructions == ("avx2", instruction)
    assert found.architecture == "test"
    capabilities[instruction] = False
    assert not processor().native_bf16


def test_older_pytorch_lists_no_instructions(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert processor().instructions == ()
    assert not processor().native_bf16
    assert not processor().native_int8
