"""Was a word said? What the audio adds to the probability of its tokens.

Each token's log-probability with the audio, less that with the same audio backwards, both under
the same text: what the language model foresees by itself counts for nothing, and nor does that
somebody speaks. Silence in place of the backward audio measures a model's opinion of silence as
well, which differs between models.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from subalign.alignment.teacher_forcing import token_likelihoods
from subalign.alignment.words import WordTokens
from subalign.model import EncodedAudio, Whisper
from subalign.tokenizer import Tokenizer

__all__ = [
    "HEARD",
    "HeardLimits",
    "smoothed",
    "word_evidence",
    "word_logs",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardLimits:
    """When a word counts as said: by its evidence, or because it was decoded where it is.

    More `evidence` (nats a token, with that of its neighbours): in two trainings of micro.en true
    text mostly gave 2.5 to 5.5, other text -2 to 1. Stronger language models foresee words, so that
    the audio adds little: "Thank you very much" has 0.6 to 1.6 with base. Hence also a decoded word
    of this `likeness` (0 to 1) that begins within `distance` seconds.
    """

    evidence: float = 1.7
    likeness: float = 0.9
    distance: float = 0.3


HEARD = HeardLimits()

# weights of a word's own evidence and of its two neighbours' on each side
_WEIGHTS = np.array([1.0, 1.0, 2.0, 1.0, 1.0])

# nats a token: one word hardly counts for more
_MOST = 10.0


@torch.inference_mode()
def word_evidence(
    model: Whisper,
    tokenizer: Tokenizer,
    encoded: EncodedAudio,
    backwards: EncodedAudio,
    texts: Sequence[Sequence[WordTokens]],
) -> list[NDArray[np.float64]]:
    """For each window the evidence (words,) of each of its words, in nats a spoken token.

    `backwards` holds the same windows with their sound reversed.
    """
    if not any(texts):
        return [np.zeros(0) for _ in texts]
    tokens = [[token for word in words for token in word.tokens] for words in texts]
    with_audio = token_likelihoods(model, tokenizer, encoded, tokens)
    without = token_likelihoods(model, tokenizer, backwards, tokens)
    return [
        _by_word(heard.logs - unheard.logs, words)
        for heard, unheard, words in zip(with_audio, without, texts, strict=True)
    ]


def word_logs(
    model: Whisper,
    tokenizer: Tokenizer,
    encoded: EncodedAudio,
    texts: Sequence[Sequence[WordTokens]],
) -> list[NDArray[np.float64]]:
    """For each window the log-probability (words,) of each of its words, in nats a spoken token."""
    tokens = [[token for word in words for token in word.tokens] for words in texts]
    read = token_likelihoods(model, tokenizer, encoded, tokens)
    return [_by_word(item.logs, words) for item, words in zip(read, texts, strict=True)]


def smoothed(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each word's evidence with that of the words around it (words,)."""
    if not evidence.size:
        return evidence
    limited = np.clip(evidence, -_MOST, _MOST)
    weights = np.convolve(np.ones(evidence.size), _WEIGHTS)[2:-2]
    return np.convolve(limited, _WEIGHTS)[2:-2] / weights


def _by_word(values: NDArray[np.float64], words: Sequence[WordTokens]) -> NDArray[np.float64]:
    means = np.zeros(len(words))
    offset = 0
    for index, word in enumerate(words):
        first, end = word.spoken
        means[index] = values[offset + first : offset + end].mean()
        offset += len(word.tokens)
    return means
