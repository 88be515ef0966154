"""One way in for all kinds of checkpoints: `load_model`."""

import os
from pathlib import Path

from subalign.errors import UnknownModelError
from subalign.model.cached import fetch
from subalign.model.checkpoints.folder import CONFIG, read_json
from subalign.model.checkpoints.hugging_face import load_hugging_face_folder
from subalign.model.checkpoints.openai_pt import load_openai_pt
from subalign.model.checkpoints.subalign_folder import load_subalign_folder
from subalign.model.devices import Placement, resolve_device, resolve_dtype
from subalign.model.fetching import OnFetch
from subalign.model.registry import canonical_name, official_models, unknown_model
from subalign.model.whisper import Whisper

__all__ = ["load_model"]

# a name that ends so is meant as a file
_WEIGHT_SUFFIXES = (".pt", ".pth", ".bin", ".safetensors")


def load_model(
    name_or_path: str | os.PathLike[str],
    *,
    device: str = "auto",
    dtype: str = "auto",
    progress: OnFetch | None = None,
) -> Whisper:
    """A Whisper model in evaluation mode, from whatever holds one.

    `name_or_path` is, tried in this order: an official name or `micro.en`; a folder of our own or
    of Hugging Face's form; an OpenAI `.pt` file; an `owner/repository` on Hugging Face's hub. A
    path object is never taken for a name. What is not on this machine is fetched, and `progress` is
    called meanwhile.

    Raises:
        UsageError: there is no such device or dtype.
        UnknownModelError: the name stands for nothing.
        ModelUnavailableError: the model is neither on this machine nor reachable.
        ChecksumError: a `.pt` file bears an official name but differs from the official one.
        CheckpointError: the files are missing, damaged, unsafe or do not fit together.
    """
    target = resolve_device(device)
    placement = Placement(target, resolve_dtype(dtype, target))
    name = name_or_path if isinstance(name_or_path, str) else ""
    canonical = canonical_name(name)
    if canonical is not None:
        return _load_named(name, canonical, placement, progress)
    path = Path(name_or_path)
    if path.is_dir():
        return _load_folder(path, placement, path.resolve().name)
    if path.exists():
        return load_openai_pt(path, placement)
    if _may_be_repository(name):
        return _load_folder(fetch(name, progress=progress), placement, name)
    if not name or "/" in name or os.sep in name or path.suffix in _WEIGHT_SUFFIXES:
        raise UnknownModelError(
            f"There is no checkpoint at {name_or_path}: give a folder, a .pt file, or one of the "
            "names that `subalign models list` shows."
        )
    raise unknown_model(name)


def _load_named(
    name: str, canonical: str, placement: Placement, progress: OnFetch | None
) -> Whisper:
    model = _load_folder(fetch(name, progress=progress), placement, canonical)
    official = official_models().get(canonical)
    if official is not None:
        model.set_alignment_heads(official.alignment_heads)
    return model


def _load_folder(folder: Path, placement: Placement, name: str) -> Whisper:
    if "format" in read_json(folder / CONFIG):
        return load_subalign_folder(folder, placement)
    return load_hugging_face_folder(folder, placement, name=name)


def _may_be_repository(name: str) -> bool:
    if name.count("/") != 1:
        return False
    from subalign.model.checkpoints.hub import is_repository_id

    return is_repository_id(name)
