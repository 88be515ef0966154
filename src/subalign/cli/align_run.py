"""Carries out `subalign align`: read the transcript, plan, load the model, align, write, report.

The transcript and the outputs are checked before the model is loaded, so that mistakes come back
at once. This module imports PyTorch.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from subalign.audio.source import resolve_source
from subalign.cli.console import Session, print_bytes
from subalign.cli.job import AlignJob, write_results
from subalign.cli.loading import loaded_model
from subalign.cli.messages import NOT_HEARD, say_skipped, shown_warnings
from subalign.cli.progress import RunProgress, clock, run_summary
from subalign.cli.speakers import prepare_voices, tell_speakers
from subalign.cli.wording import reword
from subalign.errors import InputError, UsageError, printable_line
from subalign.model import Whisper
from subalign.pipeline.outputs import (
    Input,
    Output,
    find_inputs,
    is_same_file,
    plan_outputs,
    prepare_outputs,
    refuse_given,
    write,
    write_report,
)
from subalign.pipeline.page_media import check_embedding
from subalign.pipeline.recordings import align_recording, check_script
from subalign.results import Alignment, CueScore, Passage, Script, Segment
from subalign.subtitles.files import (
    SubtitleFile,
    check_certain,
    file_label,
    read_subtitle_file,
    subtitle_file_bytes,
)
from subalign.subtitles.retiming import retime_by_speech
from subalign.subtitles.script import read_script, script_of_file
from subalign.subtitles.tags import plain_text
from subalign.tokenizer import LANGUAGES

__all__ = ["run_align"]


_ROWS = 5
_TEXT_WIDTH = 60


@dataclass(frozen=True, slots=True)
class _Work:
    """The recording with the files to write; `report` is None where none is wanted.

    `label` is the recording as messages name it.
    """

    input: Input
    label: str
    outputs: tuple[Output, ...]
    report: Path | None


def run_align(job: AlignJob, session: Session) -> int:
    """Carry out a job; returns the exit code.

    Raises:
        SubalignError: the recording, the transcript, the options or the model cannot be used.
    """
    with shown_warnings(session):
        work = _plan(job)
        if not (work.outputs or work.report or _is_printed(job)):
            if not job.quiet:
                say_skipped([work.label], session)
            return 0
        kept = _own_cues(job) if job.keep_file else None
        script = _script(job, kept)
        language = job.script.language or script.language
        with loaded_model(
            job.compute, session, quiet=job.quiet, command="align", language=language
        ) as model:
            check_script(model, script, file_label(job.transcript))
            prepare_voices(job.speakers, model.device, session, quiet=job.quiet)
            return _align(work, job, script, kept, model, session)


def _plan(job: AlignJob) -> _Work:
    """Find out what is to be written, and that nothing is lost by it."""
    if Path(job.source).is_dir():
        raise InputError(f"{job.source} is a folder: name the recording that the transcript is of.")
    (item,) = find_inputs((job.source,))
    if isinstance(item, InputError):
        raise item
    label = resolve_source(item.source).label
    outputs: tuple[Output, ...] = ()
    if job.results.embed:
        check_embedding(item.source)
    if job.keep_file:
        outputs = _own_file(job)
    elif not job.results.printed(item.source):
        outputs = plan_outputs(
            *(item, job.results.formats, job.results.folder, {}), censored=job.results.censored
        )
    refuse_given(outputs, job.transcript, "transcript", job.results.existing)
    planned = list(outputs)
    if job.report is not None:
        others = [Path(job.source), Path(job.transcript), *(output.path for output in outputs)]
        if any(is_same_file(job.report, other) for other in others):
            raise UsageError(f"--report {job.report} is another file of this run: name a new one.")
        planned.append(Output("report", job.report))
    wanted = prepare_outputs(planned, job.results.existing)
    return _Work(
        item,
        label,
        tuple(output for output in wanted if output.format != "report"),
        next((output.path for output in wanted if output.format == "report"), None),
    )


def _own_cues(job: AlignJob) -> SubtitleFile:
    """The given file's cues, whose text is written back."""
    file = read_subtitle_file(job.transcript, encoding=job.script.encoding)
    check_certain(file, file_label(job.transcript))
    return file


def _script(job: AlignJob, file: SubtitleFile | None) -> Script:
    if file is None:
        return read_script(job.transcript, ignore=job.script.ignore, encoding=job.script.encoding)
    return script_of_file(file, file_label(job.transcript), ignore=job.script.ignore)


def _own_file(job: AlignJob) -> tuple[Output, ...]:
    """The file that takes the given cues with their new times."""
    if job.results.to_stdout or job.transcript == "-":
        return ()
    path = Path(job.transcript)
    folder = path.parent if job.results.folder is None else job.results.folder
    return (Output("subtitles", folder / path.name),)


def _is_transcript(path: Path, job: AlignJob) -> bool:
    return job.transcript != "-" and is_same_file(path, Path(job.transcript))


def _align(
    work: _Work,
    job: AlignJob,
    script: Script,
    kept: SubtitleFile | None,
    model: Whisper,
    session: Session,
) -> int:
    started = time.perf_counter()
    with RunProgress(
        session.console, shown=session.console.is_terminal and not job.quiet
    ) as progress:
        progress.open(work.label)
        found = align_recording(
            work.input.source,
            script,
            model=model,
            options=job.script,
            audio=job.audio,
            alignment=job.alignment,
            speakers=job.speakers,
            on_audio=progress.read,
            on_progress=progress.follower(work.label),
            name=file_label(job.transcript),
        )
    tell_speakers(found.transcript, job.speakers, work.label, session, quiet=job.quiet)
    heard = found.report.heard_share >= job.min_heard
    file = None if kept is None else retime_by_speech(kept, script, found.transcript)
    written = _write(work, job, found, file, session, heard=heard)
    if not job.quiet:
        stated = job.script.language or script.language or not model.multilingual
        language = None if stated else LANGUAGES[found.transcript.language].title()
        _show(work, found, written, language, time.perf_counter() - started, session)
    if heard:
        return 0
    session.fail(
        f"Only {found.report.heard_share:.0%} of the words of {file_label(job.transcript)} were "
        f"heard in {work.label}, less than --min-heard {job.min_heard:g}: check that the two "
        "belong together, or use a better --model."
    )
    return NOT_HEARD


def _show(
    work: _Work,
    found: Alignment,
    written: Sequence[str],
    language: str | None,
    elapsed: float,
    session: Session,
) -> None:
    session.console.print(*_report_tables(found), sep="\n")
    session.say(
        run_summary(
            *(work.label, written),
            audio=found.transcript.duration,
            elapsed=elapsed,
            language=language,
            arrow=session.arrow,
        )
    )


def _is_printed(job: AlignJob) -> bool:
    if job.keep_file:
        return job.results.to_stdout or job.transcript == "-"
    return job.results.printed(job.source)


def _write(
    work: _Work,
    job: AlignJob,
    found: Alignment,
    file: SubtitleFile | None,
    session: Session,
    *,
    heard: bool,
) -> list[str]:
    """Write what is wanted; returns the files. What was not heard never replaces the transcript."""
    outputs = [output for output in work.outputs if heard or not _is_transcript(output.path, job)]
    for output in work.outputs:
        if output not in outputs:
            session.warn(f"{output.path} is left as it was, as it does not fit the recording.")
    written: list[str] = []
    if file is None and (outputs or _is_printed(job)):
        transcript, censored = reword(
            found.transcript, job.wording, work.label, session, quiet=job.quiet
        )
        written = write_results(
            *(transcript, outputs, job.results, job.layout),
            recording=work.input.source,
            audio=job.audio,
            censored=censored,
        )
    elif file is not None and _is_printed(job):
        print_bytes(subtitle_file_bytes(replace(file, marked=False, newline="\n")))
    elif file is not None:
        for output in outputs:
            write(file, output.path, overwrite=job.results.overwrite)
            written.append(str(output.path))
    if work.report is not None:
        write_report(found, work.report, overwrite=job.results.overwrite)
        written.append(str(work.report))
    return written


def _report_tables(alignment: Alignment) -> Iterator[RenderableType]:
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
    line = printable_line(plain_text(text).strip())
    return Text(line if len(line) <= _TEXT_WIDTH else line[: _TEXT_WIDTH - 1] + "…")
