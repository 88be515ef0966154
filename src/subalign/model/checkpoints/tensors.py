"""Weights as they lie in files, read one by one, and whether they are those of a model."""

import pickle
import pickletools
import reprlib
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from subalign.errors import CheckpointError

__all__ = [
    "StoredTensor",
    "check_tensors",
    "read_pickle",
    "stored_in_mapping",
    "stored_in_safetensors",
]

_SAFETENSORS_FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
_TORCH_FLOATS = frozenset({torch.float64, torch.float32, torch.float16, torch.bfloat16})
_NAMED_AT_MOST = 3
# the largest Whisper's header and pickle have 0.2 MiB
_LARGEST_HEADER = 8 << 20
_LARGEST_PICKLE = 4 << 20
# in files of the former form: magic number, protocol, system, content, names of the weights
_N_PICKLES = 5


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor that has not been read yet; `plain` is whether it holds ordinary floats."""

    shape: tuple[int, ...]
    plain: bool
    read: Callable[[], Tensor]


def stored_in_safetensors(path: Path) -> dict[str, StoredTensor]:
    """The tensors of a safetensors file by name; only its header is read.

    Raises:
        CheckpointError: the file cannot be read or is damaged.
    """
    try:
        with path.open("rb") as binary:
            if int.from_bytes(binary.read(8), "little") > _LARGEST_HEADER:
                raise CheckpointError(f"{path} is damaged: fetch the checkpoint again.")
        if not _is_utf8(path):  # which safe_open asks for
            return stored_in_mapping(safetensors.torch.load(path.read_bytes()), path)
        file = safe_open(path, framework="pt")
        stored = {}
        for name in file.keys():  # type: ignore[no-untyped-call]  # noqa: SIM118
            tensor = file.get_slice(name)  # type: ignore[no-untyped-call]
            stored[name] = StoredTensor(
                tuple(tensor.get_shape()),
                tensor.get_dtype() in _SAFETENSORS_FLOATS,
                partial(_read_safetensor, path, name),
            )
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} cannot be read as safetensors ({error}): fetch the checkpoint again."
        ) from error
    return stored


def read_pickle(path: Path) -> object:
    """What a file of `torch.save` holds; anything but plain data is refused, never run.

    Weights stay in the file until they are used, if it is of the present (zip) form.

    Raises:
        CheckpointError: the file cannot be read, is damaged, or holds more than plain data.
    """
    try:
        _check_archive(path)
        # mapping takes the path as UTF-8; reading takes any path
        mapped = zipfile.is_zipfile(path) and _is_utf8(path)
        with path.open("rb") as file:
            source = str(path) if mapped else file
            return torch.load(source, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} was refused: it holds something other than plain weights, and reading that "
            "could run a stranger's code; use a checkpoint in safetensors form."
        ) from error
    except CheckpointError:
        raise
    # damage shows in errors of every kind
    except Exception as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise CheckpointError(
            f"{path} cannot be read ({reason}), so it is damaged: fetch the checkpoint again."
        ) from error


def stored_in_mapping(weights: object, path: Path) -> dict[str, StoredTensor]:
    """The tensors of a state dictionary that was read from `path`.

    Raises:
        CheckpointError: it is not a mapping of names to tensors.
    """
    if not isinstance(weights, Mapping):
        raise CheckpointError(f"{path} holds no weights by name: it is no Whisper checkpoint.")
    stored = {}
    for name, value in weights.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise CheckpointError(
                f"{path} holds {reprlib.repr(name)}, which is no weight: it is damaged."
            )
        plain = value.dtype in _TORCH_FLOATS and value.layout == torch.strided and value.is_cpu
        if plain and value.nbytes > value.untyped_storage().nbytes():
            raise CheckpointError(f"{path} holds more of {name} than its bytes: it is damaged.")
        stored[name] = StoredTensor(tuple(value.shape), plain, partial(_itself, value))
    return stored


def check_tensors(
    stored: Mapping[str, StoredTensor],
    expected: Mapping[str, tuple[int, ...]],
    *,
    optional: Collection[str] = (),
    source: Path,
) -> None:
    """See that a checkpoint has just the tensors that a model of its dimensions needs.

    Raises:
        CheckpointError: some are missing, some are too many, or some have another shape or type.
    """
    missing = [name for name in expected if name not in stored and name not in optional]
    extra = [name for name in stored if name not in expected]
    common = [name for name in expected if name in stored]
    misshapen = [
        f"{name} ({_shape(stored[name].shape)} instead of {_shape(expected[name])})"
        for name in common
        if stored[name].shape != expected[name]
    ]
    coded = [name for name in common if not stored[name].plain]
    faults = (
        ("is missing", missing),
        ("has the unknown", extra),
        ("has the misshapen", misshapen),
        ("has the quantised", coded),
    )
    found = [f"{verb} {_tensors(names)}" for verb, names in faults if names]
    if found:
        raise CheckpointError(
            f"{source} {' and '.join(found)}: it is no Whisper checkpoint of its stated "
            "dimensions, or it is damaged; fetch it again or convert it anew."
        )


def _check_archive(path: Path) -> None:
    """Refuse what `torch.save` never writes: packed parts, and pickles that are far too large."""
    if not zipfile.is_zipfile(path):
        _check_pickles(path)
        return
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            too_large = member.filename.endswith(".pkl") and member.file_size > _LARGEST_PICKLE
            if too_large or member.compress_type != zipfile.ZIP_STORED:
                raise CheckpointError(
                    f"{path} was refused: its part {reprlib.repr(member.filename)} is packed or "
                    "far larger than a Whisper model's; use a checkpoint in safetensors form."
                )


def _check_pickles(path: Path) -> None:
    """The same for a file of the former form, whose pickles stand before the weights."""
    with path.open("rb") as file:
        limited = _Limited(file, path)
        for _ in range(_N_PICKLES):
            try:
                for _ in pickletools.genops(limited):  # type: ignore[arg-type]
                    pass
            except ValueError:
                return  # whoever reads it says what is wrong


@dataclass(slots=True)
class _Limited:
    """A file of which only so many bytes are read as are allowed for pickles."""

    file: BinaryIO
    path: Path
    left: int = _LARGEST_PICKLE

    def read(self, size: int) -> bytes:
        self._count(size)
        return self.file.read(size)

    def readline(self) -> bytes:
        line = self.file.readline(self.left + 1)
        self._count(len(line))
        return line

    def _count(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise CheckpointError(
                f"{self.path} was refused: what stands before its weights is far larger than in a "
                "Whisper model; use a checkpoint in safetensors form."
            )


def _read_safetensor(path: Path, name: str) -> Tensor:
    # opened anew for each: what was mapped for one tensor then leaves memory with it
    with safe_open(path, framework="pt") as file:
        return file.get_tensor(name)  # type: ignore[no-any-return]


def _tensors(names: Iterable[str]) -> str:
    named = list(names)
    word = "tensor" if len(named) == 1 else "tensors"
    rest = len(named) - _NAMED_AT_MOST
    listed = ", ".join(repr(name)[1:61].removesuffix("'") for name in named[:_NAMED_AT_MOST])
    return f"{word} {listed} and {rest} more" if rest > 0 else f"{word} {listed}"


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _itself(tensor: Tensor) -> Tensor:
    return tensor
