"""Subtitles with every word timed, from recordings.

    import subalign

    model = subalign.load_model("turbo")
    transcript = subalign.transcribe("talk.mp4", model=model)
    subalign.write_transcript(transcript, "talk.srt")
    alignment = subalign.align("talk.mp4", "talk.txt", model=model)

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
    ScriptOptions,
    StyleOptions,
    TranscriptionOptions,
)
from subalign.results import (
    Alignment,
    AlignmentReport,
    CueScore,
    Passage,
    Segment,
    Transcript,
    Word,
)
from subalign.script import Line, Script
from subalign.version import __version__

if TYPE_CHECKING:
    from subalign.model import Whisper
    from subalign.pipeline import (
        Transcription,
        align,
        load_model,
        transcribe,
        transcribe_stream,
        write_report,
        write_transcript,
    )
    from subalign.subtitles.readers import read_script

__all__ = [
    "Alignment",
    "AlignmentOptions",
    "AlignmentReport",
    "AudioOptions",
    "CheckpointError",
    "ChecksumError",
    "Clip",
    "CueScore",
    "DecodingOptions",
    "InputError",
    "LayoutOptions",
    "Line",
    "MediaNotFoundError",
    "MediaReadError",
    "ModelError",
    "ModelUnavailableError",
    "NoAudioError",
    "OutputError",
    "OutputExistsError",
    "Passage",
    "Script",
    "ScriptOptions",
    "Segment",
    "StyleOptions",
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
    "align",
    "load_model",
    "read_script",
    "transcribe",
    "transcribe_stream",
    "write_report",
    "write_transcript",
]

# Names whose modules import PyTorch, and those modules.
_LAZY = {
    "Transcription": "subalign.pipeline",
    "Whisper": "subalign.model",
    "align": "subalign.pipeline",
    "load_model": "subalign.pipeline",
    "read_script": "subalign.subtitles.readers",
    "transcribe": "subalign.pipeline",
    "transcribe_stream": "subalign.pipeline",
    "write_report": "subalign.pipeline",
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
