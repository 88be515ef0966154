"""Multi-head attention with a fused and an explicit path, and the switches between them.

The fused path is `torch.nn.functional.scaled_dot_product_attention`; it returns no scores. The
explicit path returns the raw scores before the softmax, which word times are found in. Both
switches are context managers over `ContextVar`s: they restore on any exit, nest, and do not reach
other threads.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "SDPA_AVAILABLE",
    "KeyValues",
    "Linear",
    "Memory",
    "MultiHeadAttention",
    "disable_sdpa",
    "explicit_attention",
    "joined",
]

SDPA_AVAILABLE = hasattr(functional, "scaled_dot_product_attention")

_sdpa_disabled: ContextVar[bool] = ContextVar("sdpa_disabled", default=False)
_explicit_modules: ContextVar[frozenset[nn.Module]] = ContextVar(
    "explicit_modules", default=frozenset()
)


@contextmanager
def disable_sdpa() -> Iterator[None]:
    """Make every attention in this context take the explicit path."""
    token = _sdpa_disabled.set(True)
    try:
        yield
    finally:
        _sdpa_disabled.reset(token)


@contextmanager
def explicit_attention(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Make just these attention modules take the explicit path in this context."""
    token = _explicit_modules.set(_explicit_modules.get() | frozenset(modules))
    try:
        yield
    finally:
        _explicit_modules.reset(token)


class Linear(nn.Linear):
    """A linear layer; `int8.Int8Linear` can take its place."""

    def product(self, x: Tensor) -> Tensor:
        """What a call gives, without what a call costs: as much as one token's product."""
        return functional.linear(x, self.weight, self.bias)


class Memory(Protocol):
    """What one layer attends to: `KeyValues`, or `int8.Int8KeyValues`."""

    @property
    def keys(self) -> Tensor:
        """The keys of all windows, window by window."""

    def attend(self, query: Tensor, *, causal: bool = False) -> Tensor:
        """What each of the queries (windows, heads, queries, d_head) gets, by the fused path."""

    def floats(self) -> "KeyValues":
        """Keys and values in the type of the queries."""

    def select(self, windows: Tensor | slice) -> "Memory":
        """Those of some windows, by indices or by a slice."""


class KeyValues(NamedTuple):
    """Keys and values of one layer, each (batch, heads, positions, d_head)."""

    keys: Tensor
    values: Tensor

    def attend(self, query: Tensor, *, causal: bool = False) -> Tensor:
        """See `Memory`."""
        tokens, positions = query.shape[2], self.keys.shape[2]
        whole = causal and tokens == positions
        mask = _causal_mask(query, positions) if causal and not whole and tokens > 1 else None
        return functional.scaled_dot_product_attention(
            query, self.keys, self.values, attn_mask=mask, is_causal=whole and tokens > 1
        )

    def floats(self) -> "KeyValues":
        """See `Memory`."""
        return self

    def select(self, windows: Tensor | slice) -> "KeyValues":
        """See `Memory`."""
        return KeyValues(self.keys[windows], self.values[windows])

    def contiguous(self) -> "KeyValues":
        """The same, each position's channels side by side."""
        return KeyValues(self.keys.contiguous(), self.values.contiguous())


def joined(parts: Sequence[Memory]) -> Memory:
    """What several batches of windows of one layer attend to, as one batch."""
    tensors = zip(*parts, strict=True)
    return type(parts[0])(*map(torch.cat, tensors))


class MultiHeadAttention(nn.Module):
    """Attention as in Vaswani et al. 2017, section 3.2.2, with Whisper's parameter names."""

    use_sdpa: ClassVar[bool] = True
    memory_type: type[KeyValues] = KeyValues

    def __init__(self, n_state: int, n_head: int) -> None:
        super().__init__()
        self.n_head = n_head
        self.query = Linear(n_state, n_state)
        self.key = Linear(n_state, n_state, bias=False)
        self.value = Linear(n_state, n_state)
        self.out = Linear(n_state, n_state)

    @property
    def fused(self) -> bool:
        """Whether a call in this context takes the fused path."""
        return (
            SDPA_AVAILABLE
            and self.use_sdpa
            and not _sdpa_disabled.get()
            and self not in _explicit_modules.get()
        )

    def project(self, source: Tensor) -> KeyValues:
        """Keys and values of `source` (batch, positions, n_state)."""
        return self.memory_type(
            self._split(self.key.product(source)), self._split(self.value.product(source))
        )

    def forward(
        self, x: Tensor, memory: Memory | None = None, *, causal: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Attend from `x` (rows, tokens, n_state) to `memory`, or to `x` itself.

        `memory` may have fewer batch entries than `x` has rows: then each entry serves as many
        consecutive rows (the beams of a window), folded into the query length. With `causal`, the
        last token sees every position of `memory` and each earlier token one position less.

        Returns the output (rows, tokens, n_state) and, on the explicit path, the raw scores
        (rows, heads, tokens, positions), else None.
        """
        rows, tokens, n_state = x.shape
        memory = memory if memory is not None else self.project(x)
        windows = memory.keys.shape[0]
        # (windows, heads, rows / windows * tokens, d_head)
        query = self._split(self.query.product(x).view(windows, -1, n_state))
        if self.fused:
            output = memory.attend(query, causal=causal)
            scores = None
        else:
            keys, values = memory.floats()
            output, scores = _explicit(query, keys, values, causal)
            # (windows, heads, rows / windows, tokens, positions)
            scores = scores.reshape(windows, self.n_head, -1, tokens, keys.shape[2])
            # (rows, heads, tokens, positions)
            scores = scores.transpose(1, 2).reshape(rows, self.n_head, tokens, -1)
        # (rows, tokens, n_state)
        return self.out.product(output.transpose(1, 2).reshape(rows, tokens, n_state)), scores

    def _split(self, x: Tensor) -> Tensor:
        # (batch, heads, positions, d_head)
        return x.view(*x.shape[:2], self.n_head, -1).transpose(1, 2)


def _explicit(query: Tensor, keys: Tensor, values: Tensor, causal: bool) -> tuple[Tensor, Tensor]:
    scale = query.shape[-1] ** -0.25
    scores = ((query * scale) @ (keys * scale).transpose(-1, -2)).float()
    if causal and query.shape[2] > 1:
        scores = scores.masked_fill(~_causal_mask(query, keys.shape[2]), -torch.inf)
    weights = scores.softmax(dim=-1).to(values.dtype)
    return weights @ values, scores


def _causal_mask(query: Tensor, positions: int) -> Tensor:
    tokens = query.shape[2]
    everything = torch.ones(tokens, positions, dtype=torch.bool, device=query.device)
    return everything.tril(positions - tokens)  # (tokens, positions)
