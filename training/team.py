"""Several processes that train one model, each on its own part of every batch."""

import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed, multiprocessing, nn

__all__ = ["Team", "gather"]


@dataclass(frozen=True, slots=True)
class Team:
    """One member's view: its number from 0 on, and how many there are. Member 0 keeps the run."""

    rank: int = 0
    size: int = 1
    meeting: str = ""

    @contextmanager
    def met(self) -> Iterator[None]:
        """Wait for the others; processes for batches must have been forked before."""
        if self.size == 1:
            yield
            return
        distributed.init_process_group(
            "gloo", init_method=self.meeting, rank=self.rank, world_size=self.size
        )
        try:
            yield
        finally:
            distributed.destroy_process_group()

    @torch.no_grad()
    def average(self, parameters: Iterable[nn.Parameter], *, ends: bool) -> bool:
        """Average the gradients over all members; tell whether any of them `ends`."""
        if self.size == 1:
            return ends
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        gradients = [p.new_zeros(p.shape) if p.grad is None else p.grad for p in trained]
        asked = gradients[0].new_tensor([float(ends)])
        sums = torch.cat([*(part.flatten() for part in gradients), asked])
        distributed.all_reduce(sums)
        sizes = [parameter.numel() for parameter in trained]
        for parameter, part in zip(trained, sums[:-1].split(sizes), strict=True):
            parameter.grad = (part / self.size).view_as(parameter)
        return bool(sums[-1] > 0)


@contextmanager
def gather(size: int, work: Callable[..., object], *arguments: object) -> Iterator[Team]:
    """A team of this process and others, each of which does `work(*arguments, team)`."""
    if size == 1:
        yield Team()
        return
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        meeting = f"file://{folder}/meeting"
        others = [
            context.Process(target=_join, args=(work, arguments, Team(rank, size, meeting)))
            for rank in range(1, size)
        ]
        for other in others:
            other.start()
        try:
            yield Team(0, size, meeting)
        except BaseException:
            for other in others:
                other.kill()
            raise
        finally:
            for other in others:
                other.join()


def _join(work: Callable[..., Any], arguments: tuple[object, ...], team: Team) -> None:
    # member 0 hears the signals and tells the others
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    work(*arguments, team)
