"""One recording of a job with a loaded model: transcribe, write, and tell what came of it.

This module imports PyTorch.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Protocol

from subalign.cli.console import Session
from subalign.cli.job import TranscribeJob, Work, write_results
from subalign.cli.loading import loaded_model
from subalign.cli.messages import report, sentence_of
from subalign.cli.progress import Running, RunProgress, audio_done, clock, run_summary
from subalign.cli.speakers import prepare_voices, tell_speakers
from subalign.cli.wording import reword, tell_changes
from subalign.decoding import LanguageGuess, check_language
from subalign.errors import ModelError, ToolMissingError, UsageError
from subalign.model import Whisper
from subalign.options import Clip
from subalign.pipeline.ledger import Ledger, Row, fingerprint, written_files
from subalign.pipeline.recordings import transcribe_recording
from subalign.results import Segment
from subalign.tokenizer import LANGUAGES

__all__ = ["Progress", "model_of_job", "rows_of_this_process", "transcribe_one"]


class Progress(Protocol):
    """Shows how far a recording is."""

    def open(self, label: str) -> None:
        """Its audio is going to be read."""
        ...

    def read(self, seconds: float, declared: float | None) -> None:
        """Its audio has been read up to `seconds`."""
        ...

    def follow(self, label: str, running: Running, clips: Sequence[Clip]) -> None:
        """Its text is on the way, until `finish`."""
        ...

    def finish(self) -> None:
        """It is done, or has failed."""
        ...


@contextmanager
def model_of_job(job: TranscribeJob, session: Session) -> Iterator[Whisper]:
    """The model of a job, loaded as long as the context lasts.

    Raises:
        ModelError: it is not available.
        UsageError: the device is not there, or the model does not do what the job asks for.
    """
    with loaded_model(
        job.compute,
        session,
        quiet=job.quiet,
        command="transcribe",
        language=job.transcription.language,
        task=job.transcription.task,
    ) as model:
        check_language(model, job.transcription.language, job.transcription.task)
        prepare_voices(job.speakers, model.device, session, quiet=job.quiet)
        yield model


def rows_of_this_process(
    works: Sequence[Work], job: TranscribeJob, ledger: Ledger, session: Session
) -> Iterator[tuple[Work, Row]]:
    """What comes of each recording, one after the other."""
    with model_of_job(job, session) as model:
        ledger.pin("model", {"model": model.name})
        shown = session.console.is_terminal and not job.quiet
        with RunProgress(session.console, shown=shown) as progress:
            for work in works:
                ledger.start(work.key, written_files(work.outputs, done=False))
                row = transcribe_one(work, job, model, session, progress)
                ledger.end(row)
                yield work, row


def transcribe_one(
    work: Work, job: TranscribeJob, model: Whisper, session: Session, progress: Progress
) -> Row:
    """The ledger's row of a recording that is transcribed, or that failed.

    Raises:
        UsageError, ModelError, ToolMissingError: what is wrong is so for every recording.
    """
    started = time.perf_counter()
    job = work.job(job)
    file = fingerprint(work.input.source)
    try:
        duration = _transcribe(work, job, model, session, progress, started)
        outputs = written_files(work.outputs, done=job.run.keeps_ledger)
    except (ModelError, ToolMissingError):
        raise
    except Exception as error:  # (the other recordings go on)
        if isinstance(error, UsageError) and work.own is None:
            raise
        report(error, session, source=work.label)
        return Row.ended_now(
            work.key,
            "failed",
            seconds=time.perf_counter() - started,
            error=(type(error).__name__, sentence_of(error, work.label)),
            file=file,
            outputs=written_files(work.outputs, done=False),
            options=None if work.own is None else work.own.own,
        )
    if work.journal is not None:
        with suppress(OSError):  # it would be begun anew, as the results are there
            work.journal.unlink()
    seconds = time.perf_counter() - started
    return Row.ended_now(
        work.key,
        "done",
        seconds=seconds,
        duration=duration,
        file=file,
        outputs=outputs,
        options=None if work.own is None else work.own.own,
    )


def _transcribe(
    work: Work,
    job: TranscribeJob,
    model: Whisper,
    session: Session,
    progress: Progress,
    started: float,
) -> float:
    """Returns the recording's length in seconds."""
    progress.open(work.label)
    try:
        stream = transcribe_recording(
            work.input.source,
            model=model,
            options=job.transcription,
            audio=job.audio,
            alignment=job.alignment,
            speakers=job.speakers,
            on_audio=progress.read,
            journal=work.journal,
        )
        progress.follow(work.label, stream, job.transcription.clips)
        _warn_of_guess(stream.language_guess, work.label, session)
        for segment in stream:
            if job.verbose:
                whose = f"{work.label} " if job.run.jobs else ""
                session.say(f"{whose}{_live(segment)}")
        transcript = stream.transcript()
    finally:
        progress.finish()
    if not transcript.segments:
        session.warn(f"No speech was found in {work.label}: the result is without text.")
    tell_speakers(transcript, job.speakers, work.label, session, quiet=job.quiet)
    if not job.quiet:
        tell_changes(work.label, "corrected by the glossary", stream.corrections, session)
    transcript, censored = reword(transcript, job.wording, work.label, session, quiet=job.quiet)
    written = write_results(
        *(transcript, work.outputs, replace(job.results, existing=work.existing), job.layout),
        recording=work.input.source,
        audio=job.audio,
        censored=censored,
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
    return transcript.duration


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
