"""Works through the recordings of a job: plan, have them transcribed, tell what failed.

What is wrong with one recording never stops the others. Inputs and outputs are checked before the
model is loaded, so that mistakes come back at once; until then this module imports no PyTorch.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from subalign.audio import is_address
from subalign.audio.source import resolve_source
from subalign.cli.console import Session
from subalign.cli.job import TranscribeJob, Work
from subalign.cli.manifest import ManifestEntry
from subalign.cli.messages import (
    exit_code_after,
    report,
    say_skipped,
    sentence_of,
    shown_warnings,
)
from subalign.errors import InputError, OutputError, UsageError
from subalign.pipeline.ledger import (
    Ledger,
    Row,
    fingerprint,
    is_done,
    rows_as_json,
    source_key,
    written_files,
)
from subalign.pipeline.outputs import (
    ExistingFiles,
    Input,
    Output,
    find_inputs,
    is_same_file,
    plan_outputs,
    prepare_outputs,
    write_text,
)
from subalign.pipeline.page_media import check_embedding

__all__ = ["run_transcribe"]


@dataclass
class _Plan:
    """What is to be done, and what is over: recordings that failed, each with the reason."""

    works: list[Work] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    done: int = 0
    failed_before: int = 0
    total: int = 0
    found_nothing: list[Row] = field(default_factory=list)  # folders without recordings
    taken: dict[Path, str] = field(default_factory=dict)  # files of this run, each with whose it is


def run_transcribe(job: TranscribeJob, session: Session) -> int:
    """Carry out a job; returns the exit code.

    Raises:
        UsageError: the options do not fit the model, the machine or the ledger.
        ModelError: the model is not available.
        InputError, OutputError: the ledger cannot be used.
    """
    ledger = Ledger(job.ledger, job.result_options, resume=job.run.goes_on)
    with shown_warnings(session), ledger:
        if job.run.retry_failed:
            ledger.forgive()
        plan = _planned(job, ledger, session)
        if not job.quiet:
            _say_what_is_over(plan, session)
        if job.results.to_stdout and len(plan.works) > 1:
            raise UsageError(
                "Standard output takes the result of one recording: give a folder as --output-dir."
            )
        with _reported(job, plan, ledger):
            for work, row in _rows(plan.works, job, ledger, session):
                if row.state == "failed":
                    plan.failed.append((work.label, row.error or ""))
    return exit_code_after(plan.failed, plan.total, session)


@contextmanager
def _reported(job: TranscribeJob, plan: _Plan, ledger: Ledger) -> Iterator[None]:
    """Write the report in the end, also of a run that was interrupted."""
    path = job.run.report
    if path is None:
        yield
        return
    others = [*map(Path, job.sources), *plan.taken, *([job.ledger] if job.ledger else [])]
    if any(is_same_file(path, other) for other in others):
        raise UsageError(f"--report {path} is another file of this run: name a new one.")
    is_new = job.results.existing == "refuse" and not job.run.goes_on
    prepare_outputs([Output("report", path)], "refuse" if is_new else "overwrite")
    try:
        yield
    finally:
        rows = rows_as_json([*ledger.rows(), *plan.found_nothing])
        write_text("".join(rows), path, overwrite=not is_new)


def _say_what_is_over(plan: _Plan, session: Session) -> None:
    if not plan.total:
        session.say("No recording is in this shard.")
    if plan.done:
        session.say(f"{plan.done} of {plan.total} recordings are done already.")
    if plan.failed_before:
        session.say(
            f"{plan.failed_before} of {plan.total} recordings failed before: --retry-failed tries "
            "them again."
        )
    say_skipped(plan.skipped, session)


def _planned(job: TranscribeJob, ledger: Ledger, session: Session) -> _Plan:
    plan = _Plan()
    seen: set[str] = set()
    for source, found, own in _found(job):
        if isinstance(found, InputError):
            report(found, session)
            reason = sentence_of(found)
            error = (type(found).__name__, reason)
            plan.failed.append(("", reason))
            plan.found_nothing.append(Row.ended_now(source_key(source), "failed", error=error))
            plan.total += 1
            continue
        key = source_key(found.source)
        if key not in seen:
            seen.add(key)
            if not _is_in_shard(found, job.run.shard):
                with suppress(OutputError):  # which files are whose is to be known all the same
                    plan_outputs(found, job.results.formats, job.results.folder, plan.taken)
                continue
            plan.total += 1
            _plan_one(found, own, key, plan, job, ledger, session)
    ledger.expect(work.key for work in plan.works)
    return plan


def _is_in_shard(item: Input, shard: tuple[int, int] | None) -> bool:
    """By the name below the given folder, which is the same on all machines and for all times."""
    if shard is None:
        return True
    part, parts = shard
    name = item.source if is_address(item.source) else Path(item.source).name
    digest = hashlib.sha256(os.fsencode((item.subfolder / name).as_posix())).digest()
    return int.from_bytes(digest[:8], "big") % parts == part - 1


def _found(job: TranscribeJob) -> Iterator[tuple[str, Input | InputError, ManifestEntry | None]]:
    """The recordings that are named, then those of the manifest with what it tells of each.

    Each after the name under which it was found.
    """
    for source in job.sources:
        for found in find_inputs((source,)):
            yield source, found, None
    for entry in job.manifest:
        if Path(entry.path).is_dir():
            error = InputError(f"{entry.path} is a folder: a manifest names recordings.")
            yield entry.path, error, entry
            continue
        for found in find_inputs((entry.path,)):
            named = found if isinstance(found, InputError) else replace(found, name=entry.name)
            yield entry.path, named, entry


def _plan_one(
    item: Input,
    own: ManifestEntry | None,
    key: str,
    plan: _Plan,
    job: TranscribeJob,
    ledger: Ledger,
    session: Session,
) -> None:
    before = ledger.row(key)
    if before is not None and before.state == "failed":
        plan.failed.append((item.source, before.error or ""))
        plan.failed_before += 1
        return
    if is_done(before) and before is not None and before.options == (own and own.own):
        plan.done += 1
        return
    try:
        label = resolve_source(item.source).label
        outputs, existing = _outputs(item, job, plan.taken, before)
    except (InputError, OutputError) as error:
        report(error, session)
        reason = sentence_of(error)
        plan.failed.append((item.source, reason))
        ledger.end(Row.ended_now(key, "failed", error=(type(error).__name__, reason)))
        return
    if outputs or job.results.printed(item.source):
        plan.works.append(Work(item, key, label, outputs, existing, ledger.journal(key), own))
        return
    ledger.end(Row.ended_now(key, "skipped", file=fingerprint(key)))
    plan.skipped.append(label)


def _outputs(
    item: Input, job: TranscribeJob, taken: dict[Path, str], before: Row | None
) -> tuple[tuple[Output, ...], ExistingFiles]:
    """The files to write, and what happens where one is there: the ledger's own are replaced."""
    existing: ExistingFiles = job.results.existing
    if job.results.embed:
        check_embedding(item.source)
    if job.results.printed(item.source):
        return (), existing
    planned = plan_outputs(
        *(item, job.results.formats, job.results.folder, taken), censored=job.results.censored
    )
    own = {output.path for output in before.outputs} if before else set()
    if {file.path for file in written_files(planned, done=False)} <= own:
        existing = "overwrite"
    return prepare_outputs(planned, existing), existing


def _rows(
    works: list[Work], job: TranscribeJob, ledger: Ledger, session: Session
) -> Iterator[tuple[Work, Row]]:
    """What comes of each recording, and is in the ledger."""
    if not works:
        return iter(())
    if job.run.jobs is not None or job.run.engine == "ray":
        from subalign.cli.transcribe_workers import rows_of_workers

        return rows_of_workers(works, job, ledger, session)
    from subalign.cli.transcribe_one import rows_of_this_process

    return rows_of_this_process(works, job, ledger, session)
