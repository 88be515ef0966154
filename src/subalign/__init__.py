"""Subtitles with every word timed, from recordings.

    import subalign

    model = subalign.load_model("turbo")
    transcript = model.transcribe("talk.mp4", language="de", beam_size=5)
    subalign.write(transcript, "talk.srt")
    alignment = model.align("talk.mp4", "talk.txt")

Importing this package is quick: what a name needs is imported when it is first asked for.
"""

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
from subalign.version import __version__

TYPE_CHECKING = False  # as checkers of types understand it; importing `typing` takes a while
if TYPE_CHECKING:
    from subalign.model import list_models
    from subalign.options import Clip, LayoutOptions, OwnProfile, StyleOptions
    from subalign.pipeline.model import Model, align, load_model, transcribe
    from subalign.pipeline.outputs import write, write_report
    from subalign.pipeline.subtitle_functions import check, fix, lay_out, render, retime, reword
    from subalign.results import (
        Alignment,
        AlignmentReport,
        Chapter,
        CueScore,
        Line,
        Passage,
        Script,
        Segment,
        Transcript,
        Word,
    )
    from subalign.subtitles.check import Problem
    from subalign.subtitles.cue import Cue
    from subalign.subtitles.files import SubtitleFile, read_subtitle_file
    from subalign.subtitles.saved_results import read_result
    from subalign.subtitles.script import parse_script, read_script
    from subalign.transcription import Transcription

# Names whose modules are imported when they are first asked for, by module.
_MODULES = {
    "subalign.model": ("list_models",),
    "subalign.options": ("Clip", "LayoutOptions", "OwnProfile", "StyleOptions"),
    "subalign.pipeline.model": ("Model", "align", "load_model", "transcribe"),
    "subalign.pipeline.outputs": ("write", "write_report"),
    "subalign.pipeline.subtitle_functions": (
        "check",
        "fix",
        "lay_out",
        "render",
        "retime",
        "reword",
    ),
    "subalign.results": (
        *("Alignment", "AlignmentReport", "Chapter", "CueScore", "Line", "Passage", "Script"),
        *("Segment", "Transcript", "Word"),
    ),
    "subalign.subtitles.check": ("Problem",),
    "subalign.subtitles.cue": ("Cue",),
    "subalign.subtitles.files": ("SubtitleFile", "read_subtitle_file"),
    "subalign.subtitles.saved_results": ("read_result",),
    "subalign.subtitles.script": ("parse_script", "read_script"),
    "subalign.transcription": ("Transcription",),
}

__all__ = [
    "Alignment",
    "AlignmentReport",
    "Chapter",
    "CheckpointError",
    "ChecksumError",
    "Clip",
    "Cue",
    "CueScore",
    "InputError",
    "LayoutOptions",
    "Line",
    "MediaNotFoundError",
    "MediaReadError",
    "Model",
    "ModelError",
    "ModelUnavailableError",
    "NoAudioError",
    "OutputError",
    "OutputExistsError",
    "OwnProfile",
    "Passage",
    "Problem",
    "Script",
    "Segment",
    "StyleOptions",
    "SubalignError",
    "SubtitleFile",
    "ToolMissingError",
    "Transcript",
    "Transcription",
    "UnknownModelError",
    "UsageError",
    "Word",
    "__version__",
    "align",
    "check",
    "fix",
    "lay_out",
    "list_models",
    "load_model",
    "parse_script",
    "read_result",
    "read_script",
    "read_subtitle_file",
    "render",
    "retime",
    "reword",
    "transcribe",
    "write",
    "write_report",
]

__getattr__ = lazy_exports(
    __name__, {name: module for module, names in _MODULES.items() for name in names}
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
