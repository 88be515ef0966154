"""The stages wired together: recordings in, transcripts and files out.

What needs PyTorch is imported when it is first asked for: commands that only write do without it.
"""

from typing import TYPE_CHECKING

from subalign.lazy import lazy_exports
from subalign.pipeline.outputs import (
    ExistingFiles,
    Input,
    Output,
    find_inputs,
    plan_outputs,
    prepare_outputs,
    write_report,
    write_text,
    write_transcript,
)

if TYPE_CHECKING:
    from subalign.model import load_model
    from subalign.pipeline.align_recording import align
    from subalign.pipeline.default_model import choose_model
    from subalign.pipeline.transcribe_recording import read_mel, transcribe, transcribe_stream
    from subalign.transcription import Transcription

__all__ = [
    "ExistingFiles",
    "Input",
    "Output",
    "Transcription",
    "align",
    "choose_model",
    "find_inputs",
    "load_model",
    "plan_outputs",
    "prepare_outputs",
    "read_mel",
    "transcribe",
    "transcribe_stream",
    "write_report",
    "write_text",
    "write_transcript",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "Transcription": "subalign.transcription.transcription",
        "align": "subalign.pipeline.align_recording",
        "choose_model": "subalign.pipeline.default_model",
        "load_model": "subalign.model.loading",
        "read_mel": "subalign.pipeline.transcribe_recording",
        "transcribe": "subalign.pipeline.transcribe_recording",
        "transcribe_stream": "subalign.pipeline.transcribe_recording",
    },
)
