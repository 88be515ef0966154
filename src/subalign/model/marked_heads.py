"""Which heads follow the speech in models known by name and in checkpoint folders.

Everything is read from small JSON files, never from the weights. This module imports no PyTorch.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, TypeGuard

from subalign.errors import CheckpointError, UnknownModelError
from subalign.model.checkpoints.folder import (
    CONFIG,
    GENERATION_CONFIG,
    check_format,
    read_heads,
    read_json,
)
from subalign.model.head_dumps import MOST_HEADS, decode_dump, encode_dump, read_dump
from subalign.model.registry import (
    EMBEDDED_MODEL,
    OfficialModel,
    canonical_name,
    embedded_folder,
    official_models,
    unknown_model,
)

__all__ = ["MarkedHeads", "heads_of", "known_heads", "pack_heads"]


@dataclass(frozen=True, slots=True)
class MarkedHeads:
    """A decoder's grid of cross-attention heads and the (layer, head) pairs marked in it.

    `name` is empty where no model is known. `alias_of` is the checkpoint that the name stands for,
    or None. `stated` is False where a checkpoint names no heads of its own, so that the upper half
    of its layers is used.
    """

    name: str
    n_layers: int
    n_heads: int
    pairs: tuple[tuple[int, int], ...]
    dump: str
    alias_of: str | None = None
    stated: bool = True


def known_heads() -> tuple[MarkedHeads, ...]:
    """The heads of every model known by name: the embedded one, then OpenAI's, then aliases."""
    official = (_heads_of_official(model) for model in official_models().values())
    return (heads_of(EMBEDDED_MODEL), *official)


def heads_of(name_or_folder: str) -> MarkedHeads:
    """The heads of an official or embedded model, or those that a checkpoint's folder states.

    Raises:
        UnknownModelError: there is neither such a name nor such a folder.
        CheckpointError: the folder's files are missing, damaged, or contradict each other.
    """
    if name_or_folder == EMBEDDED_MODEL:
        return _heads_of_folder(embedded_folder())
    if canonical_name(name_or_folder) is not None:
        return _heads_of_official(official_models()[name_or_folder])
    if _is_folder(name_or_folder):
        return _heads_of_folder(Path(name_or_folder))
    if not name_or_folder or {"/", os.sep} & set(name_or_folder) or _is_file(name_or_folder):
        raise UnknownModelError(
            f"There is no checkpoint folder at {name_or_folder or 'an empty path'}: give one that "
            "holds config.json, such as `subalign models where` prints, or a name of `subalign "
            "heads list`."
        )
    raise unknown_model(name_or_folder)


def pack_heads(pairs: Iterable[tuple[int, int]], *, n_layers: int, n_heads: int) -> str:
    """The dump of these pairs; for an official checkpoint's pairs it is the official dump.

    Equal heads give equal dumps: the time of packing is the official dump's, or none.

    Raises:
        UsageError: there is no such model, a pair lies outside it, or there is none.
    """
    marked = tuple(sorted(set(pairs)))
    timestamp = _packing_time(marked, n_layers, n_heads)
    return encode_dump(marked, n_layers=n_layers, n_heads=n_heads, timestamp=timestamp)


def _packing_time(pairs: tuple[tuple[int, int], ...], n_layers: int, n_heads: int) -> int:
    for heads in map(_heads_of_official, official_models().values()):
        if (heads.n_layers, heads.n_heads, heads.pairs) == (n_layers, n_heads, pairs):
            return read_dump(heads.dump).timestamp
    return 0


def _heads_of_official(model: OfficialModel) -> MarkedHeads:
    n_layers, n_heads = model.dims.n_text_layer, model.dims.n_text_head
    pairs = decode_dump(model.alignment_heads, n_layers, n_heads)
    return MarkedHeads(
        model.name, n_layers, n_heads, pairs, model.alignment_heads, alias_of=model.alias_of
    )


def _heads_of_folder(folder: Path) -> MarkedHeads:
    path = folder / CONFIG
    config = read_json(path)
    if "format" in config:
        return _heads_of_subalign_folder(config, path)
    return _heads_of_hugging_face_folder(config, path)


def _heads_of_subalign_folder(config: Mapping[str, Any], path: Path) -> MarkedHeads:
    check_format(config, path)
    name, dims = config.get("name", path.parent.resolve().name), config.get("dims")
    if not isinstance(dims, dict) or not isinstance(name, str):
        raise CheckpointError(
            f"{path} lacks dims or a name that is text: fetch the checkpoint again."
        )
    shape = _shape(dims.get("n_text_layer"), dims.get("n_text_head"), path)
    pairs = read_heads(config, path)
    if pairs is not None and not (pairs and _all_inside(pairs, shape)):
        raise CheckpointError(
            f"{path} states alignment_heads that the model does not have: fetch the checkpoint "
            "again."
        )
    return _marked(name, shape, pairs)


def _heads_of_hugging_face_folder(config: Mapping[str, Any], path: Path) -> MarkedHeads:
    kind = config.get("model_type", "whisper")
    if kind != "whisper":
        raise CheckpointError(
            f"{path.parent} holds a {kind} model: give one of Whisper's architecture."
        )
    shape = _shape(config.get("decoder_layers"), config.get("decoder_attention_heads"), path)
    stated = path.with_name(GENERATION_CONFIG)
    pairs = read_heads(read_json(stated), stated) if stated.is_file() else None
    # distilled models often keep their teacher's list
    if not pairs or not _all_inside(pairs, shape):
        pairs = None
    return _marked(path.parent.resolve().name, shape, pairs)


def _marked(
    name: str, shape: tuple[int, int], pairs: Iterable[tuple[int, int]] | None
) -> MarkedHeads:
    n_layers, n_heads = shape
    upper_half = product(range(n_layers // 2, n_layers), range(n_heads))
    marked = tuple(sorted(set(upper_half if pairs is None else pairs)))
    dump = pack_heads(marked, n_layers=n_layers, n_heads=n_heads)
    return MarkedHeads(name, n_layers, n_heads, marked, dump, stated=pairs is not None)


def _all_inside(pairs: Iterable[tuple[int, int]], shape: tuple[int, int]) -> bool:
    return all(0 <= layer < shape[0] and 0 <= head < shape[1] for layer, head in pairs)


def _shape(n_layers: object, n_heads: object, path: Path) -> tuple[int, int]:
    if _is_count(n_layers) and _is_count(n_heads) and n_layers * n_heads <= MOST_HEADS:
        return n_layers, n_heads
    raise CheckpointError(
        f"{path} does not state how many decoder layers and heads there are: it is no Whisper "
        "checkpoint."
    )


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and value >= 1  # not isinstance: True is an int too


def _is_folder(name: str) -> bool:
    with suppress(OSError, ValueError):  # too long for a file name, or with a zero byte
        return bool(name) and Path(name).is_dir()
    return False


def _is_file(name: str) -> bool:
    with suppress(OSError, ValueError):
        return Path(name).is_file()
    return False
