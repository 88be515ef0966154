"""Raw cross-attention scores of chosen heads, taken while the decoder runs."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from subalign.model import explicit_attention
from subalign.model.whisper import TextDecoder

__all__ = ["ScoreCapture", "capture_scores"]

# PyTorch numbers hooks without a lock: two threads could get one number, and lose a hook
_registering = Lock()


class ScoreCapture:
    """What `capture_scores` has seen in the latest forward pass."""

    def __init__(self) -> None:
        self._by_layer: dict[int, Tensor] = {}

    @property
    def scores(self) -> Tensor:
        """Scores before the softmax, float32 (windows, heads, tokens, positions).

        Heads come layer by layer.

        Raises:
            RuntimeError: no forward pass has run in this context.
        """
        if not self._by_layer:
            raise RuntimeError("no scores were captured: the decoder did not run in this context")
        return torch.cat([self._by_layer[layer] for layer in sorted(self._by_layer)], dim=1)

    def take(self, layer: int, scores: Tensor) -> None:
        """Keep the scores of a layer's chosen heads."""
        self._by_layer[layer] = scores


_current: ContextVar[ScoreCapture | None] = ContextVar("score_capture", default=None)


@contextmanager
def capture_scores(
    decoder: TextDecoder, heads: Iterable[tuple[int, int]]
) -> Iterator[ScoreCapture]:
    """Capture the scores of these (layer, head) pairs in forward passes of this context.

    Only the layers of these heads take the explicit path of attention, and only here: calls from
    other threads stay fused and are not captured. Of nested captures the innermost gets the
    scores. The hooks are removed on any exit.
    """
    by_layer: defaultdict[int, list[int]] = defaultdict(list)
    for layer, head in sorted(set(heads)):
        by_layer[layer].append(head)
    attentions = {layer: _cross_attention(decoder, layer) for layer in by_layer}
    capture = ScoreCapture()
    with ExitStack() as stack:
        for layer, attention in attentions.items():
            handle = _register(attention, _hook(capture, layer, by_layer[layer]))
            stack.callback(handle.remove)
        stack.enter_context(explicit_attention(attentions.values()))
        stack.callback(_current.reset, _current.set(capture))
        yield capture


def _cross_attention(decoder: TextDecoder, layer: int) -> nn.Module:
    attention = decoder.blocks[layer].cross_attn
    assert isinstance(attention, nn.Module)
    return attention


def _register(module: nn.Module, hook: Callable[..., None]) -> RemovableHandle:
    with _registering:
        return module.register_forward_hook(hook)


def _hook(capture: ScoreCapture, layer: int, heads: Sequence[int]) -> Callable[..., None]:
    def take(_module: nn.Module, _inputs: Any, output: tuple[Tensor, Tensor | None]) -> None:
        scores = output[1]
        # hooks see every thread's calls
        if _current.get() is capture and scores is not None:
            capture.take(layer, scores[:, heads].detach())

    return take
