"""One way in for all kinds of checkpoints: `load_whisper`."""

import logging
import os
from pathlib import Path

from subalign.errors import ChecksumError, ModelUnavailableError, UnknownModelError
from subalign.model.checkpoints.ctranslate2 import load_ctranslate2_folder
from subalign.model.checkpoints.folder import kind_of
from subalign.model.checkpoints.hugging_face import load_hugging_face_folder
from subalign.model.checkpoints.openai_pt import load_openai_pt
from subalign.model.checkpoints.subalign_folder import load_subalign_folder
from subalign.model.devices import TensorOptions, resolve_compute, resolve_device
from subalign.model.registry import (
    OfficialModel,
    canonical_name,
    official_models,
    unknown_model,
)
from subalign.model.sources import OnFetch
from subalign.model.store import fetch
from subalign.model.whisper import Whisper

__all__ = ["load_whisper"]

# a name that ends so is meant as a file
_WEIGHT_SUFFIXES = (".pt", ".pth", ".bin", ".safetensors")


def load_whisper(
    name_or_path: str | os.PathLike[str],
    *,
    device: str = "auto",
    compute: str = "auto",
    progress: OnFetch | None = None,
) -> Whisper:
    """A Whisper model in evaluation mode, from whatever holds one.

    `name_or_path` is, tried in this order: an official name or `micro.en`; a folder of our own,
    Hugging Face's or CTranslate2's form; an OpenAI `.pt` file; an `owner/repository` on Hugging
    Face's hub. A path object is never taken for a name. What is not on this machine is fetched,
    and `progress` is called meanwhile.

    Raises:
        UsageError: there is no such device, or it does not compute in this number type.
        UnknownModelError: the name stands for nothing.
        ModelUnavailableError: the model is neither on this machine nor reachable.
        ChecksumError: a `.pt` file bears an official name but differs from the official one, and
            no other source gives the model.
        CheckpointError: the files are missing, damaged, unsafe or do not fit together.
    """
    torch_device = resolve_device(device)
    target = TensorOptions(
        torch_device, resolve_compute(compute, torch_device), chosen=compute != "auto"
    )
    name = name_or_path if isinstance(name_or_path, str) else ""
    canonical = canonical_name(name)
    if canonical is not None:
        return _load_known(canonical, target, progress)
    path = Path(name_or_path)
    if path.exists():
        return _load(path, target, path.resolve().name)
    if _may_be_repository(name):
        return _load(fetch(name, progress=progress), target, name)
    if not name or "/" in name or os.sep in name or path.suffix in _WEIGHT_SUFFIXES:
        raise UnknownModelError(
            f"There is no checkpoint at {name_or_path}: give a folder, a .pt file, or one of the "
            "names that `subalign models list` shows."
        )
    raise unknown_model(name)


def _load_known(name: str, target: TensorOptions, progress: OnFetch | None) -> Whisper:
    """The model of a known name, from the first of its places that is not damaged."""
    damaged: dict[Path, ChecksumError] = {}
    while True:
        try:
            path = fetch(name, damaged=damaged, progress=progress)
        except ModelUnavailableError as error:
            raise next(iter(damaged.values()), error) from error
        try:
            return _load(path, target, name, official_models().get(name))
        except ChecksumError as error:
            if path in damaged:
                raise
            damaged[path] = error
            logging.getLogger("subalign").warning(
                "%s is damaged, its SHA-256 is not that of OpenAI's %s: it is passed over, so "
                "delete it.",
                *(path, name),
            )


def _load(
    path: Path, target: TensorOptions, name: str, official: OfficialModel | None = None
) -> Whisper:
    """The model in a folder of any form, or in a `.pt` file; `official` where it is known."""
    if not path.is_dir():
        return load_openai_pt(path, target)
    kind = kind_of(path)
    if kind == "CTranslate2":
        return load_ctranslate2_folder(path, target, name=name, official=official)
    if kind == "Hugging Face":
        return load_hugging_face_folder(path, target, name=name, official=official)
    return load_subalign_folder(path, target)


def _may_be_repository(name: str) -> bool:
    if name.count("/") != 1:
        return False
    from subalign.model.hub import is_repository_id

    return is_repository_id(name)
