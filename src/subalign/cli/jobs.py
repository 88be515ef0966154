"""`subalign jobs`: what the ledger of a run tells, whether its results are whole, and merging."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from subalign.cli.arguments import subcommand
from subalign.cli.console import Session, print_pieces, print_text
from subalign.cli.messages import EXIT_CODES
from subalign.errors import printable_line

if TYPE_CHECKING:
    from subalign.pipeline.ledger import Row

__all__ = ["jobs_app"]

_HEADINGS = ("STATE", "ATTEMPTS", "LENGTH", "TOOK", "NODE", "RECORDING")

jobs_app = typer.Typer(
    name="jobs",
    help="Show, export, verify and merge ledgers of runs.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Ledger = Annotated[
    Path,
    typer.Argument(
        metavar="LEDGER",
        help="The file that `subalign transcribe --ledger` keeps.",
        show_default=False,
    ),
]
_State = Annotated[
    Literal["waiting", "running", "done", "skipped", "failed"] | None,
    typer.Option("--state", help="Only recordings in this state.", show_default="all"),
]


@jobs_app.command("show", short_help="Show a ledger as a table.")
@subcommand
def show(_session: Session, ledger: _Ledger, state: _State = None) -> None:
    """Show a row for each recording, with the reason where it failed, and how many there are.

    A run may be at work on the ledger.
    """
    rows = _rows(ledger, state)
    table = [_HEADINGS, *map(_cells, rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(_HEADINGS) - 1)]
    print_pieces(
        line
        for cells, row in zip(table, [None, *rows], strict=True)
        for line in _table_lines(cells, widths, row)
    )
    print_pieces([_summary(rows)])


@jobs_app.command("export", short_help="Write a ledger as JSON or CSV.")
@subcommand
def export(
    _session: Session,
    ledger: _Ledger,
    format: Annotated[
        Literal["json", "csv"], typer.Option("--format", "-f", help="How rows are written.")
    ] = "json",
    state: _State = None,
) -> None:
    """Write all that the ledger has of each recording to standard output.

    Times are seconds, a file's time of change nanoseconds since 1970.
    """
    from subalign.pipeline.ledger import rows_as_json

    rows = _rows(ledger, state)
    print_text("".join(rows_as_json(rows) if format == "json" else _csv(rows)))


@jobs_app.command("verify", short_help="Check that all results are there, unchanged.")
@subcommand
def verify(session: Session, ledger: _Ledger) -> int:
    """Check that recordings that are done, and their results, are as the ledger has them.

    What is missing or has changed is told, with exit code 1.
    """
    from subalign.pipeline.ledger import problems_of

    rows = _rows(ledger, None)
    problems = [problem for row in rows for problem in problems_of(row)]
    for problem in problems:
        session.fail(f"{problem}.")
    print_pieces([_summary(rows)])
    return 1 if problems else 0


@jobs_app.command("merge", short_help="Put several ledgers into one.")
@subcommand
def merge(
    session: Session,
    ledgers: Annotated[
        list[Path],
        typer.Argument(metavar="LEDGER", help="The ledgers of one run.", show_default=False),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The new ledger.", show_default=False),
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file that is there.")
    ] = False,
) -> None:
    """Put the ledgers of a run that was shared out into a new one.

    Of a recording that is in several, the row that has come farthest is kept.
    """
    from subalign.pipeline.ledger import merge_ledgers

    count = merge_ledgers(ledgers, output, overwrite=overwrite)
    session.say(f"{output} has the {count} recordings of {len(ledgers)} ledgers.")


def _rows(ledger: Path, state: str | None) -> "list[Row]":
    from subalign.pipeline.ledger import read_ledger

    return [row for row in read_ledger(ledger) if state in (None, row.state)]


def _cells(row: "Row") -> tuple[str, ...]:
    return (
        row.state,
        str(row.attempts),
        _clock(row.duration),
        _clock(row.seconds),
        row.node or "-",
        row.source,
    )


def _table_lines(cells: Sequence[str], widths: Sequence[int], row: "Row | None") -> Iterator[str]:
    last = len(widths)
    line = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells[:last], widths, strict=True))
    yield f"{line}  {printable_line(cells[last])}\n"
    if row is not None and row.error is not None:
        yield f"    {printable_line(row.error)}\n"


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    from subalign.cli.progress import clock

    return clock(seconds)


def _summary(rows: "Sequence[Row]") -> str:
    """Such as "500 recordings: 498 done, 2 failed"."""
    from subalign.pipeline.ledger import STATES

    counts = Counter(row.state for row in rows)
    listed = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    total = f"{len(rows)} recording{'' if len(rows) == 1 else 's'}"
    return f"{total}: {listed}" if listed else total


def _csv(rows: "Iterable[Row]") -> Iterator[str]:
    from subalign.audio.source import legible

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    names = "source state attempts node ended seconds duration version error_class error".split()
    writer.writerow([*names, "size", "mtime", "sample", "outputs", "sha256"])
    for row in rows:
        facts = [getattr(row, name) for name in names]
        file = row.fingerprint
        facts += [file.size, file.mtime, file.sample] if file else [None] * 3
        facts.append("; ".join(output.path for output in row.outputs))
        facts.append("; ".join(output.sha256 or "" for output in row.outputs))
        writer.writerow([legible(fact) if isinstance(fact, str) else fact for fact in facts])
    yield text.getvalue()
