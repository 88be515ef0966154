"""One recording of a job with a loaded model: transcribe, write, and tell what came of it.

This module imports PyTorch.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from subalign.cli.console import Session
from subalign.cli.job import TranscribeJob, write_results
from subalign.cli.messages import report, sentence_of
from subalign.cli.progress import Running, audio_done, clock, run_summary
from subalign.cli.wording import reword
from subalign.decoding import LanguageGuess
from subalign.errors import ModelError, ToolMissingError, UsageError
from subalign.model import Whisper
from subalign.options import Clip
from subalign.pipeline.ledger import Row, fingerprint, written_files
from subalign.pipeline.outputs import ExistingFiles, Input, Output
from subalign.pipeline.recordings import transcribe_recording
from subalign.results import Segment
from subalign.tokenizer import LANGUAGES

__all__ = ["Progress", "Work", "transcribe_one"]


@dataclass(frozen=True, slots=True)
class Work:
    """One recording with the files to write, or with none where its result is printed.

    `key` is its name in the ledger, `label` that in messages. `existing` is what happens where one
    of the files has appeared meanwhile, `journal` the file to go on from after a kill.
    """

    input: Input
    key: str
    label: str
    outputs: tuple[Output, ...]
    existing: ExistingFiles
    journal: Path | None = None


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


def transcribe_one(
    work: Work, job: TranscribeJob, model: Whisper, session: Session, progress: Progress
) -> Row:
    """The ledger's row of a recording that is transcribed, or that failed.

    Raises:
        UsageError, ModelError, ToolMissingError: what is wrong is so for every recording.
    """
    started = time.perf_counter()
    file = fingerprint(work.input.source)
    try:
        duration = _transcribe(work, job, model, session, progress, started)
        outputs = written_files(work.outputs, done=True)
    except (UsageError, ModelError, ToolMissingError):
        raise
    except Exception as error:  # noqa: BLE001 (the other recordings go on)
        report(error, session, source=work.label)
        return Row.ended_now(
            work.key,
            "failed",
            seconds=time.perf_counter() - started,
            error=(type(error).__name__, sentence_of(error, work.label)),
            file=file,
            outputs=written_files(work.outputs, done=False),
        )
    if work.journal is not None:
        with suppress(OSError):  # it would be begun anew, as the results are there
            work.journal.unlink()
    seconds = time.perf_counter() - started
    return Row.ended_now(
        work.key, "done", seconds=seconds, duration=duration, file=file, outputs=outputs
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
            on_audio=progress.read,
            journal=work.journal,
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
