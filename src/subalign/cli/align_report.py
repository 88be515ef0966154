"""How well a transcript fits its recording, as tables for people."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from subalign.cli.console import one_line
from subalign.cli.progress import clock
from subalign.results import Alignment, CueScore, Passage, Segment
from subalign.subtitles.tags import plain_text

__all__ = ["report_tables"]

_ROWS = 5
_TEXT_WIDTH = 60


def report_tables(alignment: Alignment) -> Iterator[RenderableType]:
    """The words by how they were found, then passages and cues that do not fit, where any are."""
    report = alignment.report
    yield _title("Words")
    yield _counts(
        report.words,
        {"heard": report.heard, "estimated": report.estimated, "not found": report.missing},
    )
    if report.missing_passages:
        yield _title("Not found in the recording")
        yield _passages(report.missing_passages)
    if report.unscripted:
        yield _title("Speech that is not in the transcript")
        yield _passages(report.unscripted)
    worst = [score for score in report.worst if score.heard < 1]
    if worst:
        yield _title("Cues that fit least")
        segments = {segment.id: segment for segment in alignment.transcript.segments}
        yield _cues([(score, segments[score.segment]) for score in worst])


def _counts(words: int, counts: dict[str, int]) -> Table:
    table = _table()
    table.add_column(justify="right")
    table.add_column(justify="right")
    for name, count in counts.items():
        table.add_row(name, f"{count:,}", f"{count / words:.1%}" if words else "-")
    return table


def _passages(passages: Sequence[Passage]) -> Table:
    table = _table()
    table.add_column()
    for passage in passages[:_ROWS]:
        table.add_row(_times(passage.start, passage.end), _short(passage.text))
    _add_rest(table, len(passages))
    return table


def _cues(worst: Sequence[tuple[CueScore, Segment]]) -> Table:
    table = _table()
    table.add_column(justify="right")
    table.add_column()
    for score, segment in worst[:_ROWS]:
        times = _times(segment.start, segment.end)
        table.add_row(times, f"{score.heard:.0%} heard", _short(segment.text))
    _add_rest(table, len(worst))
    return table


def _title(text: str) -> Text:
    return Text(text, style="bold")


def _table() -> Table:
    # the first column's indentation sets tables off from their titles
    table = Table(box=None, show_header=False, padding=(0, 0, 0, 2))
    table.add_column(no_wrap=True)
    return table


def _add_rest(table: Table, rows: int) -> None:
    if rows > _ROWS:
        table.add_row(f"and {rows - _ROWS} more")


def _times(start: float, end: float) -> str:
    return f"{clock(start)} - {clock(end)}"


def _short(text: str) -> Text:
    line = one_line(plain_text(text).strip())
    return Text(line if len(line) <= _TEXT_WIDTH else line[: _TEXT_WIDTH - 1] + "…")
