"""The model of a run: loaded once, fetched where it is absent, computing as it was asked to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch

from subalign.cli.console import Session
from subalign.cli.job import Machine
from subalign.cli.model_table import readable_size
from subalign.errors import ModelError
from subalign.model import Whisper, disable_sdpa, load_model, official_models, where
from subalign.model.devices import resolve_device
from subalign.pipeline import default_model

__all__ = ["loaded_model", "names_model"]


def names_model(machine: Machine) -> bool:
    """Whether the user chose a model, by option or by environment."""
    return bool(machine.model or os.environ.get("SUBALIGN_MODEL"))


@contextmanager
def loaded_model(machine: Machine, session: Session, *, quiet: bool) -> Iterator[Whisper]:
    """The model, as long as the context lasts with the kind of attention that was asked for.

    Raises:
        ModelError: the model is not available.
        UsageError: the device is not there.
    """
    if machine.threads:
        torch.set_num_threads(machine.threads)
    with nullcontext() if machine.sdpa else disable_sdpa():
        yield _load(machine, session, quiet=quiet)


def _load(machine: Machine, session: Session, *, quiet: bool) -> Whisper:
    name = machine.model or default_model()
    device, dtype = machine.device, machine.dtype
    if machine.half_precision and resolve_device(device).type == "cpu":
        session.warn("--fp16 is for GPUs: the processor computes in float32.")
        dtype = "float32"
    if Path(name).exists() or _is_here(name):
        with session.console.status(f"Loading model {name}"):
            return load_model(name, device=device, dtype=dtype)
    official = official_models().get(name)
    if not quiet and (official or "/" in name):
        size = f" ({readable_size(official.download_bytes)})" if official else ""
        session.say(f"Model {name} is not on this machine yet and is being fetched{size}.")
    return load_model(name, device=device, dtype=dtype, progress=not quiet)


def _is_here(name: str) -> bool:
    try:
        where(name)
    except ModelError:
        return False
    return True
