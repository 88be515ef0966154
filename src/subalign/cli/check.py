"""`subalign check`: subtitle files against their format's rules and a profile's limits."""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from subalign.audio.source import legible
from subalign.cli import options as cli
from subalign.cli.arguments import Only, subcommand
from subalign.cli.console import Session, print_pieces, print_text, stdout_carries
from subalign.cli.layout_options import LayoutArguments
from subalign.cli.messages import each_file, shown_warnings
from subalign.errors import InputError, OutputExistsError, UsageError, printable_line
from subalign.options import LayoutOptions, check_encoding

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from subalign.subtitles.check import Problem
    from subalign.subtitles.files import SubtitleFile

__all__ = [
    "FileReport",
    "check",
    "report_json",
    "report_text",
]


@dataclass(frozen=True, slots=True)
class FileReport:
    """A file and what is wrong with it; where it was fixed, what came of that.

    `before` and `after` are the texts of the given and of the fixed file `fixed`, and `remaining`
    is what is wrong with that.
    """

    source: str
    format: str
    profile: str
    problems: "tuple[Problem, ...]"
    fixed: str | None = None
    before: str = field(default="", repr=False)
    after: str = field(default="", repr=False)
    remaining: "tuple[Problem, ...]" = ()

    @property
    def remaining_errors(self) -> int:
        """How many errors there are, after fixing where that was done."""
        left = self.problems if self.fixed is None else self.remaining
        return sum(problem.is_error for problem in left)


def _fixing(name: str, help: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        name,
        help=help,
        show_default=False,
        rich_help_panel="Fixes",
        allow_from_autoenv=False,
    )
    return option


_Limits = Annotated[
    LayoutArguments,
    Only(
        *("profile", "max_line_width", "max_line_count", "max_cps"),
        *("min_duration", "max_duration", "min_gap", "fps"),
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="Write JSON.", show_default=False)]
_Fix = Annotated[
    bool,
    _fixing("--fix", "Fix what is mechanical, write it as NAME.fixed.srt and show what changes."),
]
_InPlace = Annotated[bool, _fixing("--in-place", "With --fix: write into the file itself.")]
_Overwrite = Annotated[bool, _fixing("--overwrite", "With --fix: replace NAME.fixed.srt.")]


@subcommand
def check(
    session: Session,
    files: cli.SubtitleFiles,
    *,
    layout: _Limits,
    encoding: cli.Encoding = None,
    as_json: _Json = False,
    fix: _Fix = False,
    in_place: _InPlace = False,
    overwrite: _Overwrite = False,
) -> int:
    """Find what is wrong with subtitle files; exit code 1 if there is an error."""
    if (in_place or overwrite) and not fix:
        raise UsageError("--in-place and --overwrite need --fix.")
    if layout.profile == "openai":
        raise UsageError(
            "--profile openai is a layout without limits: check against netflix, bbc, "
            "broadcast, social or verbatim."
        )
    target = "source" if in_place else "beside" if fix else None
    encoding = None if encoding is None else check_encoding(encoding)
    wanted = _Wanted(layout.options(session.settings.profiles), encoding, target, overwrite)
    reports: list[FileReport] = []
    with shown_warnings(session):
        failed = each_file(files, lambda file: reports.append(_check_one(file, wanted)), session)
    if as_json:
        print_pieces(
            piece if stdout_carries(piece) else _BEYOND_ASCII.sub(_escaped, piece)
            for piece in report_json(reports)
        )
    else:
        report_text(reports)
    return 1 if failed or any(found.remaining_errors for found in reports) else 0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the options say; `target` is "source", "beside", or None where nothing is fixed."""

    limits: LayoutOptions
    encoding: str | None
    target: str | None
    overwrite: bool


def _check_one(source: str, wanted: _Wanted) -> FileReport:
    from subalign.pipeline.outputs import write
    from subalign.subtitles.check import check_file, fix_file
    from subalign.subtitles.files import (
        check_certain,
        read_subtitle_file,
        render_subtitle_file,
    )
    from subalign.subtitles.layout.profiles import chosen_profile

    profile = chosen_profile(wanted.limits)
    file = read_subtitle_file(source, encoding=wanted.encoding)
    found = FileReport(source, file.suffix, profile.name, tuple(check_file(file, profile)))
    if wanted.target is None:
        return found
    check_certain(file, source)
    fixed = fix_file(file, profile)
    if fixed == file:
        return found
    if not fixed.cues:
        raise InputError(f"{source} has no cue with text: there is nothing to keep in it.")
    path = _target(source, file.suffix, wanted)
    write(fixed, path, overwrite=wanted.overwrite or wanted.target == "source")
    after = render_subtitle_file(fixed)
    return replace(
        found,
        fixed=str(path),
        before=file.original,
        after=after,
        remaining=tuple(check_file(_read_back(fixed, after, source), profile)),
    )


def _read_back(fixed: "SubtitleFile", text: str, source: str) -> "SubtitleFile":
    """The file as it is read again."""
    from subalign.subtitles.files import parse_subtitle_file

    read = parse_subtitle_file(text, source, fixed.format)
    return replace(read, stored=fixed.stored, head=fixed.head)


def _target(source: str, form: str, wanted: _Wanted) -> Path:
    """Where the fixed file goes."""
    path = Path(f"stdin.{form}" if source == "-" else source)
    if wanted.target == "source":
        if source == "-":
            raise UsageError("--in-place needs a file: leave it out for standard input.")
        return path
    beside = path.with_name(f"{path.stem}.fixed{path.suffix or f'.{form}'}")
    if beside.exists() and not wanted.overwrite:
        raise OutputExistsError(
            f"{beside} is there already: add --overwrite to replace it, or --in-place to fix "
            f"{path} itself."
        )
    return beside


_HEADINGS = ("", "CUE", "TIME", "PROBLEM", "FOUND", "LIMIT")
_RIGHT = ("CUE", "FOUND", "LIMIT")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")

_SENTENCES = {
    "encoding": "not UTF-8",
    "line-breaks": "mixed line breaks",
    "controls": "control characters",
    "header": "no header",
    "rolling": "rolling captions: lines are repeated",
    "lost-text": "text without readable times",
    "numbering": "number out of order",
    "time-format": "times not in the format's form",
    "negative": "time before 0",
    "order": "starts before an earlier cue",
    "empty": "no text",
    "blank-line": "blank line within the text",
    "open-tag": "tag left open",
    "stray-tag": "tag closes nothing",
    "reversed": "ends before it starts",
    "zero": "ends when it starts",
    "overlap": "overlaps the next cue",
    "gap": "too close to the next cue",
    "short": "flashes",
    "long": "stays too long",
    "speed": "too fast to read",
    "width": "line too wide",
    "lines": "too many lines",
    "words": "too many words in a line",
}
_UNITS = {"speed": "cps", "width": "columns", "lines": "lines", "words": "words"}

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def report_json(reports: Sequence[FileReport]) -> Iterator[str]:
    """An object with `files`; the problems' times are in seconds, `line` and `cue` from 1.

    It comes in pieces, as of a million problems the whole text takes gigabytes.
    """
    from subalign.subtitles.formats.json import escape_controls

    files = (
        {
            "file": legible(report.source),
            "format": report.format,
            "profile": report.profile,
            **_counted(report.problems),
            "problems": map(_facts, report.problems),
            **_fix_facts(report),
        }
        for report in reports
    )
    return map(escape_controls, _json_pieces({"files": files}))


def _json_pieces(value: object, indent: str = "") -> Iterator[str]:
    """What `json.dumps` makes of it with an indent of 2; iterators are lists."""
    if isinstance(value, Iterator):
        opening, closing, items = "[", "]", (("", item) for item in value)
    elif isinstance(value, dict) and any(isinstance(item, Iterator) for item in value.values()):
        opening, closing = "{", "}"
        items = ((f"{json.dumps(key)}: ", item) for key, item in value.items())
    else:
        yield json.dumps(value, ensure_ascii=False, indent=2).replace("\n", f"\n{indent}")
        return
    mark = opening
    for key, item in items:
        before = f"{mark}\n{indent}  {key}"
        for piece in _json_pieces(item, f"{indent}  "):
            yield before + piece
            before = ""
        mark = ","
    yield f"\n{indent}{closing}" if mark == "," else f"{opening}{closing}"


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def report_text(reports: Sequence[FileReport]) -> None:
    """Write a table for each file to standard output, and the diff where it was fixed."""
    from rich.console import Console
    from rich.text import Text

    if sys.stdout is not None and sys.stdout.isatty():
        console = Console(markup=False, highlight=False, emoji=False)
        parts = _sections(reports)
        console.print(*(p if isinstance(p, Text) else _table(p) for p in parts), sep="\n")
        return
    # files and pipes get whole lines in UTF-8, whatever the terminal's width
    lines: list[str] = []
    for part in _sections(reports):
        lines += [part.plain] if isinstance(part, Text) else _table_lines(part)
    print_text("".join(f"{line.rstrip()}\n" for line in lines))


def _sections(reports: Sequence[FileReport]) -> "Iterator[Text | Sequence[Problem]]":
    """Lines, and problems where their table stands."""
    from rich.text import Text

    for found in reports:
        yield Text.assemble(
            (printable_line(found.source), "bold"),
            f": {_summary(found.problems)} ({found.format}, {found.profile})",
        )
        if found.problems:
            yield found.problems
        if found.fixed is not None:
            yield from _diff(found)
            yield Text(f"{printable_line(found.fixed)}: {_summary(found.remaining)} left")
            if found.remaining:
                yield found.remaining


def _table_lines(problems: "Sequence[Problem]") -> "Iterator[str]":
    """The lines of `_table` as wide as they are, which Rich takes long for where there are many."""
    from rich.cells import cell_len

    rows = [_HEADINGS, *map(_cells, problems)]
    columns = list(zip(*rows, strict=True))
    widths = [max(map(cell_len, cells)) for cells in columns]
    for row in rows:
        line = ""
        for heading, cell, width in zip(_HEADINGS, row, widths, strict=True):
            space = " " * (width - cell_len(cell))
            line += f"  {space}{cell}" if heading in _RIGHT else f"  {cell}{space}"
        yield line


def _cells(problem: "Problem") -> tuple[str, ...]:
    place = "" if problem.line is None else f"line {problem.line}"
    return (
        "error" if problem.is_error else "warning",
        str(problem.cue or ""),
        place if problem.start_ms is None else _clock(problem.start_ms),
        _SENTENCES[problem.kind],
        _measured(problem.kind, problem.value),
        _measured(problem.kind, problem.allowed),
    )


def _table(problems: "Sequence[Problem]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 0, 0, 2), header_style="")
    for heading in _HEADINGS:
        justify: Literal["left", "right"] = "right" if heading in _RIGHT else "left"
        table.add_column(heading, justify=justify, overflow="fold")
    for problem in problems:
        name, *cells = _cells(problem)
        style = "red" if problem.is_error else "yellow"
        table.add_row(Text(name, style), *map(Text, cells))
    return table


def _diff(report: FileReport) -> "Iterator[Text]":
    from rich.text import Text

    from subalign.subtitles.check.diff import unified_diff

    names = printable_line(report.source), printable_line(report.fixed or "")
    for line in unified_diff(report.before, report.after, *names):
        yield Text(printable_line(line), _DIFF_STYLES.get(line[:1], ""))


def _summary(problems: "Sequence[Problem]") -> str:
    counts = _counted(problems)
    parts = [
        f"{count} {name[:-1] if count == 1 else name}" for name, count in counts.items() if count
    ]
    return ", ".join(parts) or "no problems"


def _counted(problems: "Sequence[Problem]") -> dict[str, int]:
    errors = sum(problem.is_error for problem in problems)
    return {"errors": errors, "warnings": len(problems) - errors}


def _fix_facts(report: FileReport) -> dict[str, object]:
    if report.fixed is None:
        return {}
    return {"fixed": report.fixed, "remaining": map(_facts, report.remaining)}


def _facts(problem: "Problem") -> dict[str, object]:
    return {
        "problem": problem.kind,
        "severity": "error" if problem.is_error else "warning",
        "cue": problem.cue,
        "line": problem.line,
        "start": None if problem.start_ms is None else problem.start_ms / 1000,
        "found": _plain(problem.value),
        "limit": _plain(problem.allowed),
    }


def _plain(value: float | str | None) -> float | str | None:
    return round(value, 3) if isinstance(value, float) else value


def _measured(kind: str, value: float | str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return printable_line(value)
    if kind in ("speed", "width", "lines", "words"):
        return f"{_digits(value, 1)} {_UNITS[kind]}"
    return f"{_digits(value, 3)} s"


def _digits(value: float, places: int) -> str:
    """The value with so many decimals or fewer, however large it is."""
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _clock(time_ms: int) -> str:
    seconds, fraction = divmod(abs(time_ms), 1000)
    sign = "-" if time_ms < 0 else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:03}"
