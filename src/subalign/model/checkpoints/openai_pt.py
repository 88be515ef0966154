"""OpenAI's own checkpoint files: `dims` and `model_state_dict` in one `.pt`."""

import logging
from collections.abc import Mapping
from pathlib import Path

from subalign.errors import CheckpointError, ChecksumError
from subalign.model.checkpoints.assembly import build_model, mark_heads, official_vocabulary
from subalign.model.checkpoints.tensors import read_pickle, stored_in_mapping
from subalign.model.config import read_dimensions
from subalign.model.devices import TensorOptions
from subalign.model.dimensions import ModelDimensions
from subalign.model.registry import OfficialModel, official_models, officials_of_shape
from subalign.model.sources import sha256_of
from subalign.model.whisper import Whisper
from subalign.tokenizer.vocabulary import read_tiktoken

__all__ = ["load_openai_pt"]


def load_openai_pt(path: Path, target: TensorOptions) -> Whisper:
    """The model in a `.pt` file, named as the official file that it is, else as the file.

    A file with an official name must be the official one; one with another name may be. The
    vocabulary is not in the file: it is `vocab.tiktoken` beside it, else the official one of its
    size.

    Raises:
        ChecksumError: the name is official, but the contents are not.
        CheckpointError: the file is damaged, or refused because it could run code.
    """
    if path.exists() and not path.is_file():
        raise CheckpointError(f"{path} is no regular file: give a .pt file or a folder.")
    named = official_models().get(path.stem)
    if named is not None and _digest(path) != named.pt_sha256:
        raise ChecksumError(
            f"{path} is not OpenAI's {named.name}, its SHA-256 differs: delete it and fetch "
            f"{named.pt_url} again, or rename it if it is a model of your own."
        )
    content = read_pickle(path)
    if not isinstance(content, Mapping) or not isinstance(content.get("dims"), Mapping):
        raise CheckpointError(
            f"{path} holds no dims and model_state_dict: it is no checkpoint of OpenAI's form."
        )
    dims = read_dimensions(content["dims"], path)
    beside = path.with_name("vocab.tiktoken")
    official = named or _official_file(path, dims)
    model = build_model(
        dims,
        stored_in_mapping(content.get("model_state_dict"), path),
        source=path,
        name=path.stem if official is None else official.canonical,
        vocabulary=read_tiktoken(beside) if beside.is_file() else official_vocabulary(dims, path),
        multilingual=None if official is None else official.multilingual,
        target=target,
    )
    mark_heads(model, None, official=official, source=path)
    return model


def _official_file(path: Path, dims: ModelDimensions) -> OfficialModel | None:
    """The official model whose file this is under another name."""
    # hashing takes seconds, so only what could be official is hashed
    same = officials_of_shape(dims)
    digest = _digest(path) if same else ""
    for model in same:
        if model.pt_sha256 == digest:
            logging.getLogger("subalign").warning(
                "%s is OpenAI's file of %s, by its SHA-256.", path, model.name
            )
            return model
    return None


def _digest(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read ({error.strerror}): check the file's permissions."
        ) from error
