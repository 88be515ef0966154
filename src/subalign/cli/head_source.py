"""What a user names when asking for heads: a model, a checkpoint's folder, or a dump."""

import re
from collections.abc import Iterable

from subalign.errors import UsageError
from subalign.model import MarkedHeads, heads_of, known_heads, read_dump
from subalign.model.head_dumps import DUMP_START

__all__ = ["find_heads", "find_shape"]

# base85 has neither points nor separators, so that a path can always be told from a dump
_NOT_IN_DUMPS = re.compile(r"[./\\]")


def find_heads(source: str, *, n_layers: int | None, n_heads: int | None) -> MarkedHeads:
    """The heads of a name, folder or dump; the numbers are a dump's, as far as they are known.

    Raises:
        UsageError: the numbers do not fit the dump, are missing, or were given for a model.
        ModelError: there is no such model, or the folder or the dump is damaged.
    """
    source = source.strip()
    if source.startswith(DUMP_START) and not _NOT_IN_DUMPS.search(source):
        dump = read_dump(source)
        known = {(heads.n_layers, heads.n_heads) for heads in known_heads()}
        shape = find_shape(len(dump.flags), n_layers=n_layers, n_heads=n_heads, known=known)
        return MarkedHeads("", *shape, dump.pairs(*shape), source)
    if n_layers is not None or n_heads is not None:
        raise UsageError(
            f"--layers and --heads belong to a dump, but {source} is none: leave them out."
        )
    return heads_of(source)


def find_shape(
    size: int,
    *,
    n_layers: int | None,
    n_heads: int | None,
    known: Iterable[tuple[int, int]],
) -> tuple[int, int]:
    """Layers, and heads in each, of a dump for `size` heads.

    One number gives the other; without both, the only one of the `known` shapes that fits is taken.

    Raises:
        UsageError: the numbers do not fit, or no shape or more than one does.
    """
    if n_layers is None and n_heads is None:
        fitting = sorted({shape for shape in known if shape[0] * shape[1] == size})
        if len(fitting) != 1:
            found = " and ".join(f"{layers} x {heads}" for layers, heads in fitting)
            raise UsageError(
                f"The dump is for {size} heads, which "
                f"{f'may be {found}' if found else 'no known model has'}: give --layers and "
                "--heads."
            )
        return fitting[0]
    layers = n_layers if n_layers is not None else size // (n_heads or 1)
    heads = n_heads if n_heads is not None else size // layers
    if layers * heads != size:
        raise UsageError(
            f"The dump is for {size} heads: --layers times --heads must give that number."
        )
    return layers, heads
