"""The Whisper architecture, its attention switches, and the checkpoints it loads from.

What needs PyTorch is imported when it is first asked for, so that the models' names, places and
alignment heads are known at once.
"""

from typing import TYPE_CHECKING

from subalign.lazy import lazy_exports
from subalign.model.alignment_heads import ModelHeads, heads_of, known_heads, pack_heads
from subalign.model.dimensions import FRAME_SECONDS, ModelDimensions
from subalign.model.head_dumps import decode_dump, encode_dump, read_dump
from subalign.model.registry import EMBEDDED_MODEL, official_models
from subalign.model.sources import Fetching, OnFetch, Source
from subalign.model.store import ModelEntry, fetch, list_models, where
from subalign.model.timing_heads import TimingHeads, known_timing_heads

if TYPE_CHECKING:
    from subalign.model.attention import (
        SDPA_AVAILABLE,
        KeyValues,
        MultiHeadAttention,
        disable_sdpa,
        explicit_attention,
    )
    from subalign.model.checkpoints.subalign_folder import save_checkpoint
    from subalign.model.devices import Processor, available_devices, processor
    from subalign.model.kv_cache import DecoderCache, EncodedAudio
    from subalign.model.loading import load_whisper
    from subalign.model.whisper import Whisper

__all__ = [
    "EMBEDDED_MODEL",
    "FRAME_SECONDS",
    "SDPA_AVAILABLE",
    "DecoderCache",
    "EncodedAudio",
    "Fetching",
    "KeyValues",
    "ModelDimensions",
    "ModelEntry",
    "ModelHeads",
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
    "load_whisper",
    "official_models",
    "pack_heads",
    "processor",
    "read_dump",
    "save_checkpoint",
    "where",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "DecoderCache": "subalign.model.kv_cache",
        "EncodedAudio": "subalign.model.kv_cache",
        "KeyValues": "subalign.model.attention",
        "MultiHeadAttention": "subalign.model.attention",
        "Processor": "subalign.model.devices",
        "SDPA_AVAILABLE": "subalign.model.attention",
        "Whisper": "subalign.model.whisper",
        "available_devices": "subalign.model.devices",
        "disable_sdpa": "subalign.model.attention",
        "explicit_attention": "subalign.model.attention",
        "load_whisper": "subalign.model.loading",
        "processor": "subalign.model.devices",
        "save_checkpoint": "subalign.model.checkpoints.subalign_folder",
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
