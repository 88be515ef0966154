"""What decoding one window gives."""

import zlib
from dataclasses import dataclass

__all__ = ["DecodingResult", "compression_ratio"]


@dataclass(frozen=True, slots=True)
class DecodingResult:
    """The tokens of one window and how sure the model is of them.

    `avg_logprob` is the summed log-probability over tokens and the final endoftext, divided by
    their number. `language_probability` is 1 where the language was given.
    """

    tokens: tuple[int, ...]
    text: str
    language: str
    language_probability: float
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


def compression_ratio(text: str) -> float:
    """Bytes of `text` over its zlib-compressed bytes: high where the text repeats itself."""
    data = text.encode("utf-8")
    return len(data) / len(zlib.compress(data))
