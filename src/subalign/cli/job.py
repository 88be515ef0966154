"""What one call of `subalign transcribe` or `align` is to do, and writing what comes of it."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from subalign.cli.console import print_transcript
from subalign.errors import OutputError, UsageError
from subalign.options import (
    AlignmentOptions,
    AudioOptions,
    LayoutOptions,
    ScriptOptions,
    SpeakerOptions,
    TranscriptionOptions,
)
from subalign.results import Transcript
from subalign.wording.apply import Wording
from subalign.wording.censoring import render_labels
from subalign.wording.edits import Change

if TYPE_CHECKING:
    from subalign.cli.manifest import ManifestEntry
    from subalign.pipeline.outputs import ExistingFiles, Input, Output
    from subalign.subtitles import PageMedia

__all__ = [
    "AlignJob",
    "ComputeOptions",
    "Results",
    "RunOptions",
    "TranscribeJob",
    "Work",
    "write_results",
]


@dataclass(frozen=True, kw_only=True)
class Results:
    """Which files are written and where; `folder` None means beside the recording.

    With `to_stdout` the one result goes to standard output instead. With `embed` the page of the
    format html holds the recording. With `censored` a list of censored words stands beside them.
    """

    formats: tuple[str, ...]
    folder: Path | None
    to_stdout: bool
    existing: Literal["refuse", "overwrite", "skip"]
    embed: bool = False
    censored: bool = False

    def __post_init__(self) -> None:
        if self.embed and "html" not in self.formats:
            raise UsageError("--embed is for the page: add --format html.")
        if self.to_stdout and len(self.formats) != 1:
            raise UsageError(
                "Standard output takes one result: give a single --format, or a folder as "
                "--output-dir."
            )

    @property
    def overwrite(self) -> bool:
        """Whether a file that is there may be replaced."""
        return self.existing == "overwrite"

    def printed(self, source: str) -> bool:
        """Whether the source's result goes to standard output."""
        piped = source == "-" and self.folder is None and len(self.formats) == 1
        return self.to_stdout or piped


@dataclass(frozen=True, kw_only=True)
class ComputeOptions:
    """Which model computes where, and how. `model` None is the default model.

    `model_dir` is where models are looked for and fetched to; None is the usual caches.
    With `half_precision` a processor computes in float32 all the same, as openai-whisper does.
    """

    model: str | None
    model_dir: Path | None
    device: str
    compute: str
    half_precision: bool
    sdpa: bool
    threads: int


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a run over many recordings is done.

    `ledger` is where the account of it is kept; None is beside the results, if one is to be
    kept at all: to `resume` a run, with `retry_failed` also what failed in it. `jobs` is how many
    worker processes there are; None is none, and `auto` as many as suit the machine. `shard` is
    which part of the recordings is done, from 1, and how many parts there are. With `engine` ray
    the workers are actors on the cluster at `address`. `report` is the file that tells in the end
    what came of each recording.
    """

    ledger: Path | None = None
    resume: bool = False
    retry_failed: bool = False
    jobs: int | Literal["auto"] | None = None
    shard: tuple[int, int] | None = None
    engine: Literal["local", "ray"] = "local"
    address: str | None = None
    report: Path | None = None

    def __post_init__(self) -> None:
        if self.address is not None and self.engine != "ray":
            raise UsageError("--address is of a Ray cluster: add --engine ray.")

    @property
    def goes_on(self) -> bool:
        """Whether a ledger that is there is gone on with."""
        return self.resume or self.retry_failed

    @property
    def keeps_ledger(self) -> bool:
        """Whether there is to be a ledger after the run."""
        return self.ledger is not None or self.goes_on


@dataclass(frozen=True, kw_only=True)
class TranscribeJob:
    """Recordings, results, and the options of every stage."""

    sources: tuple[str, ...]
    manifest: "tuple[ManifestEntry, ...]" = ()
    results: Results
    run: RunOptions = RunOptions()
    layout: LayoutOptions
    compute: ComputeOptions
    audio: AudioOptions
    transcription: TranscriptionOptions
    alignment: AlignmentOptions
    verbose: bool
    quiet: bool
    speakers: SpeakerOptions = field(default_factory=SpeakerOptions)
    wording: Wording = field(default_factory=Wording)

    def __post_init__(self) -> None:
        piped = "-" in self.sources or self.results.to_stdout
        if piped and self.run != RunOptions():
            raise UsageError(
                "--ledger, --resume, --retry-failed, --jobs and --shard are for files: leave them "
                "out where standard input or output is used."
            )

    @property
    def ledger(self) -> Path | None:
        """Where the ledger is; None where none is kept."""
        if not self.run.keeps_ledger:
            return None
        part = "-{}-of-{}".format(*self.run.shard) if self.run.shard else ""
        return self.run.ledger or (self.results.folder or Path()) / f"subalign{part}.ledger"

    @property
    def result_options(self) -> dict[str, object]:
        """All that the results depend on, but the model, by name."""
        return {
            "formats": self.results.formats,
            "output_dir": self.results.folder and os.path.abspath(self.results.folder),
            "embed": self.results.embed,
            "compute": self.compute.compute,
            "sdpa": self.compute.sdpa,
            **asdict(self.audio),
            **asdict(self.transcription),
            **asdict(self.alignment),
            "layout": asdict(self.layout),
            **self.speakers.facts,
            **self.wording.facts,
        }


@dataclass(frozen=True, slots=True)
class Work:
    """One recording with the files to write, or with none where its result is printed.

    `key` is its name in the ledger, `label` that in messages. `existing` is what happens where one
    of the files has appeared meanwhile, `journal` the file to go on from after a kill, `own` what a
    manifest tells of it.
    """

    input: "Input"
    key: str
    label: str
    outputs: "tuple[Output, ...]"
    existing: "ExistingFiles"
    journal: Path | None = None
    own: "ManifestEntry | None" = None

    def job(self, usual: TranscribeJob) -> TranscribeJob:
        """The job with the recording's own options."""
        if self.own is None:
            return usual
        return replace(
            usual,
            transcription=self.own.transcription(usual.transcription),
            audio=self.own.audio(usual.audio),
            speakers=self.own.speakers(usual.speakers),
        )


@dataclass(frozen=True, kw_only=True)
class AlignJob:
    """A recording, its transcript, results, and the options of every stage.

    `report` is where the report is written as JSON, `min_heard` the share of the words that must
    have been heard. With `keep_file` the result is the transcript's own file, a subtitle file, of
    which only the times are new; the formats and the layout have no effect.
    """

    source: str
    transcript: str
    results: Results
    layout: LayoutOptions
    compute: ComputeOptions
    audio: AudioOptions
    script: ScriptOptions
    alignment: AlignmentOptions
    report: Path | None
    min_heard: float
    quiet: bool
    keep_file: bool = False
    speakers: SpeakerOptions = field(default_factory=SpeakerOptions)
    wording: Wording = field(default_factory=Wording)

    def __post_init__(self) -> None:
        if not 0 <= self.min_heard <= 1:
            raise UsageError(f"--min-heard must lie between 0 and 1, not {self.min_heard}.")
        if self.source == self.transcript == "-":
            raise UsageError(
                "Standard input is either the recording or the transcript: name a file for one."
            )


def write_results(
    transcript: Transcript,
    outputs: "Sequence[Output]",
    results: Results,
    layout: LayoutOptions,
    *,
    recording: str | None,
    audio: AudioOptions = AudioOptions(),
    censored: Sequence[Change] = (),
) -> list[str]:
    """Write a transcript to its files, or the one result to standard output; returns the files.

    `recording` is what a page plays, and `audio` how its waveform is read. `censored` are the words
    whose list is written where it is wanted.

    Raises:
        OutputError, OutputExistsError: a file, or standard output, cannot be written.
    """
    from subalign.pipeline.outputs import CENSORED, write, write_text

    def media(format: str, folder: Path) -> "PageMedia | None":
        if recording is None or format != "html":
            return None
        from subalign.pipeline.page_media import page_media

        return page_media(recording, folder, embed=results.embed, audio=audio)

    if not outputs:
        only = results.formats[0]
        print_transcript(transcript, only, layout, media(only, Path()))
    failed: OutputError | None = None
    for output in outputs:
        if output.format == CENSORED:
            write_text(render_labels(censored), output.path, overwrite=results.overwrite)
            continue
        try:
            write(
                transcript,
                output.path,
                format=output.format,
                layout=layout,
                media=media(output.format, output.path.parent),
                overwrite=results.overwrite,
            )
        except OutputError as error:  # of one format; the others may be written
            failed = failed or error
    if failed is not None:
        raise failed
    return [str(output.path) for output in outputs]
