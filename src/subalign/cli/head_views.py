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
    "format_shift",
    "head_rows",
    "heads_as_json",
    "heads_as_text",
    "known_as_json",
    "known_as_table",
]

_HEADINGS = ("NAME", "LAYERS", "HEADS", "MARKED", "TIMING", "SHIFT", "")


@dataclass(frozen=True, slots=True)
class _Signs:
    marked: str
    timing: str
    both: str
    unmarked: str
    rule: str
    times: str


_FINE = _Signs("●", "○", "◉", "·", "─", "×")
_PLAIN = _Signs("*", "o", "@", ".", "-", "x")


def heads_as_text(heads: MarkedHeads, *, plain: bool = False) -> str:
    """A picture of the grid, a row for each layer, with the pairs and the dump; `plain` is ASCII.

    Alignment and timing heads have signs of their own. A rule stands under the lower half of the
    layers.
    """
    signs = _PLAIN if plain else _FINE
    lines = [_title(heads, signs), "", *_grid(heads, signs), ""]
    if heads.timing is not None:
        key = f"{signs.marked} method dtw, {signs.timing} method viterbi, {signs.both} both"
        lines += [key, "", *_timing_lines(heads)]
    lines += [f"pairs  {format_pairs(heads.pairs) or 'none'}", f"dump   {heads.dump}"]
    text = "\n".join(lines)
    return text.encode("ascii", "replace").decode() if plain else text


def heads_as_json(heads: MarkedHeads) -> str:
    """An object with `model` (null for a dump), `layers`, `heads`, `pairs` and `dump`.

    Of a model also `timing_pairs`, and `timing_shift` in seconds.
    """
    return json.dumps(_fields(heads))


def known_as_table(models: Sequence[MarkedHeads]) -> str:
    """A line for each model: its layers, the heads in each, how many are marked for what."""
    rows = [_HEADINGS, *(_row(heads) for heads in models)]
    width = max(len(row[0]) for row in rows)
    columns = f"{{:<{width}}}  {{:>6}}  {{:>5}}  {{:>6}}  {{:>6}}  {{:>6}}  {{}}"
    return "\n".join(columns.format(*row).rstrip() for row in rows)


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
    fields: dict[str, object] = {
        "model": heads.name or None,
        "layers": heads.n_layers,
        "heads": heads.n_heads,
        "pairs": heads.pairs,
        "dump": heads.dump,
    }
    if heads.timing is not None:
        fields |= {"timing_pairs": heads.timing.pairs, "timing_shift": heads.timing.shift}
    return fields


def _row(heads: MarkedHeads) -> tuple[str, ...]:
    assert heads.timing is not None
    counts = (heads.n_layers, heads.n_heads, len(heads.pairs), len(heads.timing.pairs))
    return heads.name, *map(str, counts), format_shift(heads.timing.shift), _note(heads)


def format_shift(seconds: float) -> str:
    """Such as "+20 ms"."""
    return f"{1000 * seconds:+.0f} ms" if round(1000 * seconds) else "0 ms"


def _timing_lines(heads: MarkedHeads) -> Iterator[str]:
    if heads.timing is not None:
        pairs = format_pairs(heads.timing.pairs) if heads.timing_stated else "the upper half"
        shift = heads.timing.shift
        yield f"timing {pairs}" + (f", shifted by {format_shift(shift)}" if shift else "")


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
    if heads.taken_for:
        return f" (those of {heads.taken_for}, which has the same shape)"
    if not heads.stated:
        return " (the upper half, as the checkpoint states none that it has)"
    return ""


def _grid(heads: MarkedHeads, signs: _Signs) -> Iterator[str]:
    marked = set(heads.pairs)
    timing = set(heads.timing.pairs) if heads.timing is not None else set()
    width = 1 + len(str(heads.n_heads - 1))
    by_use = {
        (True, True): signs.both,
        (True, False): signs.marked,
        (False, True): signs.timing,
        (False, False): signs.unmarked,
    }

    def cell(layer: int, head: int) -> Text:
        place = layer, head
        return Text(f"{by_use[place in marked, place in timing]:>{width}}")

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
