"""The Whisper architecture, its attention switches, and the checkpoints it loads from."""

from subalign.model.attention import (
    SDPA_AVAILABLE,
    KeyValues,
    MultiHeadAttention,
    disable_sdpa,
    explicit_attention,
)
from subalign.model.cache import DecoderCache, EncodedAudio
from subalign.model.cached import ModelEntry, fetch, list_models, where
from subalign.model.checkpoints.subalign_folder import save_checkpoint
from subalign.model.devices import Processor, available_devices, processor
from subalign.model.dimensions import FRAME_SECONDS, ModelDimensions
from subalign.model.loading import load_model
from subalign.model.registry import EMBEDDED_MODEL, official_models
from subalign.model.whisper import Whisper

__all__ = [
    "EMBEDDED_MODEL",
    "FRAME_SECONDS",
    "SDPA_AVAILABLE",
    "DecoderCache",
    "EncodedAudio",
    "KeyValues",
    "ModelDimensions",
    "ModelEntry",
    "MultiHeadAttention",
    "Processor",
    "Whisper",
    "available_devices",
    "disable_sdpa",
    "explicit_attention",
    "fetch",
    "list_models",
    "load_model",
    "official_models",
    "processor",
    "save_checkpoint",
    "where",
]
