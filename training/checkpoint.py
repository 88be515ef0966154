"""What a run needs to go on, written atomically, and the export to the package's own form."""

import copy
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from subalign.model import save_checkpoint
from training.config import RunConfig
from training.model import TrainedModel
from training.optimizer import Optimizers

__all__ = [
    "CHECKPOINT",
    "EXPORT",
    "Average",
    "Progress",
    "export",
    "find_checkpoint",
    "resume",
    "save",
]

CHECKPOINT = "checkpoint.pt"
EXPORT = "export"


class Average:
    """The moving average of a model's weights (Polyak averaging), which is what is exported."""

    def __init__(self, model: TrainedModel, decay: float) -> None:
        self._decay = decay
        self.weights = {name: p.detach().clone() for name, p in model.whisper.named_parameters()}

    @torch.no_grad()
    def update(self, model: TrainedModel, step: int) -> None:
        """Take in the weights after a step; the first steps count for more."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for name, parameter in model.whisper.named_parameters():
            self.weights[name].lerp_(parameter.detach(), 1.0 - decay)


@dataclass(slots=True)
class Progress:
    """How far a run is: the next step's number, audio heard and time spent, in seconds."""

    step: int = 0
    audio_seconds: float = 0.0
    wall_seconds: float = 0.0


def save(
    run: RunConfig, model: TrainedModel, optimizer: Optimizers, average: Average, progress: Progress
) -> None:
    """Write the checkpoint and the export, and mirror both."""
    run.folder.mkdir(parents=True, exist_ok=True)
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "average": average.weights,
        "progress": [progress.step, progress.audio_seconds, progress.wall_seconds],
        "rng": torch.get_rng_state(),
    }
    partial = run.folder / f".{CHECKPOINT}.partial"
    torch.save(state, partial)
    partial.replace(run.folder / CHECKPOINT)
    export(model, average.weights, run.folder / EXPORT)
    if run.mirror is not None:
        _mirror(run.folder, run.mirror / run.name)


def export(model: TrainedModel, weights: dict[str, Tensor], folder: Path) -> None:
    """Write these weights of the model, in float16, as a checkpoint folder of the package."""
    whisper = copy.deepcopy(model.whisper).cpu()
    whisper.load_state_dict(weights, strict=False)
    save_checkpoint(whisper.half(), folder)


def find_checkpoint(run: RunConfig) -> Path | None:
    """The run's checkpoint, or the mirror's where the run's folder is gone."""
    folders = [run.folder, *([] if run.mirror is None else [run.mirror / run.name])]
    return next((f / CHECKPOINT for f in folders if (f / CHECKPOINT).is_file()), None)


def resume(path: Path, model: TrainedModel, optimizer: Optimizers, average: Average) -> Progress:
    """Set everything to where a checkpoint was written."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    average.weights = state["average"]
    torch.set_rng_state(state["rng"])
    return Progress(*state["progress"])


def _mirror(source: Path, target: Path) -> None:
    """Copy a run's files; each appears whole."""
    target.mkdir(parents=True, exist_ok=True)
    for file in source.rglob("*"):
        relative = file.relative_to(source)
        if file.is_dir() or file.name.endswith(".partial"):
            continue
        copied = target / relative
        copied.parent.mkdir(parents=True, exist_ok=True)
        partial = copied.with_name(f".{copied.name}.partial")
        shutil.copy2(file, partial)
        partial.replace(copied)
