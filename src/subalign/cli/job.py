"""What one call of `subalign transcribe` is to do, checked and parsed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from subalign.errors import UsageError
from subalign.options import AlignmentOptions, AudioOptions, LayoutOptions, TranscriptionOptions

__all__ = ["Job", "Results"]


@dataclass(frozen=True, kw_only=True)
class Results:
    """Which files are written and where; `folder` None means beside the recording.

    With `to_stdout` the one result goes to standard output instead.
    """

    formats: tuple[str, ...]
    folder: Path | None
    to_stdout: bool
    existing: Literal["refuse", "overwrite", "skip"]

    def __post_init__(self) -> None:
        if self.to_stdout and len(self.formats) != 1:
            raise UsageError(
                "Standard output takes one result: give a single --format, or a folder as "
                "--output-dir."
            )

    def printed(self, source: str) -> bool:
        """Whether the source's result goes to standard output."""
        piped = source == "-" and self.folder is None and len(self.formats) == 1
        return self.to_stdout or piped


@dataclass(frozen=True, kw_only=True)
class Job:
    """Recordings, results, and the options of every stage. `model` None is the default model.

    With `half_precision` a processor computes in float32 all the same, as openai-whisper does.
    """

    sources: tuple[str, ...]
    results: Results
    layout: LayoutOptions
    model: str | None
    device: str
    dtype: str
    half_precision: bool
    sdpa: bool
    threads: int
    audio: AudioOptions
    transcription: TranscriptionOptions
    alignment: AlignmentOptions
    verbose: bool
    quiet: bool
