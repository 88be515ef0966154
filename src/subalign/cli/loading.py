"""The model of a run: loaded once, fetched where it is absent, computing as it was asked to."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch

from subalign.cli.console import Session
from subalign.cli.fetch_display import fetch_shown
from subalign.cli.job import Machine
from subalign.model import Whisper, disable_sdpa, load_model
from subalign.model.devices import resolve_device
from subalign.pipeline.default_model import Command, resolve_model

__all__ = ["loaded_model"]


@contextmanager
def loaded_model(
    machine: Machine,
    session: Session,
    *,
    quiet: bool,
    command: Command = "align",
    language: str | None = None,
) -> Iterator[Whisper]:
    """The model, as long as the context lasts with the kind of attention that was asked for.

    `command` and `language` choose the model where none is named.

    Raises:
        ModelError: the model is not available.
        UsageError: the device is not there.
    """
    if machine.threads:
        torch.set_num_threads(machine.threads)
    device, dtype = machine.device, machine.dtype
    if machine.half_precision and resolve_device(device).type == "cpu":
        session.warn("--fp16 is for GPUs: the processor computes in float32.")
        dtype = "float32"
    with nullcontext() if machine.sdpa else disable_sdpa():
        with fetch_shown(session, quiet=quiet) as progress:
            name = resolve_model(
                *(machine.model, command), language=language, device=device, progress=progress
            )
            model = load_model(name, device=device, dtype=dtype, progress=progress)
        yield model
