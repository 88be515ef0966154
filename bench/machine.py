"""Which machine the figures were taken on, and how long and how much memory calls took."""

import platform
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import torch

__all__ = ["THREADS", "in_turns", "machine", "peak_memory", "reset_peak_memory"]

THREADS = 2

_PACKAGES = ("torch", "openai-whisper", "faster-whisper", "ctranslate2", "stable-ts")


def machine() -> str:
    """The processor, the threads in use and what is measured against, in one line."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
    releases = (f"{package} {version(package)}" for package in _PACKAGES)
    return f"{name}, {torch.get_num_threads()} threads, {', '.join(releases)}"


def in_turns(rounds: int, calls: Sequence[Callable[[], object]]) -> list[float]:
    """Median seconds of each, all called once before the rounds."""
    for call in calls:
        call()
    seconds: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for times, call in zip(seconds, calls, strict=True):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in seconds]


def peak_memory() -> float:
    """This process's greatest resident size in MiB (not that of the parent, as getrusage gives)."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("Memory is measured on Linux only.")


def reset_peak_memory() -> None:
    """Let `peak_memory` count from what is resident now (Linux's proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
