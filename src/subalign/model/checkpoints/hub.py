"""Hugging Face's hub and its cache: what is there already, and how the rest is fetched."""

import errno
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from huggingface_hub import (
    HfApi,
    constants,
    scan_cache_dir,
    snapshot_download,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    CacheNotFound,
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
from subalign.model.checkpoints.folder import CONFIG, GENERATION_CONFIG, read_json
from subalign.model.checkpoints.hugging_face import SHARD_INDEXES, WHOLE_WEIGHTS, weight_files

__all__ = [
    "cached_folder",
    "cached_repositories",
    "cached_vocabulary",
    "fetch_folder",
    "fetch_vocabulary",
    "is_repository_id",
]

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_VOCABULARY = ("vocab.json", "added_tokens.json")
_SHARDS = (
    re.compile(r"model-\d+-of-\d+\.safetensors"),
    re.compile(r"pytorch_model-\d+-of-\d+\.bin"),
)
_TIMEOUT = 10.0  # seconds
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


def cached_folder(repository: str) -> Path | None:
    """The cached snapshot of a repository if its config and all its weights are there."""
    config = try_to_load_from_cache(repository, CONFIG)
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    try:
        weight_files(folder)
    except CheckpointError:
        return None
    return folder


def cached_vocabulary(repository: str) -> Path | None:
    """The cached `vocab.json` of a repository, or None."""
    path = try_to_load_from_cache(repository, _VOCABULARY[0])
    return Path(path) if isinstance(path, str) else None


def cached_repositories() -> Iterator[tuple[str, Path]]:
    """Every Whisper model in the cache, official or not, with its folder."""
    try:
        repositories = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except (CacheNotFound, OSError, ValueError):
        return
    for repository in sorted(repositories, key=lambda repository: repository.repo_id):
        folder = cached_folder(repository.repo_id) if repository.repo_type == "model" else None
        if folder is not None and _is_whisper(folder):
            yield repository.repo_id, folder


def fetch_folder(repository: str, *, name: str, progress: bool = False) -> Path:
    """The repository's snapshot in the cache; what is missing of it is fetched first.

    Only what a model needs is fetched: configs, vocabulary, and one form of the weights, last, so
    that weights which are there prove that the rest is. `name` stands for the model in messages.

    Raises:
        UnknownModelError: the hub has no such repository.
        ModelUnavailableError: the hub cannot be reached, or refuses.
        CheckpointError: the repository holds no weights.
    """
    folder = cached_folder(repository)
    if folder is not None:
        return folder
    with _hub_errors(name, repository):
        # unlike a list of files, this is asked once: who has no network need not wait
        siblings = HfApi().model_info(repository, timeout=_TIMEOUT).siblings or ()
        names = [sibling.rfilename for sibling in siblings]
        weights = _weights(names)
        if not weights or CONFIG not in names:
            raise CheckpointError(
                f"Repository {repository} holds no Whisper weights in safetensors or PyTorch form: "
                "choose another model."
            )
        _download(repository, _small_files(names), progress=progress)
        return _download(repository, weights, progress=progress)


def fetch_vocabulary(repository: str, *, progress: bool = False) -> Path:
    """The repository's `vocab.json` in the cache, fetched if it is missing.

    Raises:
        UnknownModelError: the hub has no such repository.
        ModelUnavailableError: the hub cannot be reached, or refuses.
    """
    with _hub_errors(repository, repository):
        return _download(repository, _VOCABULARY, progress=progress) / _VOCABULARY[0]


def _download(repository: str, names: Collection[str], *, progress: bool) -> Path:
    bar = None if progress else _SilentBar
    return Path(snapshot_download(repository, allow_patterns=list(names), tqdm_class=bar))


def _small_files(names: Collection[str]) -> list[str]:
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
    return []


def _is_whisper(folder: Path) -> bool:
    try:
        config = read_json(folder / CONFIG)
    except CheckpointError:
        return False
    return config.get("model_type") == "whisper" or "format" in config


@contextmanager
def _hub_errors(name: str, repository: str) -> Iterator[None]:
    """Turn whatever the hub's client raises into our errors."""
    try:
        yield
    except ModelError:
        raise
    except (OSError, RuntimeError, ValueError, _TRANSPORT_ERROR) as error:
        raise _translated(error, name, repository) from error


def _translated(error: BaseException, name: str, repository: str) -> ModelError:
    host = urlsplit(constants.ENDPOINT).hostname or constants.ENDPOINT
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
        return ModelUnavailableError(
            f"Model {name} cannot be stored in {constants.HF_HUB_CACHE} ({error.strerror}): free "
            "some space, or set HF_HOME to a folder that has it."
        )
    reason = f"{host} cannot be reached"
    if constants.HF_HUB_OFFLINE:
        reason = "HF_HUB_OFFLINE forbids to fetch it"
    elif isinstance(error, HfHubHTTPError) and not isinstance(error, LocalEntryNotFoundError):
        reason = f"{host} answers with an error ({error.response.status_code})"
    return ModelUnavailableError(
        f"Model {name} is not on this machine and {reason}: give --model a local folder, or use "
        "the embedded micro.en."
    )
