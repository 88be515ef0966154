"""The Whisper architecture, its attention switches, and the checkpoints it loads from.

What needs PyTorch is imported when it is first asked for, so that the models' names, places and
alignment heads are known at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from subalign.model.cached import ModelEntry, fetch, list_models, where
from subalign.model.dimensions import FRAME_SECONDS, ModelDimensions
from subalign.model.fetching import Fetching, OnFetch, Source
from subalign.model.head_dumps import HeadDump, decode_dump, encode_dump, read_dump
from subalign.model.marked_heads import MarkedHeads, heads_of, known_heads, pack_heads
from subalign.model.registry import EMBEDDED_MODEL, official_models
from subalign.model.timing_heads import TimingHeads, known_timing_heads

if TYPE_CHECKING:
    from subalign.model.attention import (
        SDPA_AVAILABLE,
        KeyValues,
        MultiHeadAttention,
        disable_sdpa,
        explicit_attention,
    )
    from subalign.model.cache import DecoderCache, EncodedAudio
    from subalign.model.checkpoints.subalign_folder import save_checkpoint
    from subalign.model.devices import Processor, available_devices, processor
    from subalign.model.loading import load_model
    from subalign.model.whisper import Whisper

__all__ = [
    "EMBEDDED_MODEL",
    "FRAME_SECONDS",
    "SDPA_AVAILABLE",
    "DecoderCache",
    "EncodedAudio",
    "Fetching",
    "HeadDump",
    "KeyValues",
    "MarkedHeads",
    "ModelDimensions",
    "ModelEntry",
    "MultiHeadAttention",
    "OnFetch",
    "Processor",
    "Source",
    "TimingHeads",
    "Whisper",
    "available_devices",
    "decode_dump",
    "disable_sdpa",
    "encode_dump",
    "explicit_attention",
    "fetch",
    "heads_of",
    "known_heads",
    "known_timing_heads",
    "list_models",
    "load_model",
    "official_models",
    "pack_heads",
    "processor",
    "read_dump",
    "save_checkpoint",
    "where",
]

# Names whose modules import PyTorch, and those modules.
_LAZY = {
    "SDPA_AVAILABLE": "attention",
    "DecoderCache": "cache",
    "EncodedAudio": "cache",
    "KeyValues": "attention",
    "MultiHeadAttention": "attention",
    "Processor": "devices",
    "Whisper": "whisper",
    "available_devices": "devices",
    "disable_sdpa": "attention",
    "explicit_attention": "attention",
    "load_model": "loading",
    "processor": "devices",
    "save_checkpoint": "checkpoints.subalign_folder",
}


def __getattr__(name: str) -> Any:
    """Import a name of `_LAZY` on its first use (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
