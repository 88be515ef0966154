"""Heads on a command line: LAYER:HEAD pairs between commas, both counted from 0."""

import re
from collections.abc import Iterable

from subalign.errors import UsageError

__all__ = ["format_pairs", "parse_pairs"]

# more digits than any model has, and few enough for a number
_PAIR = re.compile(r"\s*([0-9]{1,9}):([0-9]{1,9})\s*")


def parse_pairs(text: str) -> tuple[tuple[int, int], ...]:
    """The (layer, head) pairs in their order.

    Raises:
        UsageError: something is no pair, or a pair stands there twice.
    """
    pairs: list[tuple[int, int]] = []
    for part in text.split(","):
        match = _PAIR.fullmatch(part)
        if match is None:
            raise UsageError(
                f"{part.strip()!r} is no head: write LAYER:HEAD pairs between commas, both counted "
                "from 0, such as 2:2,3:0."
            )
        pair = int(match[1]), int(match[2])
        if pair in pairs:
            # most likely another head was meant
            raise UsageError(f"Head {pair[0]}:{pair[1]} stands there twice: give each head once.")
        pairs.append(pair)
    return tuple(pairs)


def format_pairs(pairs: Iterable[tuple[int, int]]) -> str:
    """The text that `parse_pairs` reads."""
    return ",".join(f"{layer}:{head}" for layer, head in pairs)
