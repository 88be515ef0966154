"""Which tokens may come next, and which are likelier: rules that change a whole batch's logits.

Every rule is a few tensor operations over all rows; none reads a value back to the host.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from subalign.decoding.tokens import suppressed_tokens
from subalign.errors import UsageError
from subalign.model import Whisper
from subalign.options import DecodingOptions
from subalign.tokenizer import Tokenizer

__all__ = [
    "LikelierTerms",
    "LogitRule",
    "SuppressAtStart",
    "SuppressTokens",
    "TimestampRules",
    "logit_rules",
]


class LogitRule(ABC):
    """One reason why some tokens cannot come next, or are likelier."""

    @abstractmethod
    def apply(self, logits: Tensor, sampled: Tensor) -> None:
        """Change `logits` (rows, n_vocab), given the tokens `sampled` so far (rows, n)."""

    def select(self, rows: Tensor) -> None:  # noqa: B027 (most keep nothing of rows)
        """Go on with these rows alone."""


class SuppressTokens(LogitRule):
    """Tokens that may never come."""

    def __init__(self, tokens: list[int], n_vocab: int, device: torch.device) -> None:
        outside = [token for token in tokens if not 0 <= token < n_vocab]
        if outside:
            raise UsageError(
                f"`suppress_tokens` names token {outside[0]}, but the model has tokens 0 to "
                f"{n_vocab - 1}."
            )
        self._tokens = torch.tensor(tokens, dtype=torch.long, device=device)

    def apply(self, logits: Tensor, sampled: Tensor) -> None:
        logits.index_fill_(1, self._tokens, -torch.inf)


class SuppressAtStart(SuppressTokens):
    """Tokens that may not come first: a window does not begin with a blank or with its end."""

    def apply(self, logits: Tensor, sampled: Tensor) -> None:
        if sampled.shape[1] == 0:
            super().apply(logits, sampled)


@dataclass(frozen=True, slots=True)
class TimestampRules(LogitRule):
    """Timestamps come in pairs, never run back, and begin a window (Radford et al. 2022, 4.5).

    Where all timestamps together are likelier than every single text token, one of them comes.
    `max_initial` counts 20 ms steps; None lets the first timestamp be any.
    """

    eot: int
    timestamp_begin: int
    max_initial: int | None

    def apply(self, logits: Tensor, sampled: Tensor) -> None:
        if sampled.shape[1] == 0:
            self._begin_with_timestamp(logits)
        else:
            self._pair(logits, sampled)
        self._prefer_timestamps(logits)

    def _begin_with_timestamp(self, logits: Tensor) -> None:
        logits[:, : self.timestamp_begin] = -torch.inf
        if self.max_initial is not None:
            logits[:, self.timestamp_begin + self.max_initial + 1 :] = -torch.inf

    def _pair(self, logits: Tensor, sampled: Tensor) -> None:
        begin, end = self.timestamp_begin, logits.shape[1]
        is_timestamp = sampled >= begin
        last = is_timestamp[:, -1]
        open_pair = last & ~is_timestamp[:, -2] if sampled.shape[1] > 1 else torch.zeros_like(last)
        # the second of a pair may repeat the first; after a pair, time has to move on
        latest = sampled.amax(dim=1)
        lowest = torch.where(latest >= begin, latest + (~open_pair).long(), begin)
        lowest = torch.where(last & ~open_pair, end, lowest)
        ids = torch.arange(begin, end, device=logits.device)
        logits[:, begin:].masked_fill_(ids < lowest[:, None], -torch.inf)
        logits[:, : self.eot].masked_fill_(open_pair[:, None], -torch.inf)

    def _prefer_timestamps(self, logits: Tensor) -> None:
        text = logits[:, : self.timestamp_begin]
        all_timestamps = logits[:, self.timestamp_begin :].logsumexp(dim=1)
        text.masked_fill_((all_timestamps > text.amax(dim=1))[:, None], -torch.inf)


class LikelierTerms(LogitRule):
    """Terms that may be said in a window: their tokens are likelier, one after the other.

    The terms are a trie. A token of it is likelier by `bonus` where the tokens before it, up to the
    root, are the last ones that were sampled. `terms` are each window's, as tokens; a window has
    `group` rows.
    """

    def __init__(
        self,
        terms: Sequence[Sequence[tuple[int, ...]]],
        group: int,
        bonus: float,
        device: torch.device,
    ) -> None:
        prefixes = {term[:n] for own in terms for term in own for n in range(1, len(term) + 1)}
        nodes = sorted(prefixes)
        depth = max(map(len, nodes)) - 1
        # what has to come before a node's token, at the right; -1 is anything
        before = [[-1] * (depth + 1 - len(node)) + list(node[:-1]) for node in nodes]
        self._before = torch.tensor(before, device=device).view(len(nodes), depth)
        self._tokens = torch.tensor([node[-1] for node in nodes], device=device)
        own = [[any(t[: len(node)] == node for t in window) for node in nodes] for window in terms]
        # (rows, nodes)
        self._bonus = torch.tensor(own, device=device).repeat_interleave(group, dim=0) * bonus

    def apply(self, logits: Tensor, sampled: Tensor) -> None:
        depth = self._before.shape[1]
        last = sampled[:, max(0, sampled.shape[1] - depth) :]
        missing = depth - last.shape[1]  # at the beginning; no token has the number -2
        last = torch.nn.functional.pad(last, (missing, 0), value=-2)
        fits = ((last[:, None] == self._before) | (self._before == -1)).all(dim=2)
        logits.index_add_(1, self._tokens, (fits * self._bonus).to(logits.dtype))

    def select(self, rows: Tensor) -> None:
        self._bonus = self._bonus[rows]


def logit_rules(
    model: Whisper,
    tokenizer: Tokenizer,
    options: DecodingOptions,
    terms: LikelierTerms | None = None,
) -> tuple[LogitRule, ...]:
    """The rules of one decoding, in the order in which they apply."""
    n_vocab, device = model.dims.n_vocab, model.device
    never = suppressed_tokens(tokenizer, options)
    rules: list[LogitRule] = [] if terms is None else [terms]
    if options.suppress_blank:
        first = [*tokenizer.encode(" "), tokenizer.eot]
        rules.append(SuppressAtStart(first, n_vocab, device))
    if not options.without_timestamps:
        # a checkpoint with a shorter window has timestamps that lie behind its end
        behind = range(tokenizer.timestamp_begin + model.dims.n_audio_ctx + 1, n_vocab)
        never = [*never, tokenizer.no_timestamps, *behind]
    rules.append(SuppressTokens(never, n_vocab, device))
    if not options.without_timestamps:
        limit = options.max_initial_timestamp
        step = model.dims.position_seconds
        max_initial = None if limit is None else round(limit / step)
        rules.append(TimestampRules(tokenizer.eot, tokenizer.timestamp_begin, max_initial))
    return tuple(rules)
