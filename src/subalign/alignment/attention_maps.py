"""From the raw cross-attention scores of some heads in one window to one map over its positions.

A map has a row a token, or a word, that says at which positions it is spoken. Rows are softmax
weights over positions, smoothed by a median filter along them and averaged over heads; for dynamic
time warping, as openai-whisper has it, they are standardised over tokens as well.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, std_mean, zeros_like

from subalign.alignment.words import WordTokens
from subalign.kernels.dispatch import median_filter
from subalign.options import KernelChoice

__all__ = [
    "attention_matrix",
    "softmax_over_positions",
    "standardise_over_tokens",
    "word_attention",
]


def attention_matrix(
    scores: Tensor, *, qk_scale: float, medfilt_width: int, kernels: KernelChoice = "auto"
) -> Tensor:
    """The mean of the heads' standardised and smoothed attention (tokens, positions), float32.

    `scores` (heads, tokens, positions) are those before the softmax, cut to the positions that
    hold audio. After openai-whisper's word timing.
    """
    weights = softmax_over_positions(scores, qk_scale)
    weights = standardise_over_tokens(weights)
    weights = median_filter(weights, medfilt_width, kernels)
    return weights.mean(dim=0)


def word_attention(
    scores: Tensor,
    words: Sequence[WordTokens],
    *,
    qk_scale: float,
    medfilt_width: int,
    kernels: KernelChoice = "auto",
) -> NDArray[np.float64]:
    """How much each word attends to each position (words, positions): its rows sum to 1.

    `scores` (heads, text tokens, positions) are those before the softmax; the mean over heads and
    over the tokens of a word that are spoken.
    """
    weights = softmax_over_positions(scores, qk_scale)
    weights = median_filter(weights, medfilt_width, kernels).mean(dim=0)
    by_token = weights.cpu().numpy().astype(np.float64)  # (tokens, positions); MPS has no float64
    offset = 0
    attention = []
    for word in words:
        first, end = word.spoken
        attention.append(by_token[offset + first : offset + max(end, first + 1)].mean(axis=0))
        offset += len(word.tokens)
    return np.stack(attention)  # (words, positions)


def softmax_over_positions(scores: Tensor, qk_scale: float) -> Tensor:
    """Attention weights: each token's scores, times `qk_scale`, sum to 1 over the positions."""
    return (scores.float() * qk_scale).softmax(dim=-1)


def standardise_over_tokens(weights: Tensor) -> Tensor:
    """Mean 0 and population standard deviation 1 over the tokens, at each position of each head.

    Where all tokens weigh the same there is nothing to tell them apart, and the result is 0.
    """
    deviation, mean = std_mean(weights, dim=-2, correction=0, keepdim=True)
    return ((weights - mean) / deviation).where(deviation > 0, zeros_like(weights))
