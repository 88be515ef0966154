"""The stages wired together: recordings in, transcripts and files out.

What needs PyTorch is imported when it is first asked for: commands that only write do without it.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

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
    from subalign.pipeline.align import align
    from subalign.pipeline.default_model import choose_model
    from subalign.pipeline.transcribe import read_mel, transcribe, transcribe_stream
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

# Names whose modules import PyTorch, and those modules.
_LAZY = {
    "Transcription": "subalign.transcription",
    "align": "subalign.pipeline.align",
    "choose_model": "subalign.pipeline.default_model",
    "load_model": "subalign.model",
    "read_mel": "subalign.pipeline.transcribe",
    "transcribe": "subalign.pipeline.transcribe",
    "transcribe_stream": "subalign.pipeline.transcribe",
}


class _Pipeline(ModuleType):
    """Keeps the functions `align` and `transcribe` in front of the modules of their names."""

    def __setattr__(self, name: str, value: object) -> None:
        # importing a submodule puts it into its package
        hidden = isinstance(value, ModuleType) and name in _LAZY
        super().__setattr__(name, getattr(value, name) if hidden else value)


sys.modules[__name__].__class__ = _Pipeline


def __getattr__(name: str) -> Any:
    """Import a name of `_LAZY` on its first use (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value
