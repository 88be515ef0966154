"""Heads as a picture or a table for people, and as JSON for programs."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from subalign.cli.parsers import format_pairs
from subalign.errors import printable_line
from subalign.model import ModelHeads, pack_heads

if TYPE_CHECKING:
    from subalign.heads.find import FoundHeads, HeadSet
    from subalign.heads.score import HeadReport, HeadScore

__all__ = [
    "found_as_json",
    "found_as_text",
    "heads_as_json",
    "heads_as_text",
    "known_as_json",
    "known_as_table",
    "report_as_json",
    "show_report",
    "to_ascii",
]

_HEADINGS = ("NAME", "LAYERS", "HEADS", "MARKED", "TIMING", "SHIFT", "")

# from the worst head to the best; on a terminal with colours of the cividis scale beside them
_BARS = "▁▂▃▄▅▆▇█"
_COLOURS = ("#00306e", "#2f4a6c", "#535c6d", "#727274", "#938a75", "#b6a66d", "#dbc45c", "#fee838")
_ASCII = str.maketrans("●○◉·─×" + _BARS, "*o@.-x" + "12345678")

_TIMED = ("HEAD", "", "ERROR", "START", "END", "BIAS", "NEAR", "INSIDE")
_UNTIMED = ("HEAD", "", "SCORE", "IN ORDER", "SHARP", "AGREES")
_TIMED_KEY = (
    "Times in ms: ERROR the mean of both, START and END the mean distance of words' starts and",
    "ends from the truth, BIAS the starts' mean (below 0: early). NEAR: share of starts within",
    "100 ms. INSIDE: share of a word's attention that falls within the word.",
)
_UNTIMED_KEY = (
    "Without true times: IN ORDER, SHARP and AGREES (with the other heads) go from 0 to 1;",
    "SCORE is their geometric mean.",
)


def to_ascii(text: str) -> str:
    """The text with ASCII signs in place of the pictures' own, and "?" for what else has none."""
    return text.translate(_ASCII).encode("ascii", "replace").decode()


def heads_as_text(heads: ModelHeads) -> str:
    """A picture of the grid, a row for each layer, with the pairs and the dump.

    Alignment and timing heads have signs of their own. A rule stands under the lower half of the
    layers.
    """
    marked = set(heads.pairs)
    timing = set(heads.timing.pairs) if heads.timing is not None else set()
    signs = {(True, True): "◉", (True, False): "●", (False, True): "○", (False, False): "·"}

    def cell(pair: tuple[int, int]) -> Text:
        return Text(f"{signs[pair in marked, pair in timing]:>{width}}")

    width = 1 + len(str(heads.n_heads - 1))
    grid = _grid(heads.n_layers, heads.n_heads, cell, width=width)
    name = f"{printable_line(heads.name)}: " if heads.name else ""
    lines = [
        f"{name}{_size(heads.n_layers, heads.n_heads)}, {len(heads.pairs)} marked{_remark(heads)}",
        "",
        *(row.plain for row in grid),
        "",
    ]
    if heads.timing is not None:
        pairs = format_pairs(heads.timing.pairs) if heads.timing_stated else "the upper half"
        shift = heads.timing.shift
        shifted = f", shifted by {_shift(shift)}" if shift else ""
        lines += ["● method dtw, ○ method viterbi, ◉ both", "", f"timing {pairs}{shifted}"]
    lines += [f"pairs  {format_pairs(heads.pairs) or 'none'}", f"dump   {heads.dump}"]
    return "\n".join(lines)


def _remark(heads: ModelHeads) -> str:
    if heads.alias_of:
        return f" (the same as {heads.alias_of})"
    if heads.taken_for:
        return f" (those of {heads.taken_for}, which has the same shape)"
    if not heads.stated:
        return " (the upper half, as the checkpoint states none that it has)"
    return ""


def heads_as_json(heads: ModelHeads) -> str:
    """An object with `model` (null for a dump), `layers`, `heads`, `pairs` and `dump`.

    Of a model also `timing_pairs`, and `timing_shift` in seconds.
    """
    return json.dumps(_fields(heads))


def known_as_table(models: Sequence[ModelHeads]) -> str:
    """A line for each model: its layers, the heads in each, how many are marked for what."""
    rows = [_HEADINGS, *map(_row, models)]
    width = max(len(row[0]) for row in rows)
    columns = f"{{:<{width}}}  {{:>6}}  {{:>5}}  {{:>6}}  {{:>6}}  {{:>6}}  {{}}"
    return "\n".join(columns.format(*row).rstrip() for row in rows)


def _row(heads: ModelHeads) -> tuple[str, ...]:
    assert heads.timing is not None
    counts = (heads.n_layers, heads.n_heads, len(heads.pairs), len(heads.timing.pairs))
    note = f"the same as {heads.alias_of}" if heads.alias_of else ""
    return heads.name, *map(str, counts), _shift(heads.timing.shift), note


def known_as_json(models: Sequence[ModelHeads]) -> str:
    """A list of objects as of `heads_as_json`, with `alias_of` and `marked`."""
    return json.dumps(
        [
            _fields(heads) | {"alias_of": heads.alias_of, "marked": len(heads.pairs)}
            for heads in models
        ],
        indent=2,
    )


def _fields(heads: ModelHeads) -> dict[str, object]:
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


def show_report(report: "HeadReport", *, top: int, plain: bool) -> None:
    """Print a title, the table of the `top` best heads and all marked ones (0: all), the heat map.

    `plain` is ASCII without colours.
    """
    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)

    def show(*lines: str | Text) -> None:
        for line in lines:
            console.print(to_ascii(str(line)) if plain else line)

    kind = "with true times" if report.timed else "without times"
    size = _size(report.layers, report.heads)
    words = f"{_count(report.words, 'word')} {kind} in {report.seconds:.0f} s"
    show(f"{printable_line(report.model)}: {size}, {words}", "")
    console.print(_table(report, top, "*" if plain else "●"))
    show("")
    if report.marked_error is not None:
        kind = "timing" if report.method == "viterbi" else "alignment"
        together = "head alone" if len(report.marked) == 1 else "heads together"
        shifted = f" and shifted by {_shift(report.shift)}" if report.shift else ""
        error = _ms(report.marked_error)
        show(f"The {kind} {together}, by method {report.method}{shifted}: {error} ms.")
    show(*(_TIMED_KEY if report.timed else _UNTIMED_KEY), "", *_heat_map(report))


def _table(report: "HeadReport", top: int, mark: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in _TIMED if report.timed else _UNTIMED:
        table.add_column(heading, justify="left" if heading in ("HEAD", "") else "right")
    for rank, score in enumerate(report.by_head, start=1):
        marked = (score.layer, score.head) in report.marked
        if marked or rank <= top or not top:
            cells = (f"{score.layer}:{score.head}", mark if marked else "", *_cells(score))
            table.add_row(*cells, style="bold" if marked else "")
    return table


def _cells(score: "HeadScore") -> list[str]:
    facts = asdict(score)
    if "error" in facts:
        return [
            *(_ms(facts[name]) for name in ("error", "start", "end")),
            _ms(facts["bias"], signed=True),
            *(_share(facts[name]) for name in ("near", "inside")),
        ]
    return [f"{facts[name]:.2f}" for name in ("score", "monotonicity", "sharpness", "agreement")]


def _heat_map(report: "HeadReport") -> Iterator[Text]:
    """Each head from the worst to the best; errors on a scale of their logarithms."""
    values = {
        (facts["layer"], facts["head"]): -math.log(max(facts["error"], 1e-3))
        if report.timed
        else facts["score"]
        for facts in map(asdict, report.by_head)
    }
    low, high = min(values.values()), max(values.values())

    def cell(pair: tuple[int, int]) -> Text:
        share = (values[pair] - low) / (high - low) if high > low else 1.0
        level = round((len(_BARS) - 1) * share)
        left, right = "[]" if pair in report.marked else "  "
        return Text.assemble(left, (_BARS[level], _COLOURS[level]), right)

    for row in _grid(report.layers, report.heads, cell, width=3, align="^"):
        row.rstrip()
        yield row
    yield Text()
    ends = (_cells(score)[0] for score in (report.by_head[-1], report.by_head[0]))
    worst, best = (f"{end} ms" if report.timed else end for end in ends)
    yield Text(f"{_BARS[0]} {worst} to {_BARS[-1]} {best}, [ ] marked")


def report_as_json(report: "HeadReport") -> str:
    """An object with the report's fields, each of `by_head` with `marked`; times in seconds."""
    by_head = [
        asdict(score) | {"marked": (score.layer, score.head) in report.marked}
        for score in report.by_head
    ]
    return json.dumps(_finite(asdict(report) | {"by_head": by_head}), indent=2)


def found_as_text(found: "FoundHeads") -> str:
    """The search step by step, the error before and after, the pairs and the dump."""
    search = found.search
    against = "true times" if found.timed else "what all heads give together"
    pairs = format_pairs(sorted(search.best.heads))
    lines = [
        f"{printable_line(found.model)}: {_count(found.recordings, 'recording')}, "
        f"{_count(found.words, 'word')} in {found.seconds:.0f} s, by method {found.method} against "
        f"{against}",
        "",
        "error     heads",
        *(f"{_ms(step.error):>4} ms   {format_pairs(step.heads)}" for step in search.steps),
        "",
        f"marked    {format_pairs(search.marked.heads)} ({_error(search.marked)})",
        f"found     {pairs} ({_error(search.best)})",
        "",
        f"pairs  {pairs}",
        f"dump   {_dump(found)}",
    ]
    return "\n".join(lines)


def found_as_json(found: "FoundHeads") -> str:
    """An object with `pairs`, `dump`, and the errors in seconds."""
    search = found.search
    facts = asdict(found)
    del facts["search"]
    facts |= {
        "marked": search.marked.heads,
        "marked_shift": search.marked.shift,
        "marked_error": search.marked.error,
        "pairs": sorted(search.best.heads),
        "shift": search.best.shift,
        "error": search.best.error,
        "dump": _dump(found),
        "steps": [
            {"pairs": step.heads, "shift": step.shift, "error": step.error} for step in search.steps
        ],
    }
    return json.dumps(_finite(facts), indent=2)


def _dump(found: "FoundHeads") -> str:
    return pack_heads(found.search.best.heads, n_layers=found.layers, n_heads=found.heads)


def _grid(
    n_layers: int,
    n_heads: int,
    cell: Callable[[tuple[int, int]], Text],
    *,
    width: int,
    align: str = ">",
) -> Iterator[Text]:
    """The lines of a grid: a row for each layer, whose cells are all `width` wide.

    `align` says where in the cells the heads' numbers stand, as in format strings. A rule stands
    under the lower half of the layers.
    """
    margin = max(len("layer"), len(str(n_layers - 1)))
    yield Text(" " * (margin + 2) + "head")
    numbers = "".join(f"{head:{align}{width}}" for head in range(n_heads))
    yield Text(f"{'layer':>{margin}} {numbers}")
    for layer in range(n_layers):
        if layer and layer == n_layers // 2:
            yield Text(" " * (margin + 2) + "─" * (width * n_heads - 1) + " upper half")
        cells = (cell((layer, head)) for head in range(n_heads))
        yield Text.assemble(f"{layer:>{margin}} ", *cells)


def _size(n_layers: int, n_heads: int) -> str:
    return f"{_count(n_layers, 'layer')} × {_count(n_heads, 'head')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _error(found: "HeadSet") -> str:
    shifted = f", shifted by {_shift(found.shift)}" if found.shift else ""
    return f"{_ms(found.error)} ms{shifted}"


def _shift(seconds: float) -> str:
    return f"{1000 * seconds:+.0f} ms" if round(1000 * seconds) else "0 ms"


def _ms(seconds: float, *, signed: bool = False) -> str:
    if not math.isfinite(seconds):
        return "-"
    return f"{1000 * seconds:+.0f}" if signed else f"{1000 * seconds:.0f}"


def _share(share: float) -> str:
    return f"{100 * share:.0f}%" if math.isfinite(share) else "-"


def _finite(value: Any) -> Any:
    """JSON has no NaN: such numbers are null."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
