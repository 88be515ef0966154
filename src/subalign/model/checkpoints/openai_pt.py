"""OpenAI's own checkpoint files: `dims` and `model_state_dict` in one `.pt`."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from subalign.errors import CheckpointError, ChecksumError
from subalign.model.checkpoints.assembly import build_model, read_dimensions
from subalign.model.checkpoints.tensors import read_pickle, stored_in_mapping
from subalign.model.checkpoints.vocabularies import find_vocabulary
from subalign.model.devices import Placement
from subalign.model.registry import OfficialModel, official_models
from subalign.model.whisper import Whisper

__all__ = ["load_openai_pt"]

_BLOCK_BYTES = 1 << 20


def load_openai_pt(path: Path, placement: Placement, *, progress: bool = False) -> Whisper:
    """The model in a `.pt` file, named as the file.

    A file with an official name must be the official one. The vocabulary is not in the file: see
    `find_vocabulary`.

    Raises:
        ChecksumError: the name is official, but the contents are not.
        CheckpointError: the file is damaged, or refused because it could run code.
        ModelUnavailableError: there is no vocabulary for it.
    """
    official = official_models().get(path.stem)
    if official is not None:
        _check_sum(path, official)
    content = read_pickle(path)
    if not isinstance(content, Mapping) or not isinstance(content.get("dims"), Mapping):
        raise CheckpointError(
            f"{path} holds no dims and model_state_dict: it is no checkpoint of OpenAI's form."
        )
    dims = read_dimensions(content["dims"], path)
    model = build_model(
        dims,
        stored_in_mapping(content.get("model_state_dict"), path),
        source=path,
        name=path.stem if official is None else official.alias_of or official.name,
        vocabulary=find_vocabulary(dims, path, progress=progress),
        multilingual=None if official is None else official.multilingual,
        placement=placement,
    )
    if official is not None:
        model.set_alignment_heads(official.alignment_heads)
    return model


def _check_sum(path: Path, official: OfficialModel) -> None:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read ({error.strerror}): check the file's permissions."
        ) from error
    if digest.hexdigest() != official.pt_sha256:
        raise ChecksumError(
            f"{path} is not OpenAI's {official.name}, its SHA-256 differs: delete it and fetch "
            f"{official.pt_url} again, or rename it if it is a model of your own."
        )
