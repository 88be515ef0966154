"""Verification: was a word said? Its evidence is what the audio adds to its probability.

Each token's log-probability with the audio, less that with the same audio backwards, both under
the same text: what the language model foresees by itself counts for nothing, and nor does that
somebody speaks. Silence in place of the backward audio measures a model's opinion of silence as
well, which differs between models.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.context import Context
from subalign.alignment.forced.recognition import RecognisedSpan
from subalign.alignment.forced.thresholds import VerificationThresholds
from subalign.alignment.teacher_forcing import token_likelihoods
from subalign.alignment.words import WordTokens
from subalign.model import EncodedAudio

__all__ = ["smoothed", "verify_recognised", "word_evidence", "word_log_probabilities"]


def verify_recognised(
    context: Context, recognised: Sequence[RecognisedSpan], used: NDArray[np.float64]
) -> list[RecognisedSpan]:
    """The same with the evidence of words in spans that are not much like the transcript.

    `used` (words,) is the share of each word's letters that the transcript has, for all in order.
    """
    verified = list(recognised)
    edges = np.cumsum([0, *(len(item.words) for item in recognised)])
    least = context.thresholds.recognition.matched_share
    unlike = [
        row
        for row, item in enumerate(recognised)
        if item.words and used[edges[row] : edges[row + 1]].mean() < least
    ]
    for rows in context.batched(unlike):
        spans = [recognised[row].span for row in rows]
        forwards = context.encoder.encode(spans)
        backwards = context.encoder.encode(spans, backwards=True)
        texts = [recognised[row].tokens for row in rows]
        evidence = word_evidence(context, forwards, backwards, texts)
        for row, values in zip(rows, evidence, strict=True):
            with_neighbours = smoothed(values, context.thresholds.verification).tolist()
            words = [
                replace(word, evidence=value)
                for word, value in zip(recognised[row].words, with_neighbours, strict=True)
            ]
            verified[row] = replace(recognised[row], words=words)
    return verified


def word_evidence(
    context: Context,
    forwards: EncodedAudio,
    backwards: EncodedAudio,
    texts: Sequence[Sequence[WordTokens]],
) -> list[NDArray[np.float64]]:
    """For each window the evidence (words,) of each of its words, in nats a spoken token.

    `backwards` holds the same windows with their sound reversed.
    """
    if not any(texts):
        return [np.zeros(0) for _ in texts]
    pairs = zip(
        _token_logs(context, forwards, texts), _token_logs(context, backwards, texts), strict=True
    )
    return [
        _word_means(sound - reversed_sound, words)
        for (sound, reversed_sound), words in zip(pairs, texts, strict=True)
    ]


def word_log_probabilities(
    context: Context, encoded: EncodedAudio, texts: Sequence[Sequence[WordTokens]]
) -> list[NDArray[np.float64]]:
    """For each window the log-probability (words,) of each of its words, in nats a spoken token."""
    logs = _token_logs(context, encoded, texts)
    return [_word_means(values, words) for values, words in zip(logs, texts, strict=True)]


def _token_logs(
    context: Context, encoded: EncodedAudio, texts: Sequence[Sequence[WordTokens]]
) -> list[NDArray[np.float64]]:
    tokens = [[token for word in words for token in word.tokens] for words in texts]
    likelihoods = token_likelihoods(context.model, context.tokenizer, encoded, tokens)
    return [item.logs for item in likelihoods]


def _word_means(values: NDArray[np.float64], words: Sequence[WordTokens]) -> NDArray[np.float64]:
    """The mean (words,) of each word's spoken tokens, of values (tokens,)."""
    means = np.zeros(len(words))
    offset = 0
    for index, word in enumerate(words):
        first, end = word.spoken
        means[index] = values[offset + first : offset + end].mean()
        offset += len(word.tokens)
    return means


def smoothed(
    evidence: NDArray[np.float64], thresholds: VerificationThresholds = VerificationThresholds()
) -> NDArray[np.float64]:
    """Each word's evidence with that of the words around it (words,)."""
    if not evidence.size:
        return evidence
    kernel = np.array(thresholds.weights)
    reach = kernel.size // 2
    inside = slice(reach, reach + evidence.size)
    limited = np.clip(evidence, -thresholds.most, thresholds.most)
    weights = np.convolve(np.ones(evidence.size), kernel)[inside]
    return np.convolve(limited, kernel)[inside] / weights
