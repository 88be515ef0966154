"""Words and word times against the truth: subalign and other tools on the same weights.

    python bench/accuracy.py                           every table, as Markdown
    python bench/accuracy.py --model base --quick      few clips, and six minutes for twenty
    python bench/accuracy.py --clips 160 --sets wuw2   all that wuw2 holds
    python bench/accuracy.py --tables given --sets people --tools subalign "subalign align"

`given`: every tool is told the text of each clip. `transcribed`: every tool transcribes with 5
beams, the usual fallback and word times; its words are matched with the true ones. `long`: a
damaged transcript of a long recording, each tool in a process of its own; openai-whisper and
faster-whisper cannot align a given text to more than 30 s.
"""

import argparse
import dataclasses
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from conditions import SETS
from hour import Hour, build
from long_form import measure
from machine import THREADS, machine
from subalign.model import Whisper, load_whisper
from tables import heading, table_row
from time_errors import TOLERANCES, BoundaryErrors, Scores, drift, score
from tools import TOOLS, USUAL_TOOLS, Decoding, Heard, Tool, load_tools
from truth import VOICES, Clip, MissingError, Span
from word_errors import WordErrors, word_errors
from word_pieces import Found, Piece, by_match, by_word

TABLES = ("given", "transcribed", "long")

LONG_SECONDS = {"20 min": 1200.0, "hour": 3600.0}  # the hour only where it is asked for
GROUPS = {
    "synthetic": [name for name in SETS if name.startswith((*VOICES, "mixed"))],
    "people": [name for name in SETS if not name.startswith((*VOICES, "mixed"))],
}
QUICK_CLIPS = 5
QUICK_LONG_SECONDS = 360.0
LONG_LIMIT = 1800.0  # seconds that a tool may take for it
DRIFT_SECONDS = 600.0

_ERRORS = ("starts: mean", "median", "bias", "ends: mean", "median", "bias")
_WITHIN = tuple(f"starts within {round(1000 * tolerance)} ms" for tolerance in TOLERANCES)
_ODD = ("no length", "out of order", "estimated")


@dataclasses.dataclass(frozen=True, slots=True)
class GivenRow:
    """A tool's scores on a set of clips, of which it was given the text."""

    set: str
    tool: str
    scores: Scores

    HEADING = heading("set", "tool", "words", *_ERRORS, *_WITHIN, *_ODD)

    def __str__(self) -> str:
        scores = self.scores
        return table_row(
            self.set, self.tool, scores.words, *_errors(scores), *_within(scores), *_odd(scores)
        )


@dataclasses.dataclass(frozen=True, slots=True)
class TranscribedRow:
    """A tool's word errors on a set, and the times of the words with a true time that it heard."""

    set: str
    tool: str
    text: WordErrors
    scores: Scores

    HEADING = heading(
        *("set", "tool", "words", "WER", "missing", "added", "timed words heard", *_ERRORS),
        *(f"of these {name}" for name in _WITHIN),
        *_ODD,
    )

    def __str__(self) -> str:
        text, scores = self.text, self.scores
        cells = (self.set, self.tool, text.words, _percent(text.rate), text.missing, text.added)
        heard = f"{scores.found} of {scores.words}" if scores.words else ""
        near = [share * scores.words / max(1, scores.found) for share in scores.within]
        within = map(_percent, near) if scores.found else [""] * len(near)
        return table_row(*cells, heard, *_errors(scores), *within, *_odd(scores))


@dataclasses.dataclass(frozen=True, slots=True)
class LongRow:
    """A tool's figures on a long recording; `cpu` is in seconds a second, `peak` in MiB."""

    set: str
    tool: str
    scores: Scores
    drift: list[float | None]
    cpu: float
    peak: float

    HEADING = heading(
        *("set", "tool", "words", *_ERRORS, *_WITHIN, *_ODD),
        *("bias (median) of each 10 min", "CPU time a second", "peak memory"),
    )

    def __str__(self) -> str:
        scores = self.scores
        return table_row(
            *(self.set, self.tool, scores.words),
            *(*_errors(scores), *_within(scores), *_odd(scores)),
            ", ".join("-" if bias is None else f"{1000 * bias:+.0f}" for bias in self.drift),
            f"{self.cpu:.3f} s",
            f"{self.peak:.0f} MiB",
        )


AnyRow = GivenRow | TranscribedRow | LongRow


def _errors(scores: Scores) -> Iterator[str]:
    for errors in (scores.starts, scores.ends):
        yield from _milliseconds(errors)


def _milliseconds(errors: BoundaryErrors) -> Sequence[str]:
    if math.isnan(errors.mean):
        return [""] * 3
    return [
        f"{1000 * errors.mean:.0f}",
        f"{1000 * errors.median:.0f}",
        f"{1000 * errors.bias:+.0f}",
    ]


def _within(scores: Scores) -> Iterator[str]:
    return map(_percent, scores.within)


def _odd(scores: Scores) -> tuple[object, ...]:
    return scores.instant, scores.disordered, _percent(scores.estimated)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def clips_of(names: Sequence[str], count: int) -> Iterator[tuple[str, list[Clip]]]:
    """The sets that can be made here; the others are told of on stderr."""
    for name in names:
        try:
            yield name, SETS[name].make(count)
        except MissingError as error:
            print(error, file=sys.stderr)


def given_rows(names: Sequence[str], count: int, tools: dict[str, Tool]) -> Iterator[GivenRow]:
    """Set by set; at last all clean synthetic sets together."""
    truths: list[tuple[Span | None, ...]] = []
    synthetic: dict[str, list[list[Found | None]]] = {tool: [] for tool in tools}
    for name, clips in clips_of([name for name in names if SETS[name].given], count):
        truth = [clip.spans for clip in clips]
        for tool, aligner in tools.items():
            assign = by_match if tool == "stable-ts" else by_word  # it now and then doubles a word
            language = SETS[name].language
            found = [assign(clip.words, aligner.align(clip, language)) for clip in clips]
            yield GivenRow(name, tool, score(truth, found))
            if name in VOICES:
                synthetic[tool] += found
        if name in VOICES:
            truths += truth
    for tool, found in synthetic.items() if truths else ():
        yield GivenRow("all clean synthetic", tool, score(truths, found))


def transcribed_rows(
    names: Sequence[str], count: int, tools: dict[str, Tool], *, multilingual: bool
) -> Iterator[TranscribedRow]:
    """Set by set; languages that the model does not know are left out."""
    chosen = [
        name
        for name in names
        if SETS[name].transcribed and (multilingual or SETS[name].language == "en")
    ]
    for name, clips in clips_of(chosen, count):
        decoding = Decoding(language=SETS[name].language)
        for tool, transcriber in tools.items():
            heard = [transcriber.transcribe(clip.samples, decoding) for clip in clips]
            yield transcribed_row(name, tool, clips, heard)


def transcribed_row(
    name: str, tool: str, clips: Sequence[Clip], heard: Sequence[Heard]
) -> TranscribedRow:
    """What a tool heard in the clips of a set, against the truth."""
    texts = [(clip.text, found.text) for clip, found in zip(clips, heard, strict=True)]
    found = [by_match(clip.words, one.pieces) for clip, one in zip(clips, heard, strict=True)]
    scores = score([clip.spans for clip in clips], found)
    return TranscribedRow(name, tool, word_errors(texts, SETS[name].language), scores)


def long_rows(name: str, hour: Hour, model: str, tools: Sequence[str]) -> Iterator[LongRow]:
    """Each tool that can align a long recording, in a process of its own."""
    for tool in tools:
        if tool not in {"subalign", "subalign dtw", "stable-ts"}:
            continue
        measured = measure(hour, tool, model, LONG_LIMIT)
        if measured is None:
            print(f"{tool} took more than {LONG_LIMIT:.0f} s for {name}.", file=sys.stderr)
            continue
        assign = by_match if tool == "stable-ts" else by_word
        found = assign(hour.words, [Piece(*piece) for piece in measured.pieces])
        yield LongRow(
            *(name, tool, score([hour.spans], [found])),
            drift(hour.spans, found, DRIFT_SECONDS),
            measured.cpu_seconds / hour.seconds,
            measured.peak,
        )


def rows_of(table: str, arguments: argparse.Namespace, model: Whisper) -> Iterator[AnyRow]:
    """One table's rows, each as soon as it is measured."""
    if table == "long":
        for name in (name for name in arguments.sets if name in LONG_SECONDS):
            seconds = QUICK_LONG_SECONDS if arguments.quick else LONG_SECONDS[name]
            try:
                hour = build(seconds)
            except MissingError as error:
                print(error, file=sys.stderr)
                continue
            yield from long_rows(name, hour, arguments.model, arguments.tools)
        return
    names = [name for name in arguments.sets if name in SETS]
    count = QUICK_CLIPS if arguments.quick else arguments.clips
    tools = load_tools(arguments.tools, model, arguments.model)
    if table == "given":
        yield from given_rows(names, count, tools)
    else:
        yield from transcribed_rows(names, count, tools, multilingual=model.multilingual)


def parse() -> argparse.Namespace:
    sets = [*GROUPS, *SETS, *LONG_SECONDS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few clips, six minutes for twenty")
    parser.add_argument("--clips", type=int, default=40, help="a set's size is from this; 40")
    parser.add_argument("--model", default="tiny.en", help="a checkpoint; default: tiny.en")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES)
    for name, known, default in (
        ("set", sets, ["people", "synthetic", "20 min"]),
        ("tool", list(TOOLS), USUAL_TOOLS),
    ):
        parser.add_argument(
            f"--{name}s",
            nargs="+",
            choices=known,
            default=default,
            metavar=name.upper(),
            help=f"of {'; '.join(known)}; default: {'; '.join(default)}",
        )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    arguments = parser.parse_args()
    arguments.sets = [name for given in arguments.sets for name in GROUPS.get(given, [given])]
    return arguments


def main() -> None:
    arguments = parse()
    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    print(f"{machine()}\n{arguments.model}, float32")
    model = load_whisper(arguments.model, device="cpu", compute="float32")
    figures = []
    for table in arguments.tables:
        for n, row in enumerate(rows_of(table, arguments, model)):
            print(row if n else f"\n{row.HEADING}\n{row}", flush=True)
            figures.append({"table": table, **dataclasses.asdict(row)})
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
