"""Which machine the figures were taken on."""

import platform
from pathlib import Path

import torch

__all__ = ["machine"]


def machine() -> str:
    """The processor, the threads in use and PyTorch's release, in one line."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
    return f"{name}, {torch.get_num_threads()} threads, torch {torch.__version__}"
