"""How far word times are from the truth: subalign, openai-whisper, stable-ts on the same weights.

    python bench/accuracy.py                           every table, as Markdown
    python bench/accuracy.py --quick                   few clips, and six minutes for an hour
    python bench/accuracy.py --sets espeak hour --method dtw --method viterbi --no-peers

Every tool is given the text and the samples of each clip. The synthesisers know when they say a
word; for human speech an aligner of another kind (an HMM) stands for the truth, and is itself off
by 20 to 40 ms. openai-whisper cannot align a given text to more than 30 s.
"""

import argparse
import dataclasses
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from aligners import openai_whisper, ours, stable_ts
from conditions import CLIPS, short_sets
from hour import Hour, build
from long_form import THREADS, measure
from machine import machine
from subalign.model import Whisper, load_model
from subalign.options import AlignmentOptions
from time_errors import TOLERANCES, BoundaryErrors, Scores, drift, score, share_within
from truth import VOICES, Clip, MissingError, Span
from word_pieces import Found, Piece, by_match, by_word

Tool = Callable[[Sequence[Clip]], list[list[Found | None]]]

HOUR = "hour"
HOUR_SECONDS = 3600.0
HOUR_LIMIT = 1800.0  # seconds that a tool may take for it
DRIFT_SECONDS = 600.0
QUICK_CLIPS = 6
QUICK_HOUR_SECONDS = 360.0

_HEADINGS = (
    *("set", "tool", "words", "starts: mean", "median", "bias", "ends: mean", "median", "bias"),
    *(f"F1 {round(1000 * tolerance)} ms" for tolerance in TOLERANCES),
    *("no length", "out of order", "estimated"),
)
_HOUR_HEADINGS = (
    *("tool", "words", "starts within 200 ms", "within 100 ms", "median error"),
    *("bias (median) of each 10 min", "no length", "out of order", "estimated"),
    *("CPU time a second", "peak memory"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class ShortRow:
    """A tool's scores on a set of clips."""

    set: str
    tool: str
    scores: Scores

    def __str__(self) -> str:
        scores = self.scores
        return _row(
            self.set,
            self.tool,
            scores.words,
            *_milliseconds(scores.starts),
            *_milliseconds(scores.ends),
            *(_percent(value) for value in scores.f1),
            scores.instant,
            scores.disordered,
            _percent(scores.estimated),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class HourRow:
    """A tool's figures on the long recording; `cpu` is in seconds a second, `peak` in MiB."""

    tool: str
    scores: Scores
    within: dict[float, float]
    drift: list[float | None]
    cpu: float
    peak: float

    def __str__(self) -> str:
        scores = self.scores
        return _row(
            self.tool,
            scores.words,
            *(_percent(share) for share in self.within.values()),
            f"{1000 * scores.starts.median:.0f} ms",
            ", ".join("-" if bias is None else f"{1000 * bias:+.0f}" for bias in self.drift),
            scores.instant,
            scores.disordered,
            _percent(scores.estimated),
            f"{self.cpu:.3f} s",
            f"{self.peak:.0f} MiB",
        )


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _milliseconds(errors: BoundaryErrors) -> Iterator[str]:
    yield f"{1000 * errors.mean:.0f}"
    yield f"{1000 * errors.median:.0f}"
    yield f"{1000 * errors.bias:+.0f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def tools_of(model: Whisper, methods: Sequence[str], *, peers: bool) -> dict[str, Tool]:
    """Functions from clips to word times."""
    tools: dict[str, Tool] = {}
    for method in methods:
        options = AlignmentOptions(method=method) if method else AlignmentOptions()
        tools[_named(method)] = lambda clips, options=options: ours(model, clips, options)
    if peers:
        tools["openai-whisper"] = lambda clips: openai_whisper(model, clips)
    if peers and _has_stable_ts():
        tools["stable-ts"] = lambda clips: stable_ts(model, clips)
    return tools


def _named(method: str) -> str:
    return f"subalign {method}".rstrip()


def _has_stable_ts() -> bool:
    if importlib.util.find_spec("stable_whisper") is not None:
        return True
    print("Left out stable-ts: it is not installed (pip install stable-ts).", file=sys.stderr)
    return False


def short_rows(names: Sequence[str], count: int, tools: dict[str, Tool]) -> Iterator[ShortRow]:
    """Set by set; at last all clean synthetic sets together."""
    makers = short_sets()
    truths: list[tuple[Span | None, ...]] = []
    synthetic: dict[str, list[list[Found | None]]] = {tool: [] for tool in tools}
    for name in names:
        try:
            clips = makers[name](count)
        except MissingError as error:
            print(error, file=sys.stderr)
            continue
        truth = [clip.spans for clip in clips]
        for tool, align in tools.items():
            found = align(clips)
            yield ShortRow(name, tool, score(truth, found))
            if name in VOICES:
                synthetic[tool] += found
        if name in VOICES:
            truths += truth
    for tool, found in synthetic.items() if truths else ():
        yield ShortRow("all clean synthetic", tool, score(truths, found))


def hour_rows(hour: Hour, model: str, methods: Sequence[str], *, peers: bool) -> Iterator[HourRow]:
    """Each tool that can align a long recording, in a process of its own."""
    runs = [("ours", method, _named(method)) for method in methods]
    if peers and _has_stable_ts():
        runs.append(("stable-ts", "", "stable-ts"))
    for tool, method, name in runs:
        measured = measure(hour, tool, model, method, HOUR_LIMIT)
        if measured is None:
            print(f"{name} took more than {HOUR_LIMIT:.0f} s for the hour.", file=sys.stderr)
            continue
        assign = by_word if tool == "ours" else by_match
        found = assign(hour.words, [Piece(*piece) for piece in measured.pieces])
        yield HourRow(
            name,
            score([hour.spans], [found]),
            {limit: share_within(hour.spans, found, limit) for limit in (0.2, 0.1)},
            drift(hour.spans, found, DRIFT_SECONDS),
            measured.cpu_seconds / hour.seconds,
            measured.peak,
        )


def run(arguments: argparse.Namespace) -> list[ShortRow | HourRow]:
    """Print the tables row by row as they are measured."""
    methods = arguments.method or [""]
    rows: list[ShortRow | HourRow] = []
    short = [name for name in arguments.sets if name != HOUR]
    if short:
        model = load_model(arguments.model, device="cpu", dtype="float32")
        tools = tools_of(model, methods, peers=arguments.peers)
        print(_row(*_HEADINGS) + "\n" + _row(*("---" for _ in _HEADINGS)))
        for row in short_rows(short, QUICK_CLIPS if arguments.quick else CLIPS, tools):
            rows.append(row)
            print(row, flush=True)
    if HOUR in arguments.sets:
        try:
            hour = build(QUICK_HOUR_SECONDS if arguments.quick else HOUR_SECONDS)
        except MissingError as error:
            print(error, file=sys.stderr)
            return rows
        print("\n" + _row(*_HOUR_HEADINGS) + "\n" + _row(*("---" for _ in _HOUR_HEADINGS)))
        for row in hour_rows(hour, arguments.model, methods, peers=arguments.peers):
            rows.append(row)
            print(row, flush=True)
    return rows


def main() -> None:
    sets = [*short_sets(), HOUR]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few clips, six minutes for an hour")
    parser.add_argument(
        "--sets",
        nargs="+",
        choices=sets,
        default=sets,
        metavar="SET",
        help=f"default: all of {'; '.join(sets)}",
    )
    parser.add_argument("--model", default="micro.en", help="a checkpoint; default: micro.en")
    parser.add_argument("--method", action="append", help="of subalign; may be repeated")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="subalign alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    print(machine() + "\n")
    rows = run(arguments)
    if arguments.json:
        figures = [dataclasses.asdict(row) for row in rows]
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
