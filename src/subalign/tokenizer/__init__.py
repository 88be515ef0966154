"""Text to tokens and back, Whisper's special tokens, its languages, and tokens to words."""

from subalign.tokenizer.languages import ALIASES, LANGUAGES, to_language_code
from subalign.tokenizer.tokenizer import (
    N_TIMESTAMPS,
    SECONDS_PER_TIMESTAMP,
    Tokenizer,
    get_tokenizer,
)

__all__ = [
    "ALIASES",
    "LANGUAGES",
    "N_TIMESTAMPS",
    "SECONDS_PER_TIMESTAMP",
    "Tokenizer",
    "get_tokenizer",
    "to_language_code",
]
