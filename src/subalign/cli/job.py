"""What one call of `subalign transcribe` or `subalign align` is to do, checked and parsed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from subalign.errors import UsageError
from subalign.options import (
    AlignmentOptions,
    AudioOptions,
    LayoutOptions,
    ScriptOptions,
    TranscriptionOptions,
)

__all__ = ["AlignJob", "ComputeOptions", "Results", "TranscribeJob"]


@dataclass(frozen=True, kw_only=True)
class Results:
    """Which files are written and where; `folder` None means beside the recording.

    With `to_stdout` the one result goes to standard output instead. With `embed` the page of the
    format html holds the recording.
    """

    formats: tuple[str, ...]
    folder: Path | None
    to_stdout: bool
    existing: Literal["refuse", "overwrite", "skip"]
    embed: bool = False

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

    With `half_precision` a processor computes in float32 all the same, as openai-whisper does.
    """

    model: str | None
    device: str
    dtype: str
    half_precision: bool
    sdpa: bool
    threads: int


@dataclass(frozen=True, kw_only=True)
class TranscribeJob:
    """Recordings, results, and the options of every stage."""

    sources: tuple[str, ...]
    results: Results
    layout: LayoutOptions
    compute: ComputeOptions
    audio: AudioOptions
    transcription: TranscriptionOptions
    alignment: AlignmentOptions
    verbose: bool
    quiet: bool


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

    def __post_init__(self) -> None:
        if not 0 <= self.min_heard <= 1:
            raise UsageError(f"--min-heard must lie between 0 and 1, not {self.min_heard}.")
        if self.source == self.transcript == "-":
            raise UsageError(
                "Standard input is either the recording or the transcript: name a file for one."
            )
