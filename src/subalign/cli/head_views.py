"""Heads as a picture or a table for people, and as JSON for programs."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from subalign.cli.console import one_line
from subalign.cli.head_pairs import format_pairs
from subalign.model import MarkedHeads

__all__ = [
    "count_of",
    "head_rows",
    "heads_as_json",
    "heads_as_text",
    "known_as_json",
    "known_as_table",
]

_HEADINGS = ("NAME", "LAYERS", "HEADS", "MARKED", "")


@dataclass(frozen=True, slots=True)
class _Signs:
    marked: str
    unmarked: str
    rule: str
    times: str


_FINE = _Signs("●", "·", "─", "×")
_PLAIN = _Signs("*", ".", "-", "x")


def heads_as_text(heads: MarkedHeads, *, plain: bool = False) -> str:
    """A picture of the grid, a row for each layer, with the pairs and the dump; `plain` is ASCII.

    A rule stands under the lower half of the layers.
    """
    signs = _PLAIN if plain else _FINE
    lines = [_title(heads, signs), "", *_grid(heads, signs), ""]
    lines += [f"pairs  {format_pairs(heads.pairs) or 'none'}", f"dump   {heads.dump}"]
    text = "\n".join(lines)
    return text.encode("ascii", "replace").decode() if plain else text


def heads_as_json(heads: MarkedHeads) -> str:
    """An object with `model` (null for a dump), `layers`, `heads`, `pairs` and `dump`."""
    return json.dumps(_fields(heads))


def known_as_table(models: Sequence[MarkedHeads]) -> str:
    """A line for each model: its layers, the heads in each, and how many are marked in all."""
    rows = [_HEADINGS, *(_row(heads) for heads in models)]
    width = max(len(row[0]) for row in rows)
    return "\n".join(
        f"{name:<{width}}  {layers:>6}  {each:>5}  {marked:>6}  {note}".rstrip()
        for name, layers, each, marked, note in rows
    )


def known_as_json(models: Sequence[MarkedHeads]) -> str:
    """A list of objects as of `heads_as_json`, with `alias_of` and `marked`."""
    return json.dumps(
        [
            _fields(heads) | {"alias_of": heads.alias_of, "marked": len(heads.pairs)}
            for heads in models
        ],
        indent=2,
    )


def _fields(heads: MarkedHeads) -> dict[str, object]:
    return {
        "model": heads.name or None,
        "layers": heads.n_layers,
        "heads": heads.n_heads,
        "pairs": heads.pairs,
        "dump": heads.dump,
    }


def _row(heads: MarkedHeads) -> tuple[str, str, str, str, str]:
    marked = len(heads.pairs)
    return heads.name, str(heads.n_layers), str(heads.n_heads), str(marked), _note(heads)


def _note(heads: MarkedHeads) -> str:
    return f"the same as {heads.alias_of}" if heads.alias_of else ""


def _title(heads: MarkedHeads, signs: _Signs) -> str:
    name = f"{one_line(heads.name)}: " if heads.name else ""
    size = f"{count_of(heads.n_layers, 'layer')} {signs.times} {count_of(heads.n_heads, 'head')}"
    return f"{name}{size}, {len(heads.pairs)} marked{_remark(heads)}"


def count_of(number: int, noun: str) -> str:
    """Such as "1 head" or "6 heads"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _remark(heads: MarkedHeads) -> str:
    if heads.alias_of:
        return f" ({_note(heads)})"
    if not heads.stated:
        return " (the upper half, as the checkpoint states none that it has)"
    return ""


def _grid(heads: MarkedHeads, signs: _Signs) -> Iterator[str]:
    marked = set(heads.pairs)
    width = 1 + len(str(heads.n_heads - 1))

    def cell(layer: int, head: int) -> Text:
        sign = signs.marked if (layer, head) in marked else signs.unmarked
        return Text(f"{sign:>{width}}")

    rows = head_rows(heads.n_layers, heads.n_heads, cell, width=width, rule=signs.rule)
    return (row.plain for row in rows)


def head_rows(
    n_layers: int,
    n_heads: int,
    cell: Callable[[int, int], Text],
    *,
    width: int,
    rule: str,
    align: str = ">",
) -> Iterator[Text]:
    """The lines of a grid: a row for each layer, whose cells are all `width` wide.

    `align` says where in the cells the heads' numbers stand, as in format strings. A rule stands
    under the lower half of the layers.
    """
    margin = max(len("layer"), len(str(n_layers - 1)))
    yield Text(" " * (margin + 2) + "head")
    yield Text(
        f"{'layer':>{margin}} " + "".join(f"{head:{align}{width}}" for head in range(n_heads))
    )
    for layer in range(n_layers):
        if layer and layer == n_layers // 2:
            yield Text(" " * (margin + 2) + rule * (width * n_heads - 1) + " upper half")
        cells = (cell(layer, head) for head in range(n_heads))
        yield Text.assemble(f"{layer:>{margin}} ", *cells)
