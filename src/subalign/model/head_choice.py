"""Which heads a checkpoint gets that is not loaded by name, so that they are the same as by name.

This module imports no PyTorch.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from subalign.model.dimensions import ModelDimensions
from subalign.model.head_dumps import decode_dump
from subalign.model.registry import OfficialModel, official_by_shape, official_models
from subalign.model.timing_heads import TimingHeads, known_timing_heads

__all__ = ["HeadChoice", "choose_heads", "heads_by_name", "timing_heads_like"]


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
    if pairs and all(
        0 <= layer < dims.n_text_layer and 0 <= head < dims.n_text_head for layer, head in pairs
    ):
        return HeadChoice(pairs, timing_heads_like(dims, pairs))
    official = official_by_shape(dims)
    if official is None:
        return HeadChoice(None, None)
    return HeadChoice(_official_pairs(official), known_timing_heads(official.name), official)


def heads_by_name(official: OfficialModel) -> HeadChoice:
    """The heads of an official checkpoint."""
    return HeadChoice(_official_pairs(official), known_timing_heads(official.name))


def timing_heads_like(
    dims: ModelDimensions, pairs: tuple[tuple[int, int], ...]
) -> TimingHeads | None:
    """The timing heads of the official checkpoint of this shape with these alignment heads."""
    for official in official_models().values():
        if official.dims == dims and _official_pairs(official) == pairs:
            return known_timing_heads(official.name)
    return None


def _official_pairs(official: OfficialModel) -> tuple[tuple[int, int], ...]:
    dims = official.dims
    return decode_dump(official.alignment_heads, dims.n_text_layer, dims.n_text_head)
