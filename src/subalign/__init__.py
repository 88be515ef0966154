"""Subtitles with every word timed, from recordings.

    import subalign

    model = subalign.load_model("turbo")
    transcript = subalign.transcribe("talk.mp4", model=model)
    subalign.write_transcript(transcript, "talk.srt")
    alignment = subalign.align("talk.mp4", "talk.txt", model=model)

Importing this package is quick: what needs PyTorch is imported when it is first asked for.
"""

from typing import TYPE_CHECKING

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
from subalign.lazy import lazy_exports
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
    Line,
    Passage,
    Script,
    Segment,
    Transcript,
    Word,
)
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
    from subalign.subtitles.script import read_script

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

__getattr__ = lazy_exports(
    __name__,
    {
        "Transcription": "subalign.transcription",
        "Whisper": "subalign.model",
        "align": "subalign.pipeline.align_recording",
        "load_model": "subalign.model.loading",
        "read_script": "subalign.subtitles.script.reading",
        "transcribe": "subalign.pipeline.transcribe_recording",
        "transcribe_stream": "subalign.pipeline.transcribe_recording",
        "write_report": "subalign.pipeline.outputs",
        "write_transcript": "subalign.pipeline.outputs",
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
