"""Checkpoints in Hugging Face's form: official, fine-tuned or distilled, whole or in shards."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from subalign.errors import CheckpointError
from subalign.model.checkpoints.assembly import build_model, mark_heads, official_vocabulary
from subalign.model.checkpoints.folder import weight_files
from subalign.model.checkpoints.tensors import (
    StoredTensor,
    read_pickle,
    stored_in_mapping,
    stored_in_safetensors,
)
from subalign.model.config import (
    CONFIG,
    GENERATION_CONFIG,
    hugging_face_dimensions,
    read_heads,
    read_json,
)
from subalign.model.devices import TensorOptions
from subalign.model.dimensions import ModelDimensions
from subalign.model.registry import OfficialModel
from subalign.model.whisper import Whisper
from subalign.tokenizer.vocabulary import Vocabulary, read_hugging_face

__all__ = ["load_hugging_face_folder"]

_EMBEDDING = "decoder.token_embedding.weight"
_OUTPUT = "proj_out.weight"

_LAYER_KEY = re.compile(r"(encoder|decoder)\.layers\.(\d+)\.(.+)\.(weight|bias)")
_LAYER_PARTS = {
    **{
        f"{theirs}.{projection}": f"{ours}.{name}"
        for theirs, ours in (("self_attn", "attn"), ("encoder_attn", "cross_attn"))
        for projection, name in (
            ("q_proj", "query"),
            ("k_proj", "key"),
            ("v_proj", "value"),
            ("out_proj", "out"),
        )
    },
    "self_attn_layer_norm": "attn_ln",
    "encoder_attn_layer_norm": "cross_attn_ln",
    "fc1": "mlp.0",
    "fc2": "mlp.2",
    "final_layer_norm": "mlp_ln",
}
_OTHER_KEYS = {
    "encoder.embed_positions.weight": "encoder.positional_embedding",
    "encoder.layer_norm.weight": "encoder.ln_post.weight",
    "encoder.layer_norm.bias": "encoder.ln_post.bias",
    "decoder.embed_positions.weight": "decoder.positional_embedding",
    "decoder.embed_tokens.weight": _EMBEDDING,
    "decoder.layer_norm.weight": "decoder.ln.weight",
    "decoder.layer_norm.bias": "decoder.ln.bias",
}


def load_hugging_face_folder(
    folder: Path, target: TensorOptions, *, name: str, official: OfficialModel | None = None
) -> Whisper:
    """The Whisper model in a folder as `transformers` writes it.

    `official` is the model that this is known to be. A folder without a vocabulary is taken to
    use the official one of its size.

    Raises:
        CheckpointError: a file is missing, damaged, or does not fit the others.
    """
    config = read_json(folder / CONFIG)
    path = folder / GENERATION_CONFIG
    generation = read_json(path) if path.is_file() else {}
    dims = hugging_face_dimensions(config, generation, folder)
    stated = read_heads(generation, path)
    stored = _stored(folder, dims)
    multilingual = generation.get("is_multilingual")
    model = build_model(
        dims,
        stored,
        source=folder,
        name=name,
        vocabulary=_vocabulary(folder, dims),
        multilingual=multilingual if isinstance(multilingual, bool) else None,
        target=target,
    )
    mark_heads(model, stated, official=official, source=path)
    return model


def _stored(folder: Path, dims: ModelDimensions) -> dict[str, StoredTensor]:
    """The folder's tensors under OpenAI's names, the embedding cut to the vocabulary."""
    stored: dict[str, StoredTensor] = {}
    for path in weight_files(folder):
        shard = (
            stored_in_safetensors(path)
            if path.suffix == ".safetensors"
            else stored_in_mapping(read_pickle(path), path)
        )
        stored.update({_openai_name(key): tensor for key, tensor in shard.items()})
    _drop_output(stored, folder)
    embedding = stored.get(_EMBEDDING)
    if embedding is not None and len(embedding.shape) == 2 and embedding.shape[0] > dims.n_vocab:
        stored[_EMBEDDING] = replace(
            embedding,
            shape=(dims.n_vocab, embedding.shape[1]),
            read=partial(_first_rows, embedding, dims.n_vocab),
        )
    return stored


def _openai_name(key: str) -> str:
    """OpenAI's name of a tensor; one that is not Whisper's keeps its own."""
    bare = key.removeprefix("model.")
    if bare in _OTHER_KEYS:
        return _OTHER_KEYS[bare]
    layer = _LAYER_KEY.fullmatch(bare)
    if layer is None or layer[3] not in _LAYER_PARTS:
        return bare
    return f"{layer[1]}.blocks.{layer[2]}.{_LAYER_PARTS[layer[3]]}.{layer[4]}"


def _drop_output(stored: dict[str, StoredTensor], folder: Path) -> None:
    """Leave out the output projection, which is the token embedding, stored once more."""
    output = stored.pop(_OUTPUT, None)
    if output is None:
        return
    embedding = stored.setdefault(_EMBEDDING, output)
    if embedding is not output and not torch.equal(embedding.read(), output.read()):
        raise CheckpointError(
            f"{folder} has an output projection of its own, but Whisper's is the token embedding: "
            "this model cannot be used."
        )


def _first_rows(tensor: StoredTensor, rows: int) -> Tensor:
    return tensor.read()[:rows]


def _vocabulary(folder: Path, dims: ModelDimensions) -> Vocabulary:
    if any((folder / name).is_file() for name in ("vocab.json", "tokenizer.json")):
        return read_hugging_face(folder)
    return official_vocabulary(dims, folder)
