"""Alignment and timing heads of models known by name, of checkpoint folders and of dumps.

Everything is read from small JSON files, never from the weights. Which heads a model gets, and
their shift, is decided in `timing_heads`. This module imports no PyTorch.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from subalign.errors import CheckpointError, UnknownModelError, UsageError
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
from subalign.model.head_dumps import DUMP_START, decode_dump, encode_dump, read_dump
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
    heads_in_config,
    known_timing_heads,
    upper_half,
)

__all__ = ["ModelHeads", "dump_shape", "heads_of", "known_heads", "pack_heads"]

# base85 has neither points nor separators, so that a path can always be told from a dump
_NOT_IN_DUMPS = re.compile(r"[./\\]")


@dataclass(frozen=True, slots=True)
class ModelHeads:
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


def known_heads() -> tuple[ModelHeads, ...]:
    """The heads of every model known by name: the embedded one, then OpenAI's, then aliases."""
    official = (_heads_of_official(model) for model in official_models().values())
    return (heads_of(EMBEDDED_MODEL), *official)


def heads_of(source: str, *, layers: int | None = None, heads: int | None = None) -> ModelHeads:
    """The heads of an official or embedded model, of a checkpoint's folder, or of a dump.

    `layers`, and `heads` in each, are those of a dump, as far as they are known: `dump_shape`.

    Raises:
        UnknownModelError: there is neither such a name nor such a folder.
        CheckpointError: the dump, or the folder's files, are missing, damaged, or contradict each
            other.
        UsageError: `layers` and `heads` do not fit the dump, are missing, or are for no dump.
    """
    if source.startswith(DUMP_START) and not _NOT_IN_DUMPS.search(source):
        shapes = ((known.n_layers, known.n_heads) for known in known_heads())
        shape = dump_shape(len(read_dump(source)), shapes, layers=layers, heads=heads)
        return ModelHeads("", *shape, decode_dump(source, *shape), source)
    if layers is not None or heads is not None:
        raise UsageError(
            f"`layers` and `heads` belong to a dump, but {source} is none: leave them out."
        )
    if source == EMBEDDED_MODEL:
        return _heads_of_folder(embedded_folder())
    if canonical_name(source) is not None:
        return _heads_of_official(official_models()[source])
    # a name that is too long, or has a zero byte, is an error for pathlib
    if os.path.isdir(source):  # noqa: PTH112
        return _heads_of_folder(Path(source))
    if not source or {"/", os.sep} & set(source) or os.path.isfile(source):  # noqa: PTH113
        raise UnknownModelError(
            f"There is no checkpoint folder at {source or 'an empty path'}: give one that "
            "holds config.json, such as `subalign models where` prints, or a name of `subalign "
            "heads list`."
        )
    raise unknown_model(source)


def dump_shape(
    size: int,
    known: Iterable[tuple[int, int]],
    *,
    layers: int | None = None,
    heads: int | None = None,
) -> tuple[int, int]:
    """Layers, and heads in each, of a dump for `size` heads.

    One number gives the other; without both, the only one of the `known` shapes that fits is taken.

    Raises:
        UsageError: the numbers do not fit, or no shape or more than one does.
    """
    if layers is None and heads is None:
        fitting = sorted({shape for shape in known if shape[0] * shape[1] == size})
        if len(fitting) == 1:
            return fitting[0]
        found = " and ".join(f"{n_layers} x {n_heads}" for n_layers, n_heads in fitting)
        which = f"may be {found}" if found else "no known model has"
        raise UsageError(f"The dump is for {size} heads, which {which}: give `layers` and `heads`.")
    n_layers = size // (heads or 1) if layers is None else layers
    n_heads = size // n_layers if heads is None and n_layers else heads or 0
    if n_layers * n_heads != size:
        raise UsageError(
            f"The dump is for {size} heads: `layers` times `heads` must give that number."
        )
    return n_layers, n_heads


def pack_heads(pairs: Iterable[tuple[int, int]], *, n_layers: int, n_heads: int) -> str:
    """The dump of these pairs; for an official checkpoint's pairs it is the official dump.

    Raises:
        UsageError: there is no such model, a pair lies outside it, or there is none.
    """
    marked = tuple(sorted(set(pairs)))
    for official in map(_heads_of_official, official_models().values()):
        if (official.n_layers, official.n_heads, official.pairs) == (n_layers, n_heads, marked):
            return official.dump
    return encode_dump(marked, n_layers=n_layers, n_heads=n_heads)


def _heads_of_official(model: OfficialModel) -> ModelHeads:
    shape = model.dims.n_text_layer, model.dims.n_text_head
    timing = known_timing_heads(model.name)
    return ModelHeads(
        model.name,
        *shape,
        decode_dump(model.alignment_heads, *shape),
        model.alignment_heads,
        timing or upper_half(*shape),
        alias_of=model.alias_of,
        timing_stated=timing is not None,
    )


def _heads_of_folder(folder: Path) -> ModelHeads:
    name, path, generation = folder.resolve().name, folder / CONFIG, folder / GENERATION_CONFIG
    if path.is_file() and "format" in read_json(path):
        name, dims, choice = _stated_in_subalign_folder(path, name)
    elif (folder / MODEL_BIN).is_file() and kind_of(folder) == "CTranslate2":
        # NumPy comes with it
        from subalign.model.checkpoints.ctranslate2 import read_ctranslate2_dimensions, stated_heads

        dims = read_ctranslate2_dimensions(folder)
        choice = choose_heads(dims, stated_heads(folder, dims))
    else:
        facts = read_json(generation) if generation.is_file() else {}
        dims = hugging_face_dimensions(read_json(path), facts, folder)
        choice = choose_heads(dims, read_heads(facts, generation))
    shape = dims.n_text_layer, dims.n_text_head
    upper = upper_half(*shape)
    pairs = choice.alignment or upper.pairs
    return ModelHeads(
        name,
        *shape,
        pairs,
        pack_heads(pairs, n_layers=shape[0], n_heads=shape[1]),
        choice.timing or upper,
        stated=choice.alignment is not None,
        timing_stated=choice.timing is not None,
        taken_for=choice.taken_for.name if choice.taken_for is not None else None,
    )


def _stated_in_subalign_folder(path: Path, name: str) -> tuple[str, ModelDimensions, HeadChoice]:
    """What the config of our own form says; `name` is the model's where it says none."""
    config = read_json(path)
    check_format(config, path)
    stated_name, sizes = config.get("name", name), config.get("dims")
    if not isinstance(sizes, dict) or not isinstance(stated_name, str):
        raise CheckpointError(
            f"{path} lacks dims or a name that is text: fetch the checkpoint again."
        )
    dims = read_dimensions(sizes, path)
    return stated_name, dims, heads_in_config(config, path, dims)
