"""Subtitles with every word timed, from recordings.

    import subalign

    model = subalign.load_model("turbo")
    transcript = subalign.transcribe("talk.mp4", model=model)
    subalign.write_transcript(transcript, "talk.srt")

Importing this package is quick: what needs PyTorch is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from subalign.errors import (
    CheckpointError,
    ChecksumError,
    InputError,
    MediaNotFoundError,
    MediaReadError,
    ModelError,
    ModelUnavailableError,
    NoAudioError,
    OutputError,
    OutputExistsError,
    SubalignError,
    ToolMissingError,
    UnknownModelError,
    UsageError,
)
from subalign.options import (
    AlignmentOptions,
    AudioOptions,
    Clip,
    DecodingOptions,
    LayoutOptions,
    TranscriptionOptions,
)
from subalign.results import Segment, Transcript, Word
from subalign.version import __version__

if TYPE_CHECKING:
    from subalign.model import Whisper
    from subalign.pipeline import (
        Transcription,
        load_model,
        transcribe,
        transcribe_stream,
        write_transcript,
    )

__all__ = [
    "AlignmentOptions",
    "AudioOptions",
    "CheckpointError",
    "ChecksumError",
    "Clip",
    "DecodingOptions",
    "InputError",
    "LayoutOptions",
    "MediaNotFoundError",
    "MediaReadError",
    "ModelError",
    "ModelUnavailableError",
    "NoAudioError",
    "OutputError",
    "OutputExistsError",
    "Segment",
    "SubalignError",
    "ToolMissingError",
    "Transcript",
    "Transcription",
    "TranscriptionOptions",
    "UnknownModelError",
    "UsageError",
    "Whisper",
    "Word",
    "__version__",
    "load_model",
    "transcribe",
    "transcribe_stream",
    "write_transcript",
]

# Names whose modules import PyTorch, and those modules.
_LAZY = {
    "Transcription": "subalign.pipeline",
    "Whisper": "subalign.model",
    "load_model": "subalign.pipeline",
    "transcribe": "subalign.pipeline",
    "transcribe_stream": "subalign.pipeline",
    "write_transcript": "subalign.pipeline",
}


def __getattr__(name: str) -> Any:
    """Import a name of `_LAZY` on its first use (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
