"""The stages wired together: recordings in, transcripts and files out."""

from subalign.model import load_model
from subalign.pipeline.outputs import (
    ExistingFiles,
    Input,
    Output,
    find_inputs,
    plan_outputs,
    prepare_outputs,
    write_transcript,
)
from subalign.pipeline.transcribe import default_model, read_mel, transcribe, transcribe_stream
from subalign.transcription import Transcription

__all__ = [
    "ExistingFiles",
    "Input",
    "Output",
    "Transcription",
    "default_model",
    "find_inputs",
    "load_model",
    "plan_outputs",
    "prepare_outputs",
    "read_mel",
    "transcribe",
    "transcribe_stream",
    "write_transcript",
]
