"""Works through the recordings of a job: plan, load the model once, transcribe, write.

What is wrong with one recording never stops the others. Inputs and outputs are checked before the
model is loaded, so that mistakes come back at once. This module imports PyTorch.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from subalign.audio import is_address
from subalign.audio.source import resolve_source
from subalign.cli.console import Session
from subalign.cli.job import TranscribeJob, write_results
from subalign.cli.loading import loaded_model
from subalign.cli.messages import (
    each_file,
    exit_code_after,
    report,
    say_skipped,
    shown_warnings,
)
from subalign.cli.progress import RunProgress, audio_done, clock, run_summary
from subalign.decoding import LanguageGuess, check_language
from subalign.errors import InputError, OutputError, UsageError
from subalign.model import Whisper
from subalign.pipeline.outputs import (
    Input,
    Output,
    find_inputs,
    plan_outputs,
    prepare_outputs,
)
from subalign.pipeline.page_media import check_embedding
from subalign.pipeline.recordings import transcribe_recording
from subalign.results import Segment
from subalign.tokenizer import LANGUAGES

__all__ = ["run_transcribe"]


@dataclass(frozen=True, slots=True)
class _Work:
    """One recording with the files to write, or with none where its result is printed.

    `label` is the source as messages name it.
    """

    input: Input
    label: str
    outputs: tuple[Output, ...]

    def __str__(self) -> str:
        return self.label


def run_transcribe(job: TranscribeJob, session: Session) -> int:
    """Carry out a job; returns the exit code.

    Raises:
        UsageError: the options do not fit the model or the machine.
        ModelError: the model is not available.
    """
    with shown_warnings(session):
        planned = list(_plan(job, session))
        works = [work for work in planned if work is not None]
        failed = len(planned) - len(works)
        if works:
            failed += _transcribe_all(works, job, session)
    return exit_code_after(failed, len(planned), session)


def _plan(job: TranscribeJob, session: Session) -> Iterator[_Work | None]:
    """The recordings to work on; None for each that failed already."""
    taken: dict[Path, str] = {}
    seen: set[str] = set()
    skipped: list[str] = []
    for found in find_inputs(job.sources):
        if isinstance(found, InputError):
            report(found, session)
            yield None
            continue
        place = os.path.abspath(found.source) if _is_file(found) else found.source
        if place in seen:
            continue
        seen.add(place)
        try:
            label = resolve_source(found.source).label
            outputs = _outputs(found, job, taken)
        except (InputError, OutputError) as error:
            report(error, session)
            yield None
            continue
        if outputs or job.results.printed(found.source):
            yield _Work(found, label, outputs)
        else:
            skipped.append(label)
    if not job.quiet:
        say_skipped(skipped, session)


def _is_file(item: Input) -> bool:
    return item.source != "-" and not is_address(item.source)


def _outputs(item: Input, job: TranscribeJob, taken: dict[Path, str]) -> tuple[Output, ...]:
    if job.results.embed:
        check_embedding(item.source)
    if job.results.printed(item.source):
        return ()
    planned = plan_outputs(item, job.results.formats, job.results.folder, taken)
    return prepare_outputs(planned, job.results.existing)


def _transcribe_all(works: list[_Work], job: TranscribeJob, session: Session) -> int:
    """Returns how many recordings failed."""
    if job.results.to_stdout and len(works) > 1:
        raise UsageError(
            "Standard output takes the result of one recording: give a folder as --output-dir."
        )
    with loaded_model(
        job.compute,
        session,
        quiet=job.quiet,
        command="transcribe",
        language=job.transcription.language,
        task=job.transcription.task,
    ) as model:
        check_language(model, job.transcription.language, job.transcription.task)
        shown = session.console.is_terminal and not job.quiet
        with RunProgress(session.console, shown=shown) as progress:
            return each_file(
                works, lambda work: _transcribe_one(work, job, model, session, progress), session
            )


def _transcribe_one(
    work: _Work, job: TranscribeJob, model: Whisper, session: Session, progress: RunProgress
) -> None:
    started = time.perf_counter()
    progress.open(work.label)
    try:
        stream = transcribe_recording(
            work.input.source,
            model=model,
            options=job.transcription,
            audio=job.audio,
            alignment=job.alignment,
            on_audio=progress.read,
        )
        progress.follow(work.label, stream, job.transcription.clips)
        _warn_of_guess(stream.language_guess, work.label, session)
        for segment in stream:
            if job.verbose:
                session.say(_live(segment))
        transcript = stream.transcript()
    finally:
        progress.finish()
    if not transcript.segments:
        session.warn(f"No speech was found in {work.label}: the result is without text.")
    written = write_results(
        *(transcript, work.outputs, job.results, job.layout),
        recording=work.input.source,
        audio=job.audio,
    )
    if not job.quiet:
        session.say(
            run_summary(
                work.label,
                written,
                audio=audio_done(job.transcription.clips, transcript.duration, transcript.duration),
                elapsed=time.perf_counter() - started,
                language=_named(stream.language_guess) if stream.language_guess else None,
                arrow=session.arrow,
            )
        )


def _warn_of_guess(guess: LanguageGuess | None, label: str, session: Session) -> None:
    if guess is not None and not guess.sure:
        session.warn(
            f"The language of {label} is only guessed to be {_named(guess)}: name it with "
            "--language if it is another."
        )


def _named(guess: LanguageGuess) -> str:
    """Such as English (0.98)."""
    return f"{LANGUAGES[guess.language].title()} ({guess.probability:.2f})"


def _live(segment: Segment) -> str:
    return f"[{clock(segment.start)} - {clock(segment.end)}] {segment.text.strip()}"
