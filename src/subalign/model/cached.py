"""Which models are on this machine, which can be fetched, and where they lie.

The hub's client is imported only where it is needed: that takes longer than reading `micro.en`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from subalign.errors import ModelUnavailableError
from subalign.model.registry import (
    EMBEDDED_MODEL,
    canonical_name,
    embedded_folder,
    official_models,
    unknown_model,
)

__all__ = ["ModelEntry", "fetch", "list_models", "where"]

ModelState = Literal["embedded", "cached", "available"]


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One line of `subalign models list`.

    `size` is in bytes: of the files in `folder`, or about that of the download if `folder` is None.
    """

    name: str
    alias_of: str | None
    state: ModelState
    size: int
    folder: Path | None


def list_models() -> tuple[ModelEntry, ...]:
    """The embedded model, every official one, and other Whisper models in the hub's cache."""
    from subalign.model.checkpoints.hub import cached_folder, cached_repositories

    entries = [_entry(EMBEDDED_MODEL, "embedded", embedded_folder())]
    for model in official_models().values():
        folder = cached_folder(model.repository)
        entries.append(
            ModelEntry(model.name, model.alias_of, "available", model.download_bytes, None)
            if folder is None
            else _entry(model.name, "cached", folder, model.alias_of)
        )
    official = {model.repository for model in official_models().values()}
    entries.extend(
        _entry(repository, "cached", folder)
        for repository, folder in cached_repositories()
        if repository not in official
    )
    return tuple(entries)


def where(name: str) -> Path:
    """The folder that a model on this machine lies in; `name` may be a repository id.

    Raises:
        UnknownModelError: the name is neither official nor a repository id.
        ModelUnavailableError: the model is not on this machine.
    """
    if name == EMBEDDED_MODEL:
        return embedded_folder()
    from subalign.model.checkpoints.hub import cached_folder

    folder = cached_folder(_repository(name))
    if folder is None:
        raise ModelUnavailableError(
            f"Model {name} is not on this machine: `subalign models get {name}` fetches it."
        )
    return folder


def fetch(name: str, *, progress: bool = False) -> Path:
    """Have a model on this machine, fetched if need be; return its folder.

    `progress` shows the hub's own progress bars on stderr.

    Raises:
        UnknownModelError: the name is neither official nor a repository id, or no such one exists.
        ModelUnavailableError: the hub cannot be reached, or refuses.
    """
    if name == EMBEDDED_MODEL:
        return embedded_folder()
    from subalign.model.checkpoints.hub import fetch_folder

    return fetch_folder(_repository(name), name=name, progress=progress)


def _repository(name: str) -> str:
    from subalign.model.checkpoints.hub import is_repository_id

    canonical = canonical_name(name)
    if canonical is not None:
        return official_models()[canonical].repository
    if is_repository_id(name):
        return name
    raise unknown_model(name)


def _entry(name: str, state: ModelState, folder: Path, alias_of: str | None = None) -> ModelEntry:
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    return ModelEntry(name, alias_of, state, size, folder)
