"""What checkpoint folders of either form have in common: JSON files and names inside the folder."""

import json
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any, Literal

from subalign.errors import CheckpointError
from subalign.model.checkpoints.ctranslate2 import MODEL
from subalign.vocabulary import regular_bytes

__all__ = [
    "CONFIG",
    "FORMAT",
    "GENERATION_CONFIG",
    "SHARD_INDEXES",
    "WHOLE_WEIGHTS",
    "FolderKind",
    "check_format",
    "file_inside",
    "kind_of",
    "read_heads",
    "read_json",
]


CONFIG = "config.json"
# Hugging Face's form states the alignment heads there
GENERATION_CONFIG = "generation_config.json"
# what the config of our own form calls that form
FORMAT = "subalign-checkpoint-1"


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        CheckpointError: the file is missing, unreadable, no JSON, or no object.
    """
    try:
        content = json.loads(regular_bytes(path))
    except FileNotFoundError as error:
        raise CheckpointError(
            f"There is no {path.name} in {path.parent}: give the folder of a subalign, Hugging "
            "Face or CTranslate2 checkpoint."
        ) from error
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read ({error.strerror or error}): check the file's permissions."
        ) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not valid JSON: fetch the checkpoint again.") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds no JSON object: fetch the checkpoint again.")
    return content


def check_format(config: Mapping[str, object], path: Path) -> None:
    """Make sure that a config of our own form is of the version that is read here.

    Raises:
        CheckpointError: it is of another one.
    """
    if config.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is of format {config.get('format')!r}, but this subalign reads {FORMAT}: "
            "update subalign."
        )


def file_inside(folder: Path, name: object, stated_in: Path) -> Path:
    """The file of that name in the folder itself; names that lead elsewhere are refused.

    Raises:
        CheckpointError: `name` is no plain file name, or there is no such file.
    """
    # Windows' rules know every separator and drive, POSIX' only the slash
    if not isinstance(name, str) or PureWindowsPath(name).name != name or name in ("", ".."):
        raise CheckpointError(
            f"{stated_in} names the file {name!r}, which may not lie outside its folder: "
            "do not use this checkpoint."
        )
    path = folder / name
    if not path.is_file():
        raise CheckpointError(f"{folder} lacks the file {name}: fetch the checkpoint again.")
    return path


def read_heads(
    config: Mapping[str, object], path: Path, *, key: str = "alignment_heads"
) -> list[tuple[int, int]] | None:
    """The (layer, head) pairs under `key`, or None where nothing is stated.

    Raises:
        CheckpointError: something else than pairs of whole numbers is stated.
    """
    pairs = config.get(key)
    if pairs is None:
        return None
    if not isinstance(pairs, list) or not all(map(_is_pair, pairs)):
        raise CheckpointError(
            f"{path} states {key} that are no (layer, head) pairs: fetch the checkpoint again."
        )
    return [(layer, head) for layer, head in pairs]


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(part) is int for part in value)


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
