"""Train the embedded model; an interrupted run goes on from its last checkpoint.

    python -m training.train training/micro.toml

SIGTERM or Ctrl-C end it after the step at hand, with a checkpoint.
"""

import argparse
import dataclasses
import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pprint import pformat
from types import FrameType

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch.nn.utils import clip_grad_norm_

from training import checkpoint
from training.config import Config, CorpusConfig, read_config
from training.data.batches import Batch, BatchMaker, batches
from training.loss import Losses, losses
from training.model import TrainedModel, make_model, tokenizer_of_model
from training.optimizer import Optimizers
from training.synthesis.corpus import finished_shards
from training.team import Team, gather

__all__ = ["train"]

_log = logging.getLogger("training")

_CORPUS_WAIT = 20.0  # seconds

_Show = Callable[[int, str], None]


class _Interrupt:
    """Whether a signal has asked the run to end."""

    requested = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True


def train(config: Config, *, last_step: int | None = None) -> checkpoint.Progress:
    """Train up to `last_step` (default: the last stage's end), from the last checkpoint if any."""
    with gather(config.run.processes, _train, config, last_step) as team:
        return _train(config, last_step, team)


def _train(config: Config, last_step: int | None, team: Team) -> checkpoint.Progress:
    run = config.run
    torch.manual_seed(run.seed)
    torch.set_num_threads(run.threads)
    device = torch.device(run.device)
    model = make_model(config.model).to(device).train()
    optimizer = Optimizers(model, config)
    average = checkpoint.Average(model, run.average)
    progress = checkpoint.Progress()
    found = checkpoint.find_checkpoint(run)
    if found is not None:
        progress = checkpoint.resume(found, model, optimizer, average)
        _log.info("goes on from %s, step %d", found, progress.step)
    if run.compile:
        model.encode = torch.compile(model.encode, dynamic=True)  # type: ignore[method-assign]
    end = config.stages[-1].until if last_step is None else last_step
    maker = BatchMaker(config, model.whisper.dims, tokenizer_of_model(model.whisper), team)
    source = batches(maker, progress.step, end, workers=run.workers)
    keeper = _Keeper(config, progress, end)
    with team.met(), _interruptible(team) as interrupt, _shown(progress.step, end, team) as show:
        for batch in source:
            outcome = _losses(model, optimizer, batch.to(device), config)
            interrupted = team.average(model.parameters(), ends=interrupt.requested)
            _step(model, optimizer, config, progress.step)
            average.update(model, progress.step)
            progress.step += 1
            line = keeper.take(outcome, batch.seconds * team.size)
            if line is not None and team.rank == 0:
                _log.info("step %d %s", progress.step, line)
                show(progress.step, line)
            last = interrupted or progress.step == end
            if team.rank == 0 and (last or keeper.is_due()):
                checkpoint.save(run, model, optimizer, average, progress)
            if interrupted:
                _log.info("ended by a signal at step %d", progress.step)
                break
    return progress


def _losses(model: TrainedModel, optimizer: Optimizers, batch: Batch, config: Config) -> Losses:
    """The losses of a batch; their gradients are left in the model."""
    kind, enabled = batch.mel.device.type, config.run.autocast
    with torch.autocast(kind, dtype=torch.bfloat16, enabled=enabled):
        heard = model(batch)
    outcome = losses(heard, batch, config.loss)
    optimizer.zero_grad()
    outcome.total.backward()  # type: ignore[no-untyped-call]
    return outcome


def _step(model: TrainedModel, optimizer: Optimizers, config: Config, number: int) -> None:
    optimizer.set_rate(config.learning_rate(number))
    norm = clip_grad_norm_(model.parameters(), config.run.clip)
    if torch.isfinite(norm):
        optimizer.step()
    else:
        _log.warning("step %d has no finite gradient and is left out", number)


class _Keeper:
    """Counts what was heard, and tells when a line of the log or a checkpoint is due."""

    def __init__(self, config: Config, progress: checkpoint.Progress, end: int) -> None:
        self._config = config
        self._progress = progress
        self._end = end
        self._meter = _Meter()
        self._saved = self._reported = time.monotonic()

    def take(self, outcome: Losses, seconds: float) -> str | None:
        """Count a step of so many seconds of windows; a line for the log where one is due."""
        progress = self._progress
        progress.audio_seconds += seconds
        self._meter.add(outcome, seconds)
        if progress.step % self._config.run.log_steps and progress.step != self._end:
            return None
        now = time.monotonic()
        progress.wall_seconds += now - self._reported
        rate = self._config.learning_rate(progress.step - 1)
        line = self._meter.line(now - self._reported, rate)
        self._meter, self._reported = _Meter(), now
        return line

    def is_due(self) -> bool:
        """Whether it is time for a checkpoint; then the time begins anew."""
        now = time.monotonic()
        if now - self._saved <= 60 * self._config.run.checkpoint_minutes:
            return False
        self._saved = now
        return True


class _Meter:
    """Means of the losses since the last line of the log."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._steps = 0
        self._seconds = 0.0

    def add(self, outcome: Losses, seconds: float) -> None:
        for entry in dataclasses.fields(outcome):
            value = float(getattr(outcome, entry.name).detach())
            self._sums[entry.name] = self._sums.get(entry.name, 0.0) + value
        self._steps += 1
        self._seconds += seconds

    def line(self, elapsed: float, rate: float) -> str:
        means = " ".join(f"{name} {total / self._steps:.3f}" for name, total in self._sums.items())
        return f"{means} rate {rate:.2e} audio {self._seconds / elapsed:.0f} s/s"


@contextmanager
def _interruptible(team: Team) -> Iterator[_Interrupt]:
    """Let signals ask member 0 to end the run; the others end when it does."""
    interrupt = _Interrupt()
    if team.rank:
        yield interrupt
        return
    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _shown(first: int, end: int, team: Team) -> Iterator[_Show]:
    """A progress bar where there is a terminal; the log has the same lines."""
    done, line = TextColumn("{task.completed}/{task.total}"), TextColumn("{task.fields[line]}")
    columns = (BarColumn(), done, TimeRemainingColumn(), line)
    with Progress(*columns, console=Console(stderr=True), disable=team.rank > 0) as bar:
        task = bar.add_task("training", total=end, completed=first, line="")
        yield lambda step, line: bar.update(task, completed=step, line=line)


def _open_log(config: Config) -> None:
    """The run's log, beside all that the run depends on, defaults included."""
    config.run.folder.mkdir(parents=True, exist_ok=True)
    (config.run.folder / "config.txt").write_text(pformat(config) + "\n", encoding="utf-8")
    handler = logging.FileHandler(config.run.folder / "log", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)


def _await_corpus(corpus: CorpusConfig) -> None:
    """Wait until there is enough speech to begin with; another process makes it."""
    wanted = min(corpus.minimum_shards, corpus.shards)
    while (present := len(finished_shards(corpus.folder))) < wanted:
        _log.info("waits for speech: %d of %d shards in %s", present, wanted, corpus.folder)
        time.sleep(_CORPUS_WAIT)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the embedded model; resumes by itself.")
    parser.add_argument("config", type=Path)
    parser.add_argument("--last-step", type=int, help="stop there; default: the last stage's end")
    arguments = parser.parse_args()
    config = read_config(arguments.config)
    _open_log(config)
    _await_corpus(config.corpus)
    train(config, last_step=arguments.last_step)


if __name__ == "__main__":
    main()
