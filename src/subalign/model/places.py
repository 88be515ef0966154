"""Where models known by name lie on this machine: in subalign's own cache and in others'."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from subalign.model.fetching import Source
from subalign.model.registry import OfficialModel

__all__ = ["Origin", "Place", "origin_of", "own_folder", "own_models", "own_pt", "places_of"]

Origin = Literal["subalign", "Hugging Face", "faster-whisper", "openai-whisper"]


@dataclass(frozen=True, slots=True)
class Place:
    """A checkpoint's folder or `.pt` file, and whose cache, or whose form of it, it is."""

    path: Path
    origin: Origin

    @property
    def source(self) -> Source:
        """What such a checkpoint is fetched from."""
        if self.path.suffix == ".pt" and self.path.is_file():
            return "openai"
        return "index" if self.origin == "subalign" else "hub"

    @property
    def size(self) -> int:
        """Bytes of the file, or of the folder's files."""
        files = self.path.iterdir() if self.path.is_dir() else (self.path,)
        return sum(file.stat().st_size for file in files if file.is_file())


def own_models() -> Path:
    """The folder of subalign's own cache: `SUBALIGN_CACHE`, else the user's, and in it `models`."""
    given = os.environ.get("SUBALIGN_CACHE")
    if given:
        return Path(given).expanduser().absolute() / "models"
    from platformdirs import user_cache_path

    return user_cache_path("subalign", appauthor=False) / "models"


def own_folder(model: OfficialModel) -> Path:
    """Where the package index's files of a model are put, all at once."""
    return own_models() / model.canonical


def own_pt(model: OfficialModel) -> Path:
    """Where OpenAI's file of a model is put, once it is whole."""
    return own_models() / f"{model.canonical}.pt"


def places_of(model: OfficialModel) -> Iterator[Place]:
    """Every place on this machine that holds the model, in the order in which they are used."""
    from subalign.model.checkpoints.hub import cached_folder

    if own_folder(model).is_dir():
        yield Place(own_folder(model), "subalign")
    if own_pt(model).is_file():
        yield Place(own_pt(model), "subalign")
    for repository in model.repositories:
        folder = cached_folder(repository)
        if folder is not None:
            yield Place(folder, origin_of(repository))
    file = _openai_cache() / f"{model.canonical}.pt"
    # openai-whisper writes under the final name, so a smaller file was broken off
    if file.is_file() and file.stat().st_size >= model.download_bytes:
        yield Place(file, "openai-whisper")


def origin_of(repository: str) -> Origin:
    """Whose models these are in the hub's cache."""
    is_theirs = repository.partition("/")[2].startswith("faster-")
    return "faster-whisper" if is_theirs else "Hugging Face"


def _openai_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "whisper"
