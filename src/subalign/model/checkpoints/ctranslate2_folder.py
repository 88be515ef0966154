"""Checkpoints in CTranslate2's form, as faster-whisper uses them: floats or scaled integers."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from subalign.errors import CheckpointError
from subalign.model.checkpoints.assembly import build_model, mark_heads
from subalign.model.checkpoints.ctranslate2 import MODEL, ModelBin, read_model_bin, stated_heads
from subalign.model.checkpoints.folder import CONFIG
from subalign.model.checkpoints.tensors import StoredTensor
from subalign.model.checkpoints.vocabularies import official_vocabulary
from subalign.model.devices import Placement
from subalign.model.dimensions import ModelDimensions
from subalign.model.registry import OfficialModel
from subalign.model.whisper import Whisper
from subalign.vocabulary import Vocabulary, read_ctranslate2, read_hugging_face

__all__ = ["load_ctranslate2_folder"]

_SCALE = "_scale"
_OUTPUT = "decoder/projection/weight"
# what the converter sets for every Whisper model; 3 is GELU
_SETTINGS = {
    "decoder/activation": 3,
    "decoder/pre_norm": 1,
    "decoder/scale_embeddings": 0,
    "decoder/alibi": 0,
    "decoder/start_from_zero_embedding": 0,
}
_NAME = re.compile(
    r"(encoder|decoder)/(?:layer_(\d+)/)?(.+)/(weight|bias|gamma|beta|encodings)", re.ASCII
)
_KINDS = {"gamma": "weight", "beta": "bias"}
# several of ours lie in one of theirs, row under row
_LAYER_PARTS = {
    "self_attention/layer_norm": ("attn_ln",),
    "self_attention/linear_0": ("attn.query", "attn.key", "attn.value"),
    "self_attention/linear_1": ("attn.out",),
    "attention/layer_norm": ("cross_attn_ln",),
    "attention/linear_0": ("cross_attn.query",),
    "attention/linear_1": ("cross_attn.key", "cross_attn.value"),
    "attention/linear_2": ("cross_attn.out",),
    "ffn/layer_norm": ("mlp_ln",),
    "ffn/linear_0": ("mlp.0",),
    "ffn/linear_1": ("mlp.2",),
}
_OTHER_NAMES = {
    "encoder/layer_norm": "encoder.ln_post",
    "decoder/layer_norm": "decoder.ln",
    "decoder/embeddings": "decoder.token_embedding",
}


def load_ctranslate2_folder(
    folder: Path, placement: Placement, *, name: str, official: OfficialModel | None = None
) -> Whisper:
    """The Whisper model in a folder as `ct2-transformers-converter` writes it.

    `official` is the model that this is known to be. A folder without a vocabulary is taken to
    use the official one of its size.

    Raises:
        CheckpointError: a file is missing, damaged, or does not fit the others.
    """
    file = read_model_bin(folder / MODEL)
    _check_settings(file)
    dims = file.dimensions()
    stated = stated_heads(folder, dims)
    model = build_model(
        dims,
        dict(_stored(file)),
        source=folder,
        name=name,
        vocabulary=_vocabulary(folder, dims),
        multilingual=None,
        placement=placement,
    )
    mark_heads(model, stated, official=official, source=folder / CONFIG)
    return model


def _check_settings(file: ModelBin) -> None:
    for name, expected in _SETTINGS.items():
        value = file.setting(name)
        if value not in (None, expected):
            raise CheckpointError(
                f"{file.path} sets {name} to {value}, as no Whisper model does: give one of "
                "Whisper's architecture."
            )
    if _OUTPUT in file.variables:
        raise CheckpointError(
            f"{file.path} has an output projection of its own, but Whisper's is the token "
            "embedding: this model cannot be used."
        )


def _stored(file: ModelBin) -> Iterator[tuple[str, StoredTensor]]:
    """The file's tensors under OpenAI's names; those that are not Whisper's keep their own."""
    for name, variable in file.variables.items():
        is_setting = not variable.shape and variable.kind.startswith("int")
        is_scale = name.endswith(_SCALE) and name.removesuffix(_SCALE) in file.variables
        if not is_setting and not is_scale:
            yield from _parts(file, name, name)
    for name, variable_name in file.aliases.items():
        if name != _OUTPUT:
            yield from _parts(file, name, variable_name)


def _parts(file: ModelBin, name: str, variable_name: str) -> Iterator[tuple[str, StoredTensor]]:
    ours = _openai_names(name)
    shape = file.variables[variable_name].shape
    if len(ours) > 1 and shape and shape[0] % len(ours) == 0:
        shape = (shape[0] // len(ours), *shape[1:])
    for part, our_name in enumerate(ours):
        rows = slice(part * shape[0], (part + 1) * shape[0]) if len(ours) > 1 else slice(None)
        tensor = StoredTensor(
            shape, _is_plain(file, variable_name), partial(_read, file, variable_name, rows)
        )
        if not our_name.endswith("key.bias"):
            yield our_name, tensor
        elif tensor.plain and tensor.read().any():
            raise CheckpointError(
                f"{file.path} has a bias on the keys of its attention ({name}), which Whisper has "
                "not: this model cannot be used."
            )


def _openai_names(name: str) -> tuple[str, ...]:
    found = _NAME.fullmatch(name)
    if found is None:
        return (name,)
    side, layer, part, kind = found.groups()
    if kind == "encodings":
        return (f"{side}.positional_embedding",) if part == "position_encodings" else (name,)
    kind = _KINDS.get(kind, kind)
    if layer is not None:
        blocks = f"{side}.blocks.{layer}"
        return tuple(f"{blocks}.{ours}.{kind}" for ours in _LAYER_PARTS.get(part, (part,)))
    return (f"{_OTHER_NAMES.get(f'{side}/{part}', f'{side}.{part}')}.{kind}",)


def _is_plain(file: ModelBin, name: str) -> bool:
    """Whether a variable holds floats, or integers that their scales turn into floats."""
    variable, scale = file.variables[name], file.variables.get(name + _SCALE)
    if "float" in variable.kind:
        return scale is None
    return (
        scale is not None
        and scale.kind == "float32"
        and scale.shape in ((), (1,), variable.shape[:1])
        and bool(variable.shape)
    )


def _read(file: ModelBin, name: str, rows: slice) -> Tensor:
    values = _tensor(file, name)[rows]
    if name + _SCALE not in file.variables:
        return values
    scale = _tensor(file, name + _SCALE)
    if scale.numel() > 1:  # one for each row
        scale = scale[rows].reshape(-1, *(1 for _ in values.shape[1:]))
    return values / scale


def _tensor(file: ModelBin, name: str) -> Tensor:
    values = torch.from_numpy(file.values(name))
    return values.view(torch.bfloat16) if file.variables[name].kind == "bfloat16" else values


def _vocabulary(folder: Path, dims: ModelDimensions) -> Vocabulary:
    # it says which rank each token has; the others count
    if (folder / "tokenizer.json").is_file():
        return read_hugging_face(folder / "tokenizer.json")
    for name in ("vocabulary.json", "vocabulary.txt"):
        if (folder / name).is_file():
            return read_ctranslate2(folder / name)
    return official_vocabulary(dims, folder)
