"""Hugging Face's hub and its cache: what is there already, and how the rest is fetched."""

import errno
import re
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from huggingface_hub import (
    HfApi,
    constants,
    get_session,
    snapshot_download,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.utils.tqdm import tqdm

from subalign.errors import (
    CheckpointError,
    ModelError,
    ModelUnavailableError,
    UnknownModelError,
)
from subalign.model.checkpoints.folder import (
    MODEL_BIN,
    SHARD_INDEXES,
    WHOLE_WEIGHTS,
    weight_files,
)
from subalign.model.config import CONFIG, GENERATION_CONFIG, read_json
from subalign.model.sources import (
    OFFLINE,
    Fetching,
    OnFetch,
    SourceError,
    sha256_of,
    storage_error,
)

__all__ = [
    "cached_file",
    "cached_folder",
    "cached_repositories",
    "fetch_folder",
    "is_offline",
    "is_repository_id",
    "nothing_fetched",
]

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_SEPARATOR = "--"  # for the slash in the names of the cache's folders
_VOCABULARY = ("vocab.json", "added_tokens.json")
_CTRANSLATE2_FILES = (
    *(CONFIG, "preprocessor_config.json", "tokenizer.json"),
    *("vocabulary.json", "vocabulary.txt"),
)
_SHARDS = (
    re.compile(r"model-\d+-of-\d+\.safetensors"),
    re.compile(r"pytorch_model-\d+-of-\d+\.bin"),
)
# what the hub's client makes names of files and folders of, without looking at it
_NAMING_HEADERS = ("ETag", "X-Linked-ETag", "X-Repo-Commit")
_STAYS_INSIDE = re.compile(r"(?:W/)?(?!.*\.\.)[^/\\:]*", re.DOTALL)
_TIMEOUT = 5.0  # seconds
_DISK_FAULTS = frozenset(
    {errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}
)
# the root of all errors of the HTTP client that the installed hub uses (requests, httpx, httpx2)
_TRANSPORT_ERROR: type[BaseException] = HfHubHTTPError.__bases__[0]


class _SilentBar(tqdm):
    """A progress bar that never shows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "disable": True})  # type: ignore[no-untyped-call]


def is_repository_id(name: str) -> bool:
    """Whether `name` has the form `owner/repository`."""
    return _REPOSITORY.fullmatch(name) is not None


def cached_file(repository: str, name: str) -> Path | None:
    """A file of a repository's cached snapshot, if it is there."""
    try:
        found = try_to_load_from_cache(repository, name)
    except (OSError, ValueError):  # no repository's name, or a damaged entry
        return None
    return Path(found) if isinstance(found, str) else None


def cached_folder(repository: str) -> Path | None:
    """The cached snapshot of a repository if its config and all its weights are there."""
    config = cached_file(repository, CONFIG)
    if config is None:
        return None
    folder = config.parent
    if (folder / MODEL_BIN).is_file():
        return folder
    try:
        weight_files(folder)
    except CheckpointError:
        return None
    return folder


def cached_repositories() -> Iterator[tuple[str, Path]]:
    """Every Whisper model in the cache, official or not, with its folder, by its name."""
    try:
        names = sorted(entry.name for entry in Path(constants.HF_HUB_CACHE).iterdir())
    except OSError:
        return
    for name in names:
        # the hub's own scan reads whatever lies there, and waits at a named pipe for ever
        prefix, _, repository = name.partition(_SEPARATOR)
        repository = repository.replace(_SEPARATOR, "/")
        if prefix == "models" and is_repository_id(repository):
            folder = cached_folder(repository)
            if folder is not None and _is_whisper(folder):
                yield repository, folder


def fetch_folder(
    repository: str,
    *,
    name: str,
    known: Mapping[str, str] = MappingProxyType({}),
    progress: OnFetch | None = None,
) -> Path:
    """The repository's snapshot in the cache; what is missing of it is fetched first.

    Only what a model needs is fetched: configs, vocabulary, and one form of the weights, last, so
    that weights which are there prove that the rest is. `name` stands for the model in messages,
    `known` holds SHA-256 of files; where it has none for a file, the hub's own is taken.

    Raises:
        UnknownModelError: the hub has no such repository.
        ModelUnavailableError: the hub cannot be reached, refuses, or gives damaged files; or its
            cache holds a pipe or a device.
        CheckpointError: the repository holds no weights.
    """
    found = cached_folder(repository)
    if found is not None:
        return found
    with _hub_errors(name, repository):
        _refuse_special_files(repository)
        # unlike a list of files, this is asked once: who has no network need not wait
        info = HfApi().model_info(repository, timeout=_TIMEOUT, files_metadata=True)
        files = {file.rfilename: file for file in info.siblings or ()}
        weights = _weights(files)
        if not weights or CONFIG not in files:
            raise CheckpointError(
                f"Repository {repository} holds no Whisper weights in safetensors, PyTorch or "
                "CTranslate2 form: choose another model."
            )
        small = _small_files(files, weights)
        wanted = (small, weights)
        sizes = [sum(files[file].size or 0 for file in names) for names in wanted]
        place = f"{_host()}/{repository}"
        sums = {file: about.lfs.sha256 for file, about in files.items() if about.lfs} | dict(known)
        for names, done in zip(wanted, (0, sizes[0]), strict=True):
            bar = _bar(progress, Fetching(name, place, sum(sizes) or None, done))
            folder = _download(repository, names, bar, name)
            _check_sums(folder, {file: sums[file] for file in names if file in sums}, name)
        return folder


def _refuse_special_files(repository: str) -> None:
    """The hub's client reads what it finds in its cache, and would wait at a pipe for ever."""
    entry = f"models{_SEPARATOR}{repository.replace('/', _SEPARATOR)}"
    for path in Path(constants.HF_HUB_CACHE, entry).rglob("*"):
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ModelUnavailableError(
                f"{path} is no regular file, so {repository} cannot be fetched: delete it."
            )


def _check_sums(folder: Path, sums: Mapping[str, str], name: str) -> None:
    """Take files away that are not what they should be, so that they are fetched again."""
    for file, digest in sums.items():
        blob = (folder / file).resolve()
        if sha256_of(blob) != digest:
            (folder / file).unlink()
            if blob.parent == (folder.parents[1] / "blobs").resolve():  # never what lies elsewhere
                blob.unlink()
            raise SourceError(name, f"{file} of {_host()} differs from its SHA-256")


def _download(
    repository: str, names: Collection[str], bar: type[_SilentBar] | None, name: str
) -> Path:
    def refuse_paths(response: Any) -> None:
        stated = (response.headers.get(header, "") for header in _NAMING_HEADERS)
        if not all(_STAYS_INSIDE.fullmatch(value) for value in stated):
            raise SourceError(name, f"{_host()} gives files names that lead out of their folder")

    hooks = get_session().event_hooks["response"]
    hooks.append(refuse_paths)
    try:
        return Path(snapshot_download(repository, allow_patterns=list(names), tqdm_class=bar))
    finally:
        hooks.remove(refuse_paths)


def _bar(progress: OnFetch | None, fetching: Fetching) -> type[_SilentBar]:
    """A progress bar for the hub's client that reports the bytes fetched to `progress`."""
    if progress is None:
        return _SilentBar
    report = progress
    report(fetching)
    lock = threading.Lock()
    fetched: dict[int, float] = {}  # bytes by bar: one counts what comes, one what is written

    class Bar(_SilentBar):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._counts_bytes = kwargs.get("unit") == "B"
            super().__init__(*args, **kwargs)

        def update(self, n: float | None = 1) -> bool | None:
            if self._counts_bytes and n:
                with lock:
                    fetched[id(self)] = fetched.get(id(self), 0) + n
                    report(replace(fetching, done=fetching.done + int(max(fetched.values()))))
            return None

    return Bar


def _small_files(names: Collection[str], weights: Collection[str]) -> list[str]:
    if MODEL_BIN in weights:
        return [name for name in _CTRANSLATE2_FILES if name in names]
    vocabulary = _VOCABULARY if _VOCABULARY[0] in names else ("tokenizer.json", "vocab.tiktoken")
    wanted = (CONFIG, GENERATION_CONFIG, *vocabulary)
    return [name for name in wanted if name in names]


def _weights(names: Collection[str]) -> list[str]:
    """One form of the weights, the safe one if there is a choice; an index goes with its shards."""
    for whole, index, shard in zip(WHOLE_WEIGHTS, SHARD_INDEXES, _SHARDS, strict=True):
        if whole in names:
            return [whole]
        if index in names:
            return [index, *(name for name in names if shard.fullmatch(name))]
    return [MODEL_BIN] if MODEL_BIN in names else []


def _is_whisper(folder: Path) -> bool:
    try:
        config = read_json(folder / CONFIG)
    except CheckpointError:
        return False
    theirs = (folder / MODEL_BIN).is_file() and "suppress_ids_begin" in config
    return theirs or config.get("model_type") == "whisper" or "format" in config


@contextmanager
def _hub_errors(name: str, repository: str) -> Iterator[None]:
    """Turn whatever the hub's client raises into our errors."""
    try:
        yield
    except ModelError:
        raise
    except (OSError, RuntimeError, ValueError, _TRANSPORT_ERROR) as error:
        raise _translated(error, name, repository) from error


def _host() -> str:
    return urlsplit(constants.ENDPOINT).hostname or constants.ENDPOINT


def _translated(error: BaseException, name: str, repository: str) -> ModelError:
    host = _host()
    if isinstance(error, GatedRepoError):
        return ModelUnavailableError(
            f"Repository {repository} is open only to those who asked: accept its terms on {host} "
            "and run `hf auth login`."
        )
    if isinstance(error, (RepositoryNotFoundError, HFValidationError)):
        return UnknownModelError(
            f"There is no model {name}: no such file or folder is here, and {host} has no such "
            "repository, or only for those who ran `hf auth login`."
        )
    if isinstance(error, OSError) and error.errno in _DISK_FAULTS:
        return storage_error(name, constants.HF_HUB_CACHE, error, "HF_HOME")
    if constants.HF_HUB_OFFLINE:
        return SourceError(name, OFFLINE)
    if isinstance(error, HfHubHTTPError) and not isinstance(error, LocalEntryNotFoundError):
        return SourceError(name, f"{host} answers with an error ({error.response.status_code})")
    return SourceError(name, f"{host} cannot be reached")


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE forbids to fetch anything."""
    return bool(constants.HF_HUB_OFFLINE)


@contextmanager
def nothing_fetched() -> Iterator[None]:
    """As if HF_HUB_OFFLINE were set meanwhile, for packages that ask the hub by themselves."""
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
