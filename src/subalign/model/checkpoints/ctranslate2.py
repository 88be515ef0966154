"""Checkpoints in CTranslate2's form, as faster-whisper uses them: floats or scaled integers.

The layout of `model.bin` is that of `ModelSpec._serialize` in CTranslate2's `specs/model_spec.py`:
little endian, each variable's description followed by its values. PyTorch is imported only where
weights are read.
"""

import math
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from subalign.errors import CheckpointError
from subalign.model.checkpoints.folder import MODEL_BIN
from subalign.model.config import CONFIG, read_heads, read_json
from subalign.model.dimensions import ModelDimensions
from subalign.model.registry import OfficialModel
from subalign.model.timing_heads import upper_half
from subalign.tokenizer.vocabulary import Vocabulary, read_ctranslate2, read_hugging_face

if TYPE_CHECKING:
    from torch import Tensor

    from subalign.model.checkpoints.tensors import StoredTensor
    from subalign.model.devices import TensorOptions
    from subalign.model.whisper import Whisper

__all__ = [
    "ModelBin",
    "Variable",
    "load_ctranslate2_folder",
    "read_ctranslate2_dimensions",
    "read_model_bin",
    "stated_heads",
]

_VERSION = 6
_SPEC, _REVISION = "WhisperSpec", 3
# the type's number in the file; bfloat16, which NumPy lacks, as the integers of its bits
_TYPES = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
_NUMPY_TYPES = ("<f4", "i1", "<i2", "<i4", "<f2", "<i2")
# the largest Whisper has 1,300 variables, twice as many with scales
_MOST_VARIABLES = 100_000
_MOST_AXES = 3
_LAYER = re.compile(r"(encoder|decoder)/layer_\d+/self_attention/layer_norm/gamma")

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


@dataclass(frozen=True, slots=True)
class Variable:
    """Where in the file a tensor lies; `kind` is its number type as CTranslate2 calls it."""

    shape: tuple[int, ...]
    kind: str
    offset: int


@dataclass(frozen=True, slots=True)
class ModelBin:
    """The variables of a `model.bin` by name, and further names that stand for one of them."""

    path: Path
    variables: Mapping[str, Variable]
    aliases: Mapping[str, str]

    def shape(self, name: str) -> tuple[int, ...]:
        """A variable's shape; empty where there is no such variable."""
        variable = self.variables.get(self.aliases.get(name, name))
        return () if variable is None else variable.shape

    def values(self, name: str) -> np.ndarray:
        """A variable's values as they lie in the file, mapped, not read; bfloat16 as int16."""
        variable = self.variables[name]
        dtype = np.dtype(_NUMPY_TYPES[_TYPES.index(variable.kind)])
        try:
            # copy on write: PyTorch wants arrays that could be written to
            flat = np.memmap(
                self.path, dtype, "c", variable.offset, shape=(math.prod(variable.shape),)
            )
        except (OSError, ValueError) as error:
            raise CheckpointError(
                f"{self.path} cannot be read ({error}): fetch the checkpoint again."
            ) from error
        return np.asarray(flat).reshape(variable.shape)

    def setting(self, name: str) -> int | None:
        """The whole number of that name, or None where there is no such number."""
        variable = self.variables.get(name)
        if variable is None or variable.shape or not variable.kind.startswith("int"):
            return None
        return int(self.values(name))

    def dimensions(self) -> ModelDimensions:
        """The model's dimensions, by the shapes of its variables.

        Raises:
            CheckpointError: variables are missing, or do not make a model.
        """
        convolution = self.shape("encoder/conv1/weight")
        audio_positions = self.shape("encoder/position_encodings/encodings")
        embedding = self.shape("decoder/embeddings/weight")
        text_positions = self.shape("decoder/position_encodings/encodings")
        shapes = (convolution, audio_positions, embedding, text_positions)
        if list(map(len, shapes)) != [3, 2, 2, 2]:
            raise CheckpointError(
                f"{self.path} lacks convolutions, positions or embeddings: it is no Whisper "
                "checkpoint."
            )
        try:
            return ModelDimensions(
                n_mels=convolution[1],
                n_audio_ctx=audio_positions[0],
                n_audio_state=audio_positions[1],
                n_audio_head=self.setting("encoder/num_heads") or 0,
                n_audio_layer=self._layers("encoder"),
                n_vocab=embedding[0],
                n_text_ctx=text_positions[0],
                n_text_state=text_positions[1],
                n_text_head=self.setting("decoder/num_heads") or 0,
                n_text_layer=self._layers("decoder"),
            )
        except CheckpointError as error:
            raise CheckpointError(f"{self.path} is not usable: {error}") from error

    def _layers(self, part: str) -> int:
        names = (*self.variables, *self.aliases)
        return sum(found[1] == part for found in map(_LAYER.fullmatch, names) if found)


def load_ctranslate2_folder(
    folder: Path,
    target: "TensorOptions",
    *,
    name: str,
    official: OfficialModel | None = None,
) -> "Whisper":
    """The Whisper model in a folder as `ct2-transformers-converter` writes it.

    `official` is the model that this is known to be. A folder without a vocabulary is taken to
    use the official one of its size.

    Raises:
        CheckpointError: a file is missing, damaged, or does not fit the others.
    """
    from subalign.model.checkpoints.assembly import build_model, mark_heads

    file = read_model_bin(folder / MODEL_BIN)
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
        target=target,
    )
    mark_heads(model, stated, official=official, source=folder / CONFIG)
    return model


def read_ctranslate2_dimensions(folder: Path) -> ModelDimensions:
    """The dimensions of the model in a CTranslate2 folder.

    Raises:
        CheckpointError: `model.bin` is missing, damaged, or not a Whisper model's.
    """
    return read_model_bin(folder / MODEL_BIN).dimensions()


def stated_heads(folder: Path, dims: ModelDimensions) -> list[tuple[int, int]] | None:
    """The alignment heads that a CTranslate2 folder's config states, or None.

    Raises:
        CheckpointError: the config is missing or damaged.
    """
    heads = read_heads(read_json(folder / CONFIG), folder / CONFIG)
    # what the converter writes where the model that it converts states none
    unknown = upper_half(dims.n_text_layer, dims.n_text_head).pairs
    return None if heads is None or tuple(heads) == unknown else heads


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


def _stored(file: ModelBin) -> Iterator[tuple[str, "StoredTensor"]]:
    """The file's tensors under OpenAI's names; those that are not Whisper's keep their own."""
    for name, variable in file.variables.items():
        is_setting = not variable.shape and variable.kind.startswith("int")
        is_scale = name.endswith(_SCALE) and name.removesuffix(_SCALE) in file.variables
        if not is_setting and not is_scale:
            yield from _parts(file, name, name)
    for name, variable_name in file.aliases.items():
        if name != _OUTPUT:
            yield from _parts(file, name, variable_name)


def _parts(file: ModelBin, name: str, variable_name: str) -> Iterator[tuple[str, "StoredTensor"]]:
    from subalign.model.checkpoints.tensors import StoredTensor

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


def _read(file: ModelBin, name: str, rows: slice) -> "Tensor":
    values = _tensor(file, name)[rows]
    if name + _SCALE not in file.variables:
        return values
    scale = _tensor(file, name + _SCALE)
    if scale.numel() > 1:  # one for each row
        scale = scale[rows].reshape(-1, *(1 for _ in values.shape[1:]))
    return values / scale


def _tensor(file: ModelBin, name: str) -> "Tensor":
    import torch

    values = torch.from_numpy(file.values(name))
    return values.view(torch.bfloat16) if file.variables[name].kind == "bfloat16" else values


def _vocabulary(folder: Path, dims: ModelDimensions) -> Vocabulary:
    # tokenizer.json states the rank of each token; in the others it is the token's line
    if (folder / "tokenizer.json").is_file():
        return read_hugging_face(folder / "tokenizer.json")
    for name in ("vocabulary.json", "vocabulary.txt"):
        if (folder / name).is_file():
            return read_ctranslate2(folder / name)
    from subalign.model.checkpoints.assembly import official_vocabulary

    return official_vocabulary(dims, folder)


def read_model_bin(path: Path) -> ModelBin:
    """The variables of a CTranslate2 Whisper model; their values stay in the file.

    Raises:
        CheckpointError: the file is missing, damaged, of another version or architecture.
    """
    try:
        with path.open("rb") as file:
            reader = _Reader(file, path, path.stat().st_size)
            _check_kind(reader)
            variables = {}
            for _ in range(reader.count()):
                name = reader.text()
                variables[name] = reader.variable()
            aliases = {}
            for _ in range(reader.count()):
                name = reader.text()
                aliases[name] = reader.text()
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read ({error.strerror}): check that it is there and its permissions."
        ) from error
    if not set(aliases.values()) <= set(variables):
        raise _damaged(path)
    return ModelBin(path, variables, aliases)


class _Reader:
    """The numbers and texts of a file one after another; whatever leads past its end is damage."""

    def __init__(self, file: BinaryIO, path: Path, size: int) -> None:
        self.file, self.path, self.size = file, path, size

    def number(self, form: str) -> int:
        packed = struct.Struct(f"<{form}")
        return int(packed.unpack(self._bytes(packed.size))[0])

    def count(self) -> int:
        count = self.number("I")
        if count > _MOST_VARIABLES:
            raise _damaged(self.path)
        return count

    def text(self) -> str:
        content = self._bytes(self.number("H"))
        try:
            return content.removesuffix(b"\0").decode()
        except UnicodeDecodeError as error:
            raise _damaged(self.path) from error

    def variable(self) -> Variable:
        """The description of a variable; its values are passed over."""
        axes = self.number("B")
        if axes > _MOST_AXES:
            raise _damaged(self.path)
        shape = tuple(self.number("I") for _ in range(axes))
        kind, size, offset = self.number("B"), self.number("I"), self.file.tell()
        if (
            kind >= len(_TYPES)
            or 0 in shape
            or math.prod(shape) * np.dtype(_NUMPY_TYPES[kind]).itemsize != size
            or offset + size > self.size
        ):
            raise _damaged(self.path)
        self.file.seek(size, 1)
        return Variable(shape, _TYPES[kind], offset)

    def _bytes(self, count: int) -> bytes:
        content = self.file.read(count)
        if len(content) < count:
            raise _damaged(self.path)
        return content


def _check_kind(reader: _Reader) -> None:
    version = reader.number("I")
    if version != _VERSION:
        raise CheckpointError(
            f"{reader.path} is no CTranslate2 model of version {_VERSION}, the one that is read: "
            "fetch the checkpoint again, or convert it with a current ct2-transformers-converter."
        )
    spec, revision = reader.text(), reader.number("I")
    if spec != _SPEC:
        raise CheckpointError(
            f"{reader.path} holds another architecture ({spec[:40]!r}): give one of Whisper's."
        )
    if revision != _REVISION:
        raise CheckpointError(
            f"{reader.path} is of revision {revision} of {_SPEC}, but {_REVISION} is the one that "
            "is read: convert the checkpoint with a current ct2-transformers-converter."
        )


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(f"{path} is damaged or was cut off: fetch the checkpoint again.")
