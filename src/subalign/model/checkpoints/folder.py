"""Which form a checkpoint folder has, and which files in it hold its weights. No PyTorch here."""

import os
import reprlib
from pathlib import Path, PureWindowsPath
from typing import Literal

from subalign.errors import CheckpointError
from subalign.model.config import CONFIG, read_json

__all__ = [
    "MODEL_BIN",
    "SHARD_INDEXES",
    "WHOLE_WEIGHTS",
    "FolderKind",
    "file_inside",
    "kind_of",
    "weight_files",
]

FolderKind = Literal["subalign", "Hugging Face", "CTranslate2"]

# Hugging Face's files of weights; the safe form goes first
WHOLE_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
SHARD_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
# CTranslate2's
MODEL_BIN = "model.bin"


def kind_of(folder: Path) -> FolderKind:
    """The form of the checkpoint in a folder.

    Raises:
        CheckpointError: it has none of the forms that are read, or its config is damaged.
    """
    config = read_json(folder / CONFIG) if (folder / CONFIG).is_file() else {}
    if "format" in config:
        return "subalign"
    if any((folder / name).is_file() for name in (*WHOLE_WEIGHTS, *SHARD_INDEXES)):
        return "Hugging Face"
    if (folder / MODEL_BIN).is_file():
        return "CTranslate2"
    if "model_type" in config:
        return "Hugging Face"
    raise CheckpointError(
        f"{folder} holds no checkpoint of a kind that is read: give a folder of subalign's form, "
        f"of Hugging Face's ({CONFIG} and {WHOLE_WEIGHTS[0]} or {WHOLE_WEIGHTS[1]}) or of "
        f"CTranslate2's ({CONFIG} and {MODEL_BIN}), or an OpenAI .pt file."
    )


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The weights of a folder of Hugging Face's form: one file, or all shards that its index names.

    Raises:
        CheckpointError: there are none, or a shard is missing.
    """
    for whole, index in zip(WHOLE_WEIGHTS, SHARD_INDEXES, strict=True):
        if (folder / whole).is_file():
            return (folder / whole,)
        if (folder / index).is_file():
            return _shards(folder, folder / index)
    raise CheckpointError(
        f"{folder} holds no {' and no '.join(WHOLE_WEIGHTS)}: give a folder that has the model's "
        "weights."
    )


def file_inside(folder: Path, name: object, stated_in: Path) -> Path:
    """The file of that name in the folder itself; names that lead elsewhere are refused.

    Raises:
        CheckpointError: `name` is no plain file name, or there is no such file.
    """
    # Windows' rules know every separator and drive, POSIX' only the slash
    if not isinstance(name, str) or PureWindowsPath(name).name != name or name in ("", ".."):
        raise CheckpointError(
            f"{stated_in} names the file {reprlib.repr(name)}, which may not lie outside its "
            "folder: do not use this checkpoint."
        )
    path = folder / name
    if not os.path.isfile(path):  # noqa: PTH113 (Path's raises where the name is too long)
        raise CheckpointError(f"{folder} lacks the file {name[:80]}: fetch the checkpoint again.")
    return path


def _shards(folder: Path, index: Path) -> tuple[Path, ...]:
    shard_of = read_json(index).get("weight_map")
    if not isinstance(shard_of, dict) or not shard_of:
        raise CheckpointError(f"{index} names no files: fetch the checkpoint again.")
    # a list that keeps the order: names of a damaged index need not be text
    return tuple(dict.fromkeys(file_inside(folder, name, index) for name in shard_of.values()))
