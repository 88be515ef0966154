"""How the next token of each row is chosen: greedily, by sampling, or by beam search.

A search keeps its own scores and works on all rows of a batch at once. Nothing here reads a
tensor's value on the host until the search has ended; `ended` is what a step may ask.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from subalign.options import DecodingOptions

__all__ = ["BeamSearch", "Candidate", "GreedySearch", "TokenSearch", "largest", "token_search"]


_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible text of a window: its tokens, without endoftext, and their summed log-prob."""

    tokens: tuple[int, ...]
    sum_logprob: float


class TokenSearch(ABC):
    """Chooses tokens for `windows * group` rows, the rows of a window side by side."""

    group: int

    @property
    def places(self) -> Tensor:
        """The numbers of a window's rows (group,)."""
        return torch.arange(self.group, device=self.ended().device)

    @abstractmethod
    def choose(self, logits: Tensor, sampled: Tensor) -> tuple[Tensor, Tensor | None]:
        """The next token of each row (rows,), and the row that each one goes on from.

        `logits` is (rows, n_vocab) and `sampled` (rows, n) what each row holds so far. The second
        value is None where every row goes on from itself.
        """

    @abstractmethod
    def ended(self) -> Tensor:
        """Which windows (windows,) can gain nothing more."""

    @abstractmethod
    def select(self, windows: Tensor) -> None:
        """Go on with these windows alone."""

    @abstractmethod
    def candidates(self, sampled: Tensor) -> list[list[Candidate]]:
        """Each window's candidates once the search has ended with `sampled` (rows, n)."""


class GreedySearch(TokenSearch):
    """The likeliest token at temperature 0, else `group` samples a window."""

    def __init__(
        self,
        windows: int,
        eot: int,
        *,
        temperature: float = 0.0,
        group: int = 1,
        device: torch.device,
        generator: torch.Generator | None = None,
    ) -> None:
        self.group = group
        self._eot = eot
        self._temperature = temperature
        self._generator = generator
        self._sum_logprobs = torch.zeros(windows * group, device=device)
        self._ended = torch.zeros(windows * group, dtype=torch.bool, device=device)

    def choose(self, logits: Tensor, sampled: Tensor) -> tuple[Tensor, Tensor | None]:
        if self._temperature == 0:
            token = logits.argmax(dim=1)
        else:
            probabilities = (logits / self._temperature).softmax(dim=1)
            token = torch.multinomial(probabilities, 1, generator=self._generator)[:, 0]
        chosen = functional.log_softmax(logits, dim=1).gather(1, token[:, None])[:, 0]
        self._sum_logprobs += chosen.masked_fill(self._ended, 0.0)
        token = token.masked_fill(self._ended, self._eot)
        self._ended |= token == self._eot
        return token, None

    def ended(self) -> Tensor:
        return self._ended.view(-1, self.group).all(dim=1)

    def select(self, windows: Tensor) -> None:
        self._sum_logprobs = self._sum_logprobs.view(-1, self.group)[windows].flatten()
        self._ended = self._ended.view(-1, self.group)[windows].flatten()

    def candidates(self, sampled: Tensor) -> list[list[Candidate]]:
        rows = [
            Candidate(_before_end(tokens, self._eot), score)
            for tokens, score in zip(sampled.tolist(), self._sum_logprobs.tolist(), strict=True)
        ]
        return [rows[first : first + self.group] for first in range(0, len(rows), self.group)]


class BeamSearch(TokenSearch):
    """Beam search with patience (Kasai et al. 2022, arXiv 2204.05424).

    A window has ended once `round(beams * patience)` of its sequences have. Ended sequences are
    kept in a table (windows, places + 1, length), whose last place takes what is not wanted.
    """

    def __init__(
        self,
        windows: int,
        eot: int,
        *,
        beams: int,
        patience: float = 1.0,
        n_text_ctx: int,
        device: torch.device,
    ) -> None:
        self.group = beams
        self._eot = eot
        self._places = max(1, round(beams * patience))
        self._scores = torch.zeros(windows, beams, device=device)
        shape = (windows, self._places + 1)
        self._ended = torch.full((*shape, n_text_ctx + 1), eot, device=device)
        self._ended_scores = torch.full(shape, -torch.inf, device=device)
        self._count = torch.zeros(windows, dtype=torch.long, device=device)
        self._first_row = torch.arange(0, windows * beams, beams, device=device)[:, None]
        self._order = torch.arange(beams * (beams + 1), device=device)

    def choose(self, logits: Tensor, sampled: Tensor) -> tuple[Tensor, Tensor | None]:
        windows, beams = self._scores.shape
        values, likeliest = largest(functional.log_softmax(logits, dim=1), beams + 1)
        scores = self._scores.view(-1, 1) + values
        if sampled.shape[1] == 0:
            # all beams are still the same: let only the first one branch
            scores.view(windows, beams, -1)[:, 1:] = -torch.inf
        # (windows, beams * (beams + 1)), the best continuation first
        scores, order = scores.view(windows, -1).sort(dim=1, descending=True, stable=True)
        tokens = likeliest.view(windows, -1).gather(1, order)
        source = self._first_row + order.div(beams + 1, rounding_mode="floor")
        ends = tokens == self._eot
        alive_before = (~ends).cumsum(dim=1) - (~ends).long()
        self._keep_ended(ends & (alive_before < beams), scores, source, sampled)
        picked = self._first_places(~ends, beams)
        self._scores = scores.gather(1, picked)
        return tokens.gather(1, picked).view(-1), source.gather(1, picked).view(-1)

    def _first_places(self, wanted: Tensor, count: int) -> Tensor:
        """Where the first `count` true values stand in each row (windows, count)."""
        rank = torch.where(wanted, self._order, self._order + self._order.numel())
        return rank.topk(count, dim=1, largest=False, sorted=True).indices

    def _keep_ended(self, ended: Tensor, scores: Tensor, source: Tensor, sampled: Tensor) -> None:
        windows, beams = self._scores.shape
        # each beam can end once a step, so the first `beams` places hold every ended sequence
        places = self._first_places(ended, beams)
        valid = ended.gather(1, places)
        slot = self._count[:, None] + valid.long().cumsum(dim=1) - 1
        slot = torch.where(valid, slot, self._places).clamp(max=self._places)
        window = torch.arange(windows, device=slot.device)[:, None].expand_as(slot)
        rows = source.gather(1, places)
        self._ended[window, slot, : sampled.shape[1]] = sampled[rows]
        self._ended_scores[window, slot] = scores.gather(1, places)
        self._count = (self._count + valid.sum(dim=1)).clamp(max=self._places)

    def ended(self) -> Tensor:
        return self._count >= self._places

    def select(self, windows: Tensor) -> None:
        self._scores = self._scores[windows]
        self._ended = self._ended[windows]
        self._ended_scores = self._ended_scores[windows]
        self._count = self._count[windows]
        self._first_row = self._first_row[: len(windows)]

    def candidates(self, sampled: Tensor) -> list[list[Candidate]]:
        windows, beams = self._scores.shape
        alive = sampled.view(windows, beams, -1).tolist()
        alive_scores = self._scores.tolist()
        ended, ended_scores = self._ended.tolist(), self._ended_scores.tolist()
        found = []
        for window, count in enumerate(self._count.tolist()):
            rows = [
                Candidate(_before_end(ended[window][place], self._eot), ended_scores[window][place])
                for place in range(count)
            ]
            # beams that never ended fill up what is missing, the best first
            for beam in range(max(0, beams - count)):
                tokens = _before_end(alive[window][beam], self._eot)
                rows.append(Candidate(tokens, alive_scores[window][beam]))
            found.append(rows)
        return found


def largest(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` largest of each row (rows, n) and where they stand, as `topk` gives them.

    A processor looks for them only where the maximum of 64 neighbours is among the largest, six
    times as fast for a vocabulary.
    """
    rows, n_values = values.shape
    n_blocks = n_values // _BLOCK
    if values.device.type != "cpu" or n_blocks <= count:
        top = values.topk(count, dim=1)
        return top.values, top.indices
    blocks = values[:, : n_blocks * _BLOCK].view(rows, n_blocks, _BLOCK)
    chosen = blocks.amax(dim=2).topk(count, dim=1).indices  # (rows, count)
    within = torch.arange(_BLOCK)
    places = (chosen[:, :, None] * _BLOCK + within).flatten(1)
    rest = torch.arange(n_blocks * _BLOCK, n_values).expand(rows, -1)
    places = torch.cat([places, rest], dim=1)  # (rows, count * 64 + rest)
    found = values.gather(1, places).topk(count, dim=1)
    return found.values, places.gather(1, found.indices)


def _before_end(tokens: list[int], eot: int) -> tuple[int, ...]:
    return tuple(tokens[: tokens.index(eot)] if eot in tokens else tokens)


def token_search(
    options: DecodingOptions,
    windows: int,
    eot: int,
    *,
    n_text_ctx: int,
    device: torch.device,
    generator: torch.Generator | None,
) -> TokenSearch:
    """The search that the options ask for."""
    if options.beam_size is not None:
        return BeamSearch(
            windows,
            eot,
            beams=options.beam_size,
            patience=options.patience or 1.0,
            n_text_ctx=n_text_ctx,
            device=device,
        )
    return GreedySearch(
        windows,
        eot,
        temperature=options.temperature,
        group=options.best_of or 1,
        device=device,
        generator=generator,
    )
