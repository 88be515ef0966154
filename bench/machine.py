"""Which machine the figures were taken on, and how much memory they took."""

import platform
from pathlib import Path

import torch

__all__ = ["machine", "peak_memory"]


def machine() -> str:
    """The processor, the threads in use and PyTorch's release, in one line."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
    return f"{name}, {torch.get_num_threads()} threads, torch {torch.__version__}"


def peak_memory() -> float:
    """This process's greatest resident size in MiB (not that of the parent, as getrusage gives)."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("Memory is measured on Linux only.")
