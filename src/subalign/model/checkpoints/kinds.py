"""Whose form a checkpoint folder has, told by its files. This module imports no PyTorch."""

from pathlib import Path
from typing import Literal

from subalign.errors import CheckpointError
from subalign.model.checkpoints.ctranslate2 import MODEL
from subalign.model.checkpoints.folder import CONFIG, read_json

__all__ = ["SHARD_INDEXES", "WHOLE_WEIGHTS", "FolderKind", "kind_of"]

FolderKind = Literal["subalign", "Hugging Face", "CTranslate2"]

# Hugging Face's files of weights; the safe form goes first
WHOLE_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
SHARD_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")


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
    if (folder / MODEL).is_file():
        return "CTranslate2"
    if "model_type" in config:
        return "Hugging Face"
    raise CheckpointError(
        f"{folder} holds no checkpoint of a kind that is read: give a folder of subalign's form, "
        f"of Hugging Face's ({CONFIG} and {WHOLE_WEIGHTS[0]} or {WHOLE_WEIGHTS[1]}) or of "
        f"CTranslate2's ({CONFIG} and {MODEL}), or an OpenAI .pt file."
    )
