"""The model of a run: loaded once, fetched where it is absent, computing as it was asked to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from subalign.cli.console import Session, readable_size
from subalign.cli.job import ComputeOptions
from subalign.model import Fetching, OnFetch, Whisper, disable_sdpa, load_whisper
from subalign.model.devices import resolve_device
from subalign.options import Task
from subalign.pipeline.default_model import Command, resolve_model

__all__ = [
    "fetch_shown",
    "loaded_model",
    "models_in",
]


@contextmanager
def loaded_model(
    compute: ComputeOptions,
    session: Session,
    *,
    quiet: bool,
    command: Command = "align",
    language: str | None = None,
    task: Task = "transcribe",
) -> Iterator[Whisper]:
    """The model, as long as the context lasts with the kind of attention that was asked for.

    `command`, `language` and `task` choose the model where none is named.

    Raises:
        ModelError: the model is not available.
        UsageError: the device is not there.
    """
    if compute.threads:
        torch.set_num_threads(compute.threads)
    device, number_type = compute.device, compute.compute
    if compute.half_precision and resolve_device(device).type == "cpu":
        session.warn("--fp16 is for GPUs: the processor computes in float32.")
        number_type = "float32"
    with nullcontext() if compute.sdpa else disable_sdpa():
        with models_in(compute.model_dir), fetch_shown(session, quiet=quiet) as progress:
            name = resolve_model(
                *(compute.model, command),
                language=language,
                task=task,
                device=device,
                progress=progress,
            )
            model = load_whisper(name, device=device, compute=number_type, progress=progress)
        yield model


@contextmanager
def models_in(folder: Path | None) -> Iterator[None]:
    """Look for models, and fetch them, in a folder instead of the usual caches meanwhile."""
    if folder is None:
        yield
        return
    from huggingface_hub import constants

    own, hub = os.environ.get("SUBALIGN_CACHE"), constants.HF_HUB_CACHE
    os.environ["SUBALIGN_CACHE"] = constants.HF_HUB_CACHE = str(folder.absolute())
    try:
        yield
    finally:
        constants.HF_HUB_CACHE = hub
        if own is None:
            del os.environ["SUBALIGN_CACHE"]
        else:
            os.environ["SUBALIGN_CACHE"] = own


@contextmanager
def fetch_shown(session: Session, *, quiet: bool) -> Iterator[OnFetch | None]:
    """What `fetch` and `load_whisper` call as they go on, as long as the context lasts."""
    if quiet:
        yield None
        return
    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=session.console,
        transient=True,
        disable=not session.console.is_terminal,
    )
    said: set[tuple[str, str]] = set()
    task = bars.add_task("")

    def show(fetching: Fetching) -> None:
        if (fetching.name, fetching.place) not in said:
            said.add((fetching.name, fetching.place))
            size = f" ({readable_size(fetching.size)})" if fetching.size else ""
            session.say(f"Fetching model {fetching.name}{size} from {fetching.place}.")
            bars.reset(task, total=fetching.size, description=fetching.name)
            bars.start()
        bars.update(task, completed=fetching.done, total=fetching.size)

    try:
        yield show
    finally:
        bars.stop()
