"""CTranslate2 folders: the variables of `model.bin`, found without reading their values, and heads.

This module imports no PyTorch. The layout is that of `ModelSpec._serialize` in CTranslate2's
`specs/model_spec.py`: little endian, each variable's description followed by its values.
"""

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from subalign.errors import CheckpointError
from subalign.model.checkpoints.folder import CONFIG, read_heads, read_json
from subalign.model.dimensions import ModelDimensions
from subalign.model.timing_heads import upper_half

__all__ = [
    "MODEL",
    "ModelBin",
    "Variable",
    "read_ctranslate2_dimensions",
    "read_model_bin",
    "stated_heads",
]

MODEL = "model.bin"

_VERSION = 6
_SPEC, _REVISION = "WhisperSpec", 3
# the type's number in the file; bfloat16, which NumPy lacks, as the integers of its bits
_TYPES = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
_NUMPY_TYPES = ("<f4", "i1", "<i2", "<i4", "<f2", "<i2")
# the largest Whisper has 1,300 variables, twice as many with scales
_MOST_VARIABLES = 100_000
_MOST_AXES = 3
_LAYER = re.compile(r"(encoder|decoder)/layer_\d+/self_attention/layer_norm/gamma")


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
        """What the shapes of the variables tell of the model.

        Raises:
            CheckpointError: variables are missing, or do not make a model.
        """
        convolution = self.shape("encoder/conv1/weight")
        heard = self.shape("encoder/position_encodings/encodings")
        embedding = self.shape("decoder/embeddings/weight")
        positions = self.shape("decoder/position_encodings/encodings")
        if [len(convolution), len(heard), len(embedding), len(positions)] != [3, 2, 2, 2]:
            raise CheckpointError(
                f"{self.path} lacks convolutions, positions or embeddings: it is no Whisper "
                "checkpoint."
            )
        try:
            return ModelDimensions(
                n_mels=convolution[1],
                n_audio_ctx=heard[0],
                n_audio_state=heard[1],
                n_audio_head=self.setting("encoder/num_heads") or 0,
                n_audio_layer=self._layers("encoder"),
                n_vocab=embedding[0],
                n_text_ctx=positions[0],
                n_text_state=positions[1],
                n_text_head=self.setting("decoder/num_heads") or 0,
                n_text_layer=self._layers("decoder"),
            )
        except CheckpointError as error:
            raise CheckpointError(f"{self.path} is not usable: {error}") from error

    def _layers(self, part: str) -> int:
        names = (*self.variables, *self.aliases)
        return sum(found[1] == part for found in map(_LAYER.fullmatch, names) if found)


def read_ctranslate2_dimensions(folder: Path) -> ModelDimensions:
    """The dimensions of the model in a CTranslate2 folder.

    Raises:
        CheckpointError: `model.bin` is missing, damaged, or not a Whisper model's.
    """
    return read_model_bin(folder / MODEL).dimensions()


def stated_heads(folder: Path, dims: ModelDimensions) -> list[tuple[int, int]] | None:
    """The alignment heads that a CTranslate2 folder's config states, or None.

    Raises:
        CheckpointError: the config is missing or damaged.
    """
    heads = read_heads(read_json(folder / CONFIG), folder / CONFIG)
    # what the converter writes where the model that it converts states none
    unknown = upper_half(dims.n_text_layer, dims.n_text_head).pairs
    return None if heads is None or tuple(heads) == unknown else heads


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
