"""What the JSON files of a checkpoint folder state: dimensions and heads. No PyTorch here."""

import json
import reprlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from subalign.errors import CheckpointError
from subalign.model.dimensions import ModelDimensions
from subalign.tokenizer.vocabulary import N_TIMESTAMPS, regular_bytes

__all__ = [
    "CONFIG",
    "DIMENSION_KEYS",
    "FORMAT",
    "GENERATION_CONFIG",
    "check_format",
    "hugging_face_dimensions",
    "read_dimensions",
    "read_heads",
    "read_json",
]

CONFIG = "config.json"
# Hugging Face's form states the alignment heads there
GENERATION_CONFIG = "generation_config.json"
# what the config of our own form calls that form
FORMAT = "subalign-checkpoint-1"

# what Hugging Face's configs call our dimensions
DIMENSION_KEYS = {
    "n_mels": "num_mel_bins",
    "n_audio_ctx": "max_source_positions",
    "n_audio_state": "d_model",
    "n_audio_head": "encoder_attention_heads",
    "n_audio_layer": "encoder_layers",
    "n_vocab": "vocab_size",
    "n_text_ctx": "max_target_positions",
    "n_text_state": "d_model",
    "n_text_head": "decoder_attention_heads",
    "n_text_layer": "decoder_layers",
}


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
            f"{path} is of format {reprlib.repr(config.get('format'))}, but this subalign reads "
            f"{FORMAT}: update subalign."
        )


def read_dimensions(values: Mapping[str, object], source: Path) -> ModelDimensions:
    """The dimensions out of what `source` says of them.

    Raises:
        CheckpointError: one is missing or no sensible number.
    """
    names = tuple(ModelDimensions.__dataclass_fields__)
    missing = [name for name in names if name not in values]
    if missing:
        raise CheckpointError(
            f"{source} does not state {', '.join(missing)}: it is no Whisper checkpoint."
        )
    try:
        return ModelDimensions(**{name: values[name] for name in names})  # type: ignore[arg-type]
    except CheckpointError as error:
        raise CheckpointError(f"{source} is not usable: {error}") from error


def hugging_face_dimensions(
    config: Mapping[str, Any], generation: Mapping[str, Any], folder: Path
) -> ModelDimensions:
    """The dimensions that the configs in a folder of Hugging Face's form state.

    Raises:
        CheckpointError: they are those of another architecture, missing or no sensible numbers.
    """
    kind = config.get("model_type", "whisper")
    if kind != "whisper":
        raise CheckpointError(
            f"{folder} holds a {reprlib.repr(kind).strip(chr(39))} model: give one of Whisper's "
            "architecture."
        )
    values = {ours: config[key] for ours, key in DIMENSION_KEYS.items() if key in config}
    missing = sorted({key for key in DIMENSION_KEYS.values() if key not in config})
    if missing:
        raise CheckpointError(
            f"{folder / CONFIG} does not state {', '.join(missing)}: it is no Whisper checkpoint."
        )
    dims = read_dimensions(values, folder / CONFIG)
    # the timestamps are Whisper's last tokens; rows after them are padding or were never trained
    before = generation.get("no_timestamps_token_id")
    last = before + N_TIMESTAMPS if type(before) is int else dims.n_vocab - 1
    return replace(dims, n_vocab=min(dims.n_vocab, last + 1))


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
