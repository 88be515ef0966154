"""Heads as a picture or a table for people, and as JSON for programs."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from subalign.cli.console import one_line
from subalign.cli.parsers import format_pairs
from subalign.model import MarkedHeads, pack_heads

if TYPE_CHECKING:
    from subalign.heads.measure import FoundHeads, HeadReport
    from subalign.heads.scores import HeadScore
    from subalign.heads.search import HeadSet

__all__ = [
    "count_of",
    "format_shift",
    "found_as_json",
    "found_as_text",
    "head_rows",
    "heads_as_json",
    "heads_as_text",
    "known_as_json",
    "known_as_table",
    "report_as_json",
    "show_report",
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


# from the worst head to the best; on a terminal with colours of the cividis scale beside them
_FINE_BARS = "▁▂▃▄▅▆▇█"
_PLAIN_BARS = "12345678"
_COLOURS = ("#00306e", "#2f4a6c", "#535c6d", "#727274", "#938a75", "#b6a66d", "#dbc45c", "#fee838")

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


def show_report(report: "HeadReport", console: Console, *, top: int, plain: bool) -> None:
    """A title, the table of the `top` best heads and all marked ones (0: all), the heat map."""
    mark, times = ("*", "x") if plain else ("●", "×")
    name = one_line(report.model)
    name = name.encode("ascii", "replace").decode() if plain else name
    console.print(
        f"{name}: {count_of(report.n_layers, 'layer')} {times} {count_of(report.n_heads, 'head')}, "
        f"{_material(report)}"
    )
    console.print()
    console.print(_table(report, top, mark))
    console.print()
    if report.together is not None:
        kind = "timing" if report.method == "viterbi" else "alignment"
        together = "head alone" if len(report.marked) == 1 else "heads together"
        shifted = f" and shifted by {format_shift(report.shift)}" if report.shift else ""
        error = _ms(report.together)
        console.print(f"The {kind} {together}, by method {report.method}{shifted}: {error} ms.")
    console.print("\n".join(_TIMED_KEY if report.timed else _UNTIMED_KEY))
    console.print()
    for line in _heat_map(report, plain):
        line.rstrip()
        console.print(line)


def report_as_json(report: "HeadReport") -> str:
    """An object with the model's facts and `by_head`, the best first; times in seconds."""
    facts = {
        "model": report.model,
        "layers": report.n_layers,
        "heads": report.n_heads,
        "marked": report.marked,
        "shift": report.shift,
        "method": report.method,
        "timed": report.timed,
        "words": report.words,
        "seconds": report.seconds,
        "marked_error": report.together,
        "by_head": [
            _finite(asdict(score)) | {"marked": (score.layer, score.head) in report.marked}
            for score in report.heads
        ],
    }
    return json.dumps(_finite(facts), indent=2)


def found_as_text(found: "FoundHeads", *, plain: bool = False) -> str:
    """The search step by step, the error before and after, the pairs and the dump."""
    search = found.search
    name = one_line(found.model)
    against = "true times" if found.timed else "what all heads give together"
    lines = [
        f"{name}: {count_of(found.recordings, 'recording')}, {count_of(found.words, 'word')} in "
        f"{found.seconds:.0f} s, by method {found.method} against {against}",
        "",
        "error     heads",
        *(f"{_ms(step.error):>4} ms   {format_pairs(step.heads)}" for step in search.steps),
        "",
        f"marked    {format_pairs(search.marked.heads)} ({_told_set(search.marked)})",
        f"found     {format_pairs(sorted(search.best.heads))} ({_told_set(search.best)})",
        "",
        f"pairs  {format_pairs(sorted(search.best.heads))}",
        f"dump   {_dump(found)}",
    ]
    text = "\n".join(lines)
    return text.encode("ascii", "replace").decode() if plain else text


def found_as_json(found: "FoundHeads") -> str:
    """An object with `pairs`, `dump`, and the errors in seconds."""
    search = found.search
    facts = {
        "model": found.model,
        "layers": found.n_layers,
        "heads": found.n_heads,
        "method": found.method,
        "timed": found.timed,
        "recordings": found.recordings,
        "words": found.words,
        "seconds": found.seconds,
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


def _told_set(found: "HeadSet") -> str:
    shifted = f", shifted by {format_shift(found.shift)}" if found.shift else ""
    return f"{_ms(found.error)} ms{shifted}"


def _dump(found: "FoundHeads") -> str:
    return pack_heads(found.search.best.heads, n_layers=found.n_layers, n_heads=found.n_heads)


def _material(report: "HeadReport") -> str:
    kind = "with true times" if report.timed else "without times"
    return f"{count_of(report.words, 'word')} {kind} in {report.seconds:.0f} s"


def _table(report: "HeadReport", top: int, mark: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in _TIMED if report.timed else _UNTIMED:
        table.add_column(heading, justify="left" if heading in ("HEAD", "") else "right")
    for rank, score in enumerate(report.heads, start=1):
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


def _ms(seconds: float, *, signed: bool = False) -> str:
    if not math.isfinite(seconds):
        return "-"
    return f"{1000 * seconds:+.0f}" if signed else f"{1000 * seconds:.0f}"


def _share(share: float) -> str:
    return f"{100 * share:.0f}%" if math.isfinite(share) else "-"


def _heat_map(report: "HeadReport", plain: bool) -> Iterator[Text]:
    signs = _PLAIN_BARS if plain else _FINE_BARS
    levels = _levels(report)

    def cell(layer: int, head: int) -> Text:
        level = levels[layer, head]
        left, right = "[]" if (layer, head) in report.marked else "  "
        sign = (signs[level], "" if plain else _COLOURS[level])
        return Text.assemble(left, sign, right)

    rule = "-" if plain else "─"
    yield from head_rows(report.n_layers, report.n_heads, cell, width=3, rule=rule, align="^")
    yield Text()
    worst, best = report.heads[-1], report.heads[0]
    yield Text(f"{signs[0]} {_told(worst)} to {signs[-1]} {_told(best)}, [ ] marked")


def _told(score: "HeadScore") -> str:
    facts = asdict(score)
    return f"{_ms(facts['error'])} ms" if "error" in facts else f"{facts['score']:.2f}"


def _levels(report: "HeadReport") -> dict[tuple[int, int], int]:
    """0 for the worst head to 7 for the best; errors on a scale of their logarithms."""
    values = {
        (score.layer, score.head): -math.log(max(score.loss, 1e-3)) if report.timed else -score.loss
        for score in report.heads
    }
    low, high = min(values.values()), max(values.values())
    steps = len(_FINE_BARS) - 1
    return {
        place: round(steps * (value - low) / (high - low)) if high > low else steps
        for place, value in values.items()
    }


def _finite(facts: Mapping[str, object]) -> dict[str, object]:
    """JSON has no NaN: such numbers are null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in facts.items()
    }
