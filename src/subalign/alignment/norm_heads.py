"""Heads chosen for one text by the norms of their attention (Yeh et al. 2025, arXiv 2509.09987)."""

from itertools import product

import torch
from torch import Tensor

from subalign.kernels.dispatch import median_filter
from subalign.model import ModelDimensions
from subalign.options import KernelChoice

__all__ = ["candidate_heads", "norm_matrix"]

_KEPT = 10


def candidate_heads(dims: ModelDimensions) -> tuple[tuple[int, int], ...]:
    """The (layer, head) pairs to choose among: the upper half of the decoder."""
    upper = range(dims.n_text_layer // 2, dims.n_text_layer)
    return tuple(product(upper, range(dims.n_text_head)))


def norm_matrix(
    scores: Tensor, *, qk_scale: float, medfilt_width: int, kernels: KernelChoice = "auto"
) -> Tensor:
    """The mean map of the sharpest heads (tokens, positions), float32.

    `scores` (heads, tokens, positions) are those before the softmax. A head's sharpness is the sum
    of the L2 norms of its map's rows and columns: attention on few positions has the longest
    rows, and one that tells tokens apart the longest columns. The ten sharpest maps are kept, and
    each is divided by its columns' norms.
    """
    weights = (scores.float() * qk_scale).softmax(dim=-1)
    columns = torch.linalg.vector_norm(weights, dim=1, keepdim=True)  # (heads, 1, positions)
    rows = torch.linalg.vector_norm(weights, dim=2)  # (heads, tokens)
    sharpness = rows.sum(dim=1) + columns.sum(dim=(1, 2))  # (heads,)
    kept = sharpness.topk(min(_KEPT, len(sharpness))).indices
    maps = weights[kept] / columns[kept].clamp(min=torch.finfo(weights.dtype).tiny)
    return median_filter(maps, medfilt_width, kernels).mean(dim=0)
