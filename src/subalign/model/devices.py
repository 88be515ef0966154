"""Where a model runs and in which number type."""

import ctypes
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from subalign.errors import UsageError

__all__ = [
    "Processor",
    "TensorOptions",
    "available_devices",
    "give_back_memory",
    "int8_available",
    "processor",
    "resolve_compute",
    "resolve_device",
]

# the type of what is not multiplied in it, too; with int8 that is float32
_DTYPES = {
    "float32": torch.float32,
    "int8": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}

_LEAST_INT8_WIDTH = 384

# names of `torch.cpu.get_capabilities` whose instructions multiply bfloat16 into float32 sums
_BF16_INSTRUCTIONS = ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16")
_SHOWN_INSTRUCTIONS = (
    *("avx2", "fma3", "f16c", "avx512_f", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("amx_tile", "amx_int8", "amx_bf16", "amx_fp16"),
    *("neon", "fp16_arith", "dot", "i8mm", "bf16", "sve", "sve2", "sve_bf16", "sme", "sme2"),
)


@dataclass(frozen=True, slots=True)
class TensorOptions:
    """The device and the number type that weights are loaded to, as PyTorch's C++ calls the two.

    `compute` is what `resolve_compute` gives: in int8, what is not a linear layer has type `dtype`.
    `chosen` is False where the user left it to us.
    """

    device: torch.device
    compute: str
    chosen: bool = True

    @property
    def dtype(self) -> torch.dtype:
        """The type of what flows between the layers."""
        return _DTYPES[self.compute]

    def for_width(self, n_state: int) -> "TensorOptions":
        """The same for a model of that width: one narrower than tiny is left in float32.

        Rounding costs micro.en words that `align` hears in float32, and saves a third of its time.
        """
        narrow = self.compute == "int8" and not self.chosen and n_state < _LEAST_INT8_WIDTH
        return replace(self, compute="float32") if narrow else self


@dataclass(frozen=True, slots=True)
class Processor:
    """What the main processor can do: `instructions` as PyTorch names them.

    `native_bf16` is whether it multiplies bfloat16 in hardware (AMX-BF16 or AVX512-BF16 on x86,
    BF16 on ARM), and `native_int8` whether it adds up products of 8-bit integers in 32 bits
    (AVX512-VNNI). `capability` is the instruction set that PyTorch's own kernels use.
    """

    architecture: str
    capability: str
    instructions: tuple[str, ...]
    native_bf16: bool
    native_int8: bool


def processor() -> Processor:
    """Look at the processor that this process runs on; older PyTorch lists no instructions."""
    detect = getattr(torch.cpu, "get_capabilities", dict)
    found: Mapping[str, object] = detect()
    return Processor(
        architecture=str(found.get("architecture", "unknown")),
        capability=torch.backends.cpu.get_cpu_capability(),
        instructions=tuple(name for name in _SHOWN_INSTRUCTIONS if found.get(name) is True),
        native_bf16=any(found.get(name) is True for name in _BF16_INSTRUCTIONS),
        native_int8=found.get("avx512_vnni") is True,
    )


def available_devices() -> tuple[str, ...]:
    """The devices that `resolve_device` accepts here, the best first."""
    cuda = tuple(f"cuda:{index}" for index in range(torch.cuda.device_count()))
    mps = ("mps",) if torch.backends.mps.is_available() else ()
    return (*(cuda if torch.cuda.is_available() else ()), *mps, "cpu")


def resolve_device(device: str) -> torch.device:
    """The device for `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; `auto` takes the best one there is.

    Raises:
        UsageError: the name is none of these, or this machine has no such device.
    """
    there = available_devices()
    if device == "auto":
        return torch.device(there[0])
    kind, _, index = device.partition(":")
    well_formed = device in ("cpu", "cuda", "mps") or (kind == "cuda" and index.isdecimal())
    if not well_formed:
        raise UsageError(f"`device` must be auto, cpu, cuda, cuda:N or mps, not {device!r}.")
    wanted = f"cuda:{int(index)}" if index else device
    if wanted not in there and not (wanted == "cuda" and "cuda:0" in there):
        raise UsageError(
            f"Device {device} is not there: use `device=auto`, or one of {', '.join(there)}."
        )
    return torch.device(wanted)


def resolve_compute(compute: str, device: torch.device) -> str:
    """The number type for `auto` or the name of one on `device`.

    On a GPU both halves are equally fast, so `auto` takes float16, whose mantissa is longer. On a
    processor with instructions for it `auto` takes int8, 2.5 times as fast at the same word error
    rate (bench/dtype.py), else float32: int8 without them rounds more. bfloat16 is never taken
    there: one token's attention takes nine times as long in it.

    Raises:
        UsageError: the name is none of these, or there is no int8 here.
    """
    if compute == "auto":
        if device.type != "cpu":
            return "float16"
        return "int8" if processor().native_int8 and int8_available() else "float32"
    if compute not in _DTYPES:
        raise UsageError(f"`compute` must be auto, {', '.join(_DTYPES)}, not {compute!r}.")
    if compute == "int8" and (device.type != "cpu" or not int8_available()):
        raise UsageError(
            f"`compute=int8` is for x86 processors, not for {device.type} here: use `compute=auto`."
        )
    return compute


def int8_available() -> bool:
    """Whether this PyTorch multiplies matrices of 8-bit integers on this processor."""
    return torch.backends.quantized.engine in ("x86", "fbgemm") and hasattr(
        torch, "_make_per_channel_quantized_tensor"
    )


def give_back_memory() -> None:
    """Let glibc return what is free: what is loaded or decoded in many sizes leaves gaps.

    With base in int8 they were 100 MiB after loading it, and 430 MiB after a batch of windows.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
