"""One batch of windows: tokens, text, and how sure the model is."""

from subalign.decoding.decode import DecodingResult, decode
from subalign.decoding.language import LanguageGuess, detect_language, language_of, spoken_language
from subalign.decoding.tokens import check_language, tokenizer_of

__all__ = [
    "DecodingResult",
    "LanguageGuess",
    "check_language",
    "decode",
    "detect_language",
    "language_of",
    "spoken_language",
    "tokenizer_of",
]
