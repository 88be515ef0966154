"""A model's dimensions, as the files of a checkpoint state them. This module imports no PyTorch."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from subalign.errors import CheckpointError
from subalign.model.checkpoints.folder import CONFIG
from subalign.model.dimensions import ModelDimensions

__all__ = ["DIMENSION_KEYS", "hugging_face_dimensions", "read_dimensions"]

_TIMESTAMP_TOKENS = 1501
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
        raise CheckpointError(f"{folder} holds a {kind} model: give one of Whisper's architecture.")
    values = {ours: config[key] for ours, key in DIMENSION_KEYS.items() if key in config}
    missing = sorted({key for key in DIMENSION_KEYS.values() if key not in config})
    if missing:
        raise CheckpointError(
            f"{folder / CONFIG} does not state {', '.join(missing)}: it is no Whisper checkpoint."
        )
    dims = read_dimensions(values, folder / CONFIG)
    # the timestamps are Whisper's last tokens; rows after them are padding or were never trained
    before = generation.get("no_timestamps_token_id")
    last = before + _TIMESTAMP_TOKENS if type(before) is int else dims.n_vocab - 1
    return replace(dims, n_vocab=min(dims.n_vocab, last + 1))
