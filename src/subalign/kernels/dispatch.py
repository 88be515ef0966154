"""Which kernel does the work: Triton's beside a GPU, the CPU's elsewhere, or the one asked for."""

import logging
import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from threading import Lock
from typing import TypeVar

import torch
from torch import Tensor

from subalign.errors import UsageError
from subalign.kernels import dtw, median
from subalign.kernels.dtw import DtwPath
from subalign.options import KernelChoice

__all__ = ["MAX_TRITON_WIDTH", "TritonFallback", "check_kernels", "dtw_paths", "median_filter"]

Result = TypeVar("Result")

# a wider network takes Triton very long to compile
MAX_TRITON_WIDTH = 31

log = logging.getLogger("subalign")


def median_filter(x: Tensor, width: int, kernels: KernelChoice = "auto") -> Tensor:
    """What `subalign.kernels.median.median_filter` documents, by the chosen kernel.

    Raises:
        UsageError: Triton is asked for and cannot do it.
        ValueError: `width` is not an odd number above 0.
    """
    median.check_width(width)

    def by_triton() -> Tensor:
        from subalign.kernels import median_triton

        return median_triton.median_filter(x, width)

    if width > MAX_TRITON_WIDTH:
        if kernels == "triton":
            raise UsageError(
                f"`kernels=triton` filters a median of {MAX_TRITON_WIDTH} frames at most, not "
                f"{width}: use `kernels=auto` or a smaller `medfilt_width`."
            )
        kernels = "cpu"
    return _run(kernels, x.device, by_triton, lambda: median.median_filter(x, width))


def dtw_paths(costs: Sequence[Tensor], kernels: KernelChoice = "auto") -> list[DtwPath]:
    """The path of `subalign.kernels.dtw.dtw` through each matrix (tokens, frames) of one device.

    Triton takes all matrices, of whatever sizes, in one launch.

    Raises:
        UsageError: Triton is asked for and cannot do it.
    """
    if not costs:
        return []

    def by_triton() -> list[DtwPath]:
        from subalign.kernels import dtw_triton

        n_tokens = [cost.shape[0] for cost in costs]
        n_frames = [cost.shape[1] for cost in costs]
        padded = costs[0].new_zeros((len(costs), max(n_tokens), max(n_frames)))
        for place, cost in zip(padded, costs, strict=True):
            place[: cost.shape[0], : cost.shape[1]] = cost
        return dtw_triton.dtw_batch(padded, n_tokens, n_frames)

    return _run(
        kernels,
        costs[0].device,
        by_triton,
        lambda: [dtw.dtw(cost.cpu().numpy()) for cost in costs],
    )


class TritonFallback:
    """Whether this process has fallen back from Triton to the CPU; safe with threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._active = False

    @property
    def active(self) -> bool:
        return self._active

    def activate(self, error: Exception) -> None:
        """Fall back because of `error`, which the user reads about once."""
        with self._lock:
            if self._active:
                return
            self._active = True
        log.warning(
            "Triton's kernels cannot run here (%s), so words are timed by the CPU's kernels.",
            _cause(error),
        )


_fallback = TritonFallback()


def _run(
    kernels: KernelChoice,
    device: torch.device,
    by_triton: Callable[[], Result],
    by_cpu: Callable[[], Result],
) -> Result:
    check_kernels(kernels, device)
    if kernels == "triton":
        try:
            return by_triton()
        except torch.OutOfMemoryError:
            raise  # the choice is not to blame
        except Exception as error:
            raise UsageError(
                f"`kernels=triton` cannot run here ({_cause(error)}): use `kernels=auto` or cpu."
            ) from error
    if kernels == "auto" and device.type == "cuda" and _has_triton() and not _fallback.active:
        try:
            return by_triton()
        # The compiler, ptxas, gcc, the driver, the cache's folder: each fails in types of its own.
        except Exception as error:  # noqa: BLE001
            _fallback.activate(error)
    return by_cpu()


def check_kernels(kernels: KernelChoice, device: torch.device) -> None:
    """Raise `UsageError` where the chosen kernels cannot run on a device, before they have to."""
    if kernels != "triton":
        return
    if not _has_triton():
        raise UsageError(
            "`kernels=triton` needs Triton, which is not installed here: install it with "
            "`pip install triton`, or use `kernels=auto`."
        )
    # Triton's interpreter, which tests use, runs kernels on the CPU
    if device.type != "cuda" and os.environ.get("TRITON_INTERPRET") != "1":
        raise UsageError(
            f"`kernels=triton` needs a CUDA device, but the model is on {device.type}: use "
            "`device=cuda` or `kernels=auto`."
        )


def _has_triton() -> bool:
    try:
        return find_spec("triton") is not None
    except ValueError:  # something has left a module without a specification in its place
        return False


def _cause(error: Exception) -> str:
    """The error's type and the first line of its message."""
    # a CompilationError's text begins with the source; what is wrong with it stands apart
    message = str(getattr(error, "error_message", None) or error).strip()
    name = type(error).__name__
    return f"{name}: {message.splitlines()[0]}" if message else name
