"""Text to tokens and back: vocabularies, Whisper's special tokens and languages, tokens to words.

What needs tiktoken is imported when it is first asked for.
"""

from typing import TYPE_CHECKING

from subalign.lazy import lazy_exports
from subalign.tokenizer.languages import ALIASES, LANGUAGES, to_language_code
from subalign.tokenizer.vocabulary import N_TIMESTAMPS, SECONDS_PER_TIMESTAMP

if TYPE_CHECKING:
    from subalign.tokenizer.tokenizer import Tokenizer, get_tokenizer

__all__ = [
    "ALIASES",
    "LANGUAGES",
    "N_TIMESTAMPS",
    "SECONDS_PER_TIMESTAMP",
    "Tokenizer",
    "get_tokenizer",
    "to_language_code",
]

__getattr__ = lazy_exports(
    __name__, dict.fromkeys(("Tokenizer", "get_tokenizer"), "subalign.tokenizer.tokenizer")
)
