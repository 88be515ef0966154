"""From the heads' raw scores of one window to one matrix that says where each token is heard."""

from torch import Tensor, std_mean, zeros_like

from subalign.kernels.dispatch import median_filter
from subalign.options import KernelChoice

__all__ = ["attention_matrix", "softmax_over_positions", "standardise_over_tokens"]


def attention_matrix(
    scores: Tensor, *, qk_scale: float, medfilt_width: int, kernels: KernelChoice = "auto"
) -> Tensor:
    """The mean of the heads' smoothed attention (tokens, positions), float32.

    `scores` (heads, tokens, positions) are those before the softmax, cut to the positions that
    hold audio. After openai-whisper's word timing.
    """
    weights = softmax_over_positions(scores, qk_scale)
    weights = standardise_over_tokens(weights)
    weights = median_filter(weights, medfilt_width, kernels)
    return weights.mean(dim=0)


def softmax_over_positions(scores: Tensor, qk_scale: float) -> Tensor:
    """Attention weights: each token's scores, times `qk_scale`, sum to 1 over the positions."""
    return (scores.float() * qk_scale).softmax(dim=-1)


def standardise_over_tokens(weights: Tensor) -> Tensor:
    """Mean 0 and population standard deviation 1 over the tokens, at each position of each head.

    Where all tokens weigh the same there is nothing to tell them apart, and the result is 0.
    """
    deviation, mean = std_mean(weights, dim=-2, correction=0, keepdim=True)
    return ((weights - mean) / deviation).where(deviation > 0, zeros_like(weights))
