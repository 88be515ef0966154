"""What turns gradients into steps: Muon for the blocks' matrices, AdamW for the rest."""

from typing import Any

from torch import nn
from torch.optim import AdamW, Muon, Optimizer

from training.config import Config
from training.model import TrainedModel

__all__ = ["Optimizers"]

_BETAS = (0.9, 0.98)


class Optimizers:
    """The optimizers of a run, as one.

    The matrices within the blocks take orthogonalised steps of AdamW's size (Jordan et al. 2024;
    Liu et al. 2025, arXiv 2502.16982). Weight decay holds for matrices and tables alone; the head
    of the letters has a rate of its own.
    """

    def __init__(self, model: TrainedModel, config: Config) -> None:
        decay = config.run.weight_decay
        layers, tables, rest = _sorted(model)
        muon = Muon(layers, lr=0.0, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
        letters = list(model.letters.parameters())
        groups = [
            {"params": tables, "weight_decay": decay, "scale": 1.0},
            {"params": rest, "weight_decay": 0.0, "scale": 1.0},
            {"params": letters, "weight_decay": 0.0, "scale": config.loss.ctc_rate},
        ]
        self._all: list[Optimizer] = [AdamW(groups, lr=0.0, betas=_BETAS), muon]

    def set_rate(self, rate: float) -> None:
        """The learning rate of the next step."""
        for optimizer in self._all:
            for group in optimizer.param_groups:
                group["lr"] = rate * group.get("scale", 1.0)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for optimizer in self._all:
            optimizer.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Change the weights."""
        for optimizer in self._all:
            optimizer.step()

    def state_dict(self) -> list[dict[str, Any]]:
        """What a checkpoint keeps."""
        return [optimizer.state_dict() for optimizer in self._all]

    def load_state_dict(self, states: list[dict[str, Any]]) -> bool:
        """Go on from a checkpoint."""
        for optimizer, state in zip(self._all, states, strict=True):
            optimizer.load_state_dict(state)


def _sorted(
    model: TrainedModel,
) -> tuple[list[nn.Parameter], list[nn.Parameter], list[nn.Parameter]]:
    """The blocks' matrices, the other matrices (tables, convolutions), and vectors."""
    layers, tables, rest = [], [], []
    for name, parameter in model.whisper.named_parameters():
        if not parameter.requires_grad:
            continue
        if parameter.ndim < 2:
            rest.append(parameter)
        elif parameter.ndim == 2 and ".blocks." in name:
            layers.append(parameter)
        else:
            tables.append(parameter)
    return layers, tables, rest
