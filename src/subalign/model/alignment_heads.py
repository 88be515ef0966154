"""Which heads follow the speech in models known by name and in checkpoint folders.

Everything is read from small JSON files, never from the weights. This module imports no PyTorch.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from subalign.errors import CheckpointError, UnknownModelError
from subalign.model.checkpoints.folder import MODEL_BIN, kind_of
from subalign.model.config import (
    CONFIG,
    GENERATION_CONFIG,
    check_format,
    hugging_face_dimensions,
    read_dimensions,
    read_heads,
    read_json,
)
from subalign.model.dimensions import ModelDimensions
from subalign.model.head_dumps import MOST_HEADS, decode_dump, encode_dump, read_dump
from subalign.model.registry import (
    EMBEDDED_MODEL,
    OfficialModel,
    canonical_name,
    embedded_folder,
    official_models,
    unknown_model,
)
from subalign.model.timing_heads import (
    HeadChoice,
    TimingHeads,
    choose_heads,
    known_timing_heads,
    read_timing_heads,
    timing_heads_like,
    upper_half,
)

__all__ = ["MarkedHeads", "heads_of", "known_heads", "pack_heads"]


@dataclass(frozen=True, slots=True)
class MarkedHeads:
    """A decoder's grid of cross-attention heads and the (layer, head) pairs marked in it.

    `pairs` are the alignment heads, and `timing` the timing heads, None where only a dump is known.
    `name` is empty where no model is known. `alias_of` is the checkpoint that the name stands for,
    or None. `stated` and `timing_stated` are False where nothing names the one or the other, so
    that the upper half of the layers is used. `taken_for` is the official model of the same shape
    that lends a checkpoint without heads of its own its heads, or None.
    """

    name: str
    n_layers: int
    n_heads: int
    pairs: tuple[tuple[int, int], ...]
    dump: str
    timing: TimingHeads | None = None
    alias_of: str | None = None
    stated: bool = True
    timing_stated: bool = True
    taken_for: str | None = None


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
    shape = model.dims.n_text_layer, model.dims.n_text_head
    timing = known_timing_heads(model.name)
    return MarkedHeads(
        model.name,
        *shape,
        decode_dump(model.alignment_heads, *shape),
        model.alignment_heads,
        timing or upper_half(*shape),
        alias_of=model.alias_of,
        timing_stated=timing is not None,
    )


def _heads_of_folder(folder: Path) -> MarkedHeads:
    if (folder / CONFIG).is_file() and "format" in read_json(folder / CONFIG):
        return _heads_of_subalign_folder(folder / CONFIG)
    name = folder.resolve().name
    if (folder / MODEL_BIN).is_file() and kind_of(folder) == "CTranslate2":
        # NumPy comes with it
        from subalign.model.checkpoints.ctranslate2 import read_ctranslate2_dimensions, stated_heads

        dims = read_ctranslate2_dimensions(folder)
        return _marked(name, dims, choose_heads(dims, stated_heads(folder, dims)))
    dims, stated = _hugging_face_facts(folder)
    return _marked(name, dims, choose_heads(dims, stated))


def _heads_of_subalign_folder(path: Path) -> MarkedHeads:
    config = read_json(path)
    check_format(config, path)
    name, stated = config.get("name", path.parent.resolve().name), config.get("dims")
    if not isinstance(stated, dict) or not isinstance(name, str):
        raise CheckpointError(
            f"{path} lacks dims or a name that is text: fetch the checkpoint again."
        )
    shape = _shape(stated.get("n_text_layer"), stated.get("n_text_head"), path)
    dims = read_dimensions(stated, path)
    pairs, timing = read_heads(config, path), read_timing_heads(config, path)
    for key, heads in (("alignment_heads", pairs), ("timing_heads", timing and timing.pairs)):
        if heads is not None and not (heads and _all_inside(heads, shape)):
            raise CheckpointError(
                f"{path} states {key} that the model does not have: fetch the checkpoint again."
            )
    alignment = None if pairs is None else tuple(sorted(set(pairs)))
    if timing is None:
        timing = timing_heads_like(dims, alignment or upper_half(*shape).pairs)
    return _marked(name, dims, HeadChoice(alignment, timing))


def _hugging_face_facts(folder: Path) -> tuple[ModelDimensions, list[tuple[int, int]] | None]:
    """The dimensions, and the alignment heads that are stated."""
    path, stated = folder / CONFIG, folder / GENERATION_CONFIG
    config = read_json(path)
    generation = read_json(stated) if stated.is_file() else {}
    dims = hugging_face_dimensions(config, generation, folder)
    _shape(dims.n_text_layer, dims.n_text_head, path)
    return dims, read_heads(generation, stated)


def _marked(name: str, dims: ModelDimensions, choice: HeadChoice) -> MarkedHeads:
    shape = dims.n_text_layer, dims.n_text_head
    upper = upper_half(*shape)
    pairs = choice.alignment or upper.pairs
    return MarkedHeads(
        name,
        *shape,
        pairs,
        pack_heads(pairs, n_layers=shape[0], n_heads=shape[1]),
        choice.timing or upper,
        stated=choice.alignment is not None,
        timing_stated=choice.timing is not None,
        taken_for=choice.taken_for.name if choice.taken_for is not None else None,
    )


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
