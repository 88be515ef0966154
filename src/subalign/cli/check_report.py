"""What `subalign check` found, as a table for people or as JSON for programs."""

import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from subalign.audio.source import legible
from subalign.cli.console import one_line
from subalign.cli.standard_output import print_text

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from subalign.subtitles.checking import Problem

__all__ = ["FileReport", "report_json", "report_text"]

_HEADINGS = ("", "CUE", "TIME", "PROBLEM", "FOUND", "LIMIT")

_SENTENCES = {
    "encoding": "not UTF-8",
    "line-breaks": "mixed line breaks",
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


@dataclass(frozen=True, slots=True)
class FileReport:
    """A file and what is wrong with it; where it was mended, what came of that.

    `before` and `after` are the texts of the given and of the mended file `fixed`, and `remaining`
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
        """How many errors there are, after mending where there was any."""
        left = self.problems if self.fixed is None else self.remaining
        return sum(problem.is_error for problem in left)


def report_json(reports: Sequence[FileReport]) -> str:
    """An object with `files`; the problems' times are in seconds, `line` and `cue` from 1."""
    from subalign.subtitles.json_writer import escape_controls

    files = [
        {
            "file": legible(report.source),
            "format": report.format,
            "profile": report.profile,
            **_counted(report.problems),
            "problems": [_facts(problem) for problem in report.problems],
            **_mending(report),
        }
        for report in reports
    ]
    return escape_controls(json.dumps({"files": files}, indent=2, ensure_ascii=False))


def report_text(reports: Sequence[FileReport]) -> None:
    """Write a table for each file to standard output, and the diff where it was mended."""
    from rich.console import Console

    if sys.stdout is not None and sys.stdout.isatty():
        console = Console(markup=False, highlight=False, emoji=False)
        console.print(*_sections(reports), sep="\n")
        return
    # files and pipes get whole lines in UTF-8, whatever the terminal's width
    text = io.StringIO()
    console = Console(file=text, width=1000, markup=False, highlight=False, color_system=None)
    console.print(*_sections(reports), sep="\n")
    lines = text.getvalue().split("\n")
    print_text("\n".join(line.rstrip() for line in lines))


def _sections(reports: Sequence[FileReport]) -> "Iterator[RenderableType]":
    from rich.text import Text

    for report in reports:
        yield Text.assemble(
            (one_line(report.source), "bold"),
            f": {_summary(report.problems)} ({report.format}, {report.profile})",
        )
        if report.problems:
            yield _table(report.problems)
        if report.fixed is not None:
            yield from _diff(report)
            yield Text(f"{one_line(report.fixed)}: {_summary(report.remaining)} left")
            if report.remaining:
                yield _table(report.remaining)


def _table(problems: "Sequence[Problem]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 0, 0, 2), header_style="")
    for heading in _HEADINGS:
        right = heading in ("CUE", "FOUND", "LIMIT")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for problem in problems:
        style, name = ("red", "error") if problem.is_error else ("yellow", "warning")
        place = "" if problem.line is None else f"line {problem.line}"
        table.add_row(
            Text(name, style),
            str(problem.cue or ""),
            place if problem.start_ms is None else _clock(problem.start_ms),
            _SENTENCES[problem.kind],
            Text(_measured(problem.kind, problem.value)),
            Text(_measured(problem.kind, problem.allowed)),
        )
    return table


def _diff(report: FileReport) -> "Iterator[Text]":
    from rich.text import Text

    from subalign.subtitles.checking.diff import unified_diff

    names = one_line(report.source), one_line(report.fixed or "")
    for line in unified_diff(report.before, report.after, *names):
        yield Text(one_line(line), _DIFF_STYLES.get(line[:1], ""))


def _summary(problems: "Sequence[Problem]") -> str:
    counts = _counted(problems)
    parts = [
        f"{count} {name[:-1] if count == 1 else name}" for name, count in counts.items() if count
    ]
    return ", ".join(parts) or "no problems"


def _counted(problems: "Sequence[Problem]") -> dict[str, int]:
    errors = sum(problem.is_error for problem in problems)
    return {"errors": errors, "warnings": len(problems) - errors}


def _mending(report: FileReport) -> dict[str, object]:
    if report.fixed is None:
        return {}
    return {"fixed": report.fixed, "remaining": [_facts(problem) for problem in report.remaining]}


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
        return one_line(value)
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
