"""Cross-entropy of the tokens, CTC of the letters, guided attention of the alignment heads."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.config import LossConfig
from training.data.batches import Batch
from training.data.targets import IGNORED
from training.model import Heard

__all__ = ["Losses", "losses"]


@dataclass(frozen=True, slots=True)
class Losses:
    """Scalars of one batch: nats a token, a letter, and a guided row; `total` is weighted.

    `outside` is the share of the alignment heads' attention that misses the words.
    """

    total: Tensor
    tokens: Tensor
    letters: Tensor
    guided: Tensor
    outside: Tensor
    accuracy: Tensor


def losses(heard: Heard, batch: Batch, config: LossConfig) -> Losses:
    """All losses of a batch, in float32."""
    logits = heard.logits.float().flatten(0, 1)  # (windows * tokens, n_vocab)
    outputs = batch.outputs.flatten()
    tokens = functional.cross_entropy(
        logits, outputs, ignore_index=IGNORED, label_smoothing=config.label_smoothing
    )
    letters = _ctc(heard.letters, batch)
    guided, outside = _guided(heard.scores, batch.intervals)
    known = outputs != IGNORED
    right = (logits.detach().argmax(dim=1) == outputs)[known]
    return Losses(
        total=tokens + config.ctc * letters + config.guided * guided,
        tokens=tokens.detach(),
        letters=letters.detach(),
        guided=guided.detach(),
        outside=outside.detach(),
        accuracy=right.float().mean(),
    )


def _ctc(letters: Tensor, batch: Batch) -> Tensor:
    """Connectionist temporal classification (Graves et al. 2006), nats a letter."""
    log_probs = letters.float().log_softmax(dim=-1).transpose(0, 1)  # (positions, windows, 29)
    total = functional.ctc_loss(
        log_probs,
        batch.letters,
        batch.positions,
        batch.letter_counts,
        reduction="sum",
        zero_infinity=True,
    )
    return total / batch.letter_counts.sum().clamp(min=1)


def _guided(scores: Tensor, intervals: Tensor) -> tuple[Tensor, Tensor]:
    """How far attention is from an even spread over each token's interval, and its share outside.

    The first is the Kullback-Leibler divergence, in nats, averaged over heads and those rows
    that have an interval. A position stands for the 20 ms around its time.
    """
    known = ~intervals[..., 0].isnan()  # (windows, tokens)
    if not bool(known.any()):
        nothing = scores.sum() * 0.0
        return nothing, nothing
    # (rows, heads, positions)
    log_weights = scores.float().transpose(1, 2)[known].log_softmax(dim=-1)
    cells = torch.arange(scores.shape[-1], device=scores.device)
    start, end = intervals[known].unsqueeze(-1).unbind(dim=1)  # (rows, 1) each
    inside = (torch.minimum(end, cells + 0.5) - torch.maximum(start, cells - 0.5)).clamp(min=0.0)
    covered = inside.sum(dim=-1, keepdim=True)
    inside, log_weights = inside[covered[:, 0] > 0], log_weights[covered[:, 0] > 0]
    even = inside / inside.sum(dim=-1, keepdim=True)  # (rows, positions)
    entropy = torch.special.entr(even).sum(dim=-1)  # (rows,)
    crossed = -torch.einsum("rp,rhp->rh", even, log_weights)
    within = (log_weights.exp() * (inside > 0).unsqueeze(1)).sum(dim=-1)  # (rows, heads)
    return (crossed - entropy[:, None]).mean(), 1.0 - within.mean()
