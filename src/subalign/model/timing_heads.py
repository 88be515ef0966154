"""Where a model's heads and their shift come from: which heads time words, and how far they lag.

Method dtw times words by the alignment heads, which OpenAI marked: they follow the speech, but some
look ahead of it and some lag behind. Method viterbi times words by the timing heads, and adds their
`shift`: those of `_KNOWN` or of a checkpoint's config, which `subalign heads find` chose, else the
upper half of the decoder's layers. This module imports no PyTorch.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import MappingProxyType

from subalign.errors import CheckpointError
from subalign.model.config import CONFIG, read_heads, read_json
from subalign.model.dimensions import ModelDimensions
from subalign.model.head_dumps import decode_dump
from subalign.model.registry import (
    EMBEDDED_MODEL,
    OfficialModel,
    canonical_name,
    embedded_folder,
    officials_of_shape,
)

__all__ = [
    "HeadChoice",
    "TimingHeads",
    "choose_heads",
    "heads_by_name",
    "heads_in_config",
    "known_timing_heads",
    "upper_half",
]

# the upper half as a whole puts words so many seconds too early in OpenAI's checkpoints
_UPPER_HALF_SHIFT = 0.020


@dataclass(frozen=True, slots=True)
class TimingHeads:
    """(layer, head) pairs, and the `shift` (lag) in seconds that is added to the times they give.

    Below 0 it moves words to earlier times.
    """

    pairs: tuple[tuple[int, int], ...]
    shift: float = 0.0


# Chosen by `heads find` on examples/talk.mp4 and on synthetic speech of three kinds.
_KNOWN = MappingProxyType(
    {
        "tiny.en": TimingHeads(((2, 1), (3, 1), (3, 3))),
        "base": TimingHeads(((3, 1), (4, 1), (5, 6))),
    }
)


def known_timing_heads(name: str) -> TimingHeads | None:
    """The timing heads of a checkpoint known by name; None where none were chosen for it."""
    if name == EMBEDDED_MODEL:
        path = embedded_folder() / CONFIG
        return _stated_timing(read_json(path), path)
    return _KNOWN.get(canonical_name(name) or "")


def upper_half(n_layers: int, n_heads: int) -> TimingHeads:
    """What is used where no timing heads were chosen: all heads of the upper half's layers."""
    pairs = product(range(n_layers // 2, n_layers), range(n_heads))
    return TimingHeads(tuple(pairs), _UPPER_HALF_SHIFT)


@dataclass(frozen=True, slots=True)
class HeadChoice:
    """Alignment heads and timing heads; None where the upper half of the layers is used.

    `taken_for` is the official model that they were taken from because of its shape alone.
    """

    alignment: tuple[tuple[int, int], ...] | None
    timing: TimingHeads | None
    taken_for: OfficialModel | None = None


def choose_heads(dims: ModelDimensions, stated: Iterable[tuple[int, int]] | None) -> HeadChoice:
    """The heads that a checkpoint states, else those of the official one of its shape.

    Stated heads that the model does not have are passed over: distilled models often keep their
    teacher's list.
    """
    pairs = tuple(sorted(set(stated or ())))
    if pairs and _are_heads_of(dims, pairs):
        return HeadChoice(pairs, _timing_heads_like(dims, pairs))
    same = officials_of_shape(dims)
    if not same:
        return HeadChoice(None, None)
    official = same[-1]
    return HeadChoice(_official_pairs(official), known_timing_heads(official.name), official)


def heads_in_config(config: Mapping[str, object], path: Path, dims: ModelDimensions) -> HeadChoice:
    """The heads that a config of our own form, read from `path`, states.

    Where it states no timing heads, those of the official model that is like it.

    Raises:
        CheckpointError: something else than pairs of the model and a number of seconds is stated.
    """
    pairs, timing = read_heads(config, path), _stated_timing(config, path)
    for key, heads in (("alignment_heads", pairs), ("timing_heads", timing and timing.pairs)):
        if heads is not None and not (heads and _are_heads_of(dims, heads)):
            raise CheckpointError(
                f"{path} states {key} that the model does not have: fetch the checkpoint again."
            )
    alignment = None if pairs is None else tuple(sorted(set(pairs)))
    if timing is None:
        upper = upper_half(dims.n_text_layer, dims.n_text_head)
        timing = _timing_heads_like(dims, alignment or upper.pairs)
    return HeadChoice(alignment, timing)


def _stated_timing(config: Mapping[str, object], path: Path) -> TimingHeads | None:
    pairs = read_heads(config, path, key="timing_heads")
    if pairs is None:
        return None
    shift = config.get("timing_shift", 0.0)
    if isinstance(shift, bool) or not isinstance(shift, int | float) or not abs(shift) <= 1:
        raise CheckpointError(
            f"{path} states a timing_shift that is no number of seconds below 1: fetch the "
            "checkpoint again."
        )
    return TimingHeads(tuple(sorted(set(pairs))), float(shift))


def heads_by_name(official: OfficialModel) -> HeadChoice:
    """The heads of an official checkpoint."""
    return HeadChoice(_official_pairs(official), known_timing_heads(official.name))


def _timing_heads_like(
    dims: ModelDimensions, pairs: tuple[tuple[int, int], ...]
) -> TimingHeads | None:
    """The timing heads of the official checkpoint of this shape with these alignment heads."""
    for official in officials_of_shape(dims):
        if _official_pairs(official) == pairs:
            return known_timing_heads(official.name)
    return None


def _official_pairs(official: OfficialModel) -> tuple[tuple[int, int], ...]:
    dims = official.dims
    return decode_dump(official.alignment_heads, dims.n_text_layer, dims.n_text_head)


def _are_heads_of(dims: ModelDimensions, pairs: Iterable[tuple[int, int]]) -> bool:
    """Whether the model has all of these (layer, head) pairs."""
    return all(
        0 <= layer < dims.n_text_layer and 0 <= head < dims.n_text_head for layer, head in pairs
    )
