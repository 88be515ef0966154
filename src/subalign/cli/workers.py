"""Tasks shared out to worker processes, each of which prepares itself once, as by loading a model.

A process that dies, by a fault in compiled code or for want of memory, costs its own task alone
(`concurrent.futures` gives up all tasks then). Workers end with the process that started them,
whatever ends that.
"""

import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from subalign.cli import take_interrupts
from subalign.cli.messages import INTERRUPTED

__all__ = ["Ended", "Lost", "Note", "Ready", "Send", "Setup", "Started", "WorkerPool"]

Task = TypeVar("Task")

Send = Callable[[object], None]
"""What a worker calls with notes on its work."""

Setup = Callable[[Send], tuple[object, Callable[[Any], object]]]
"""Prepares a worker: gives what is told of it, and what carries out a task. Can be pickled."""

_LAST_SECONDS = 10.0  # that a worker has to end when it is told to


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker is prepared; `told` is what its setup gave."""

    worker: int
    told: Any


@dataclass(frozen=True, slots=True)
class Started(Generic[Task]):
    """A worker has been given a task."""

    worker: int
    task: Task


@dataclass(frozen=True, slots=True)
class Note:
    """What a worker sent while it was at its work."""

    worker: int
    content: Any


@dataclass(frozen=True, slots=True)
class Ended(Generic[Task]):
    """A task is carried out."""

    worker: int
    task: Task
    result: Any


@dataclass(frozen=True, slots=True)
class Lost(Generic[Task]):
    """A worker has died; `task` is what it was at, None where it was at nothing.

    `prepared` is whether it ever was; `reason` is such as "killed by SIGKILL". `blameless` is
    whether its task cannot be to blame.
    """

    worker: int
    task: Task | None
    prepared: bool
    reason: str
    blameless: bool = False


@dataclass
class _Worker(Generic[Task]):
    process: BaseProcess
    channel: Connection
    prepared: bool = False
    task: Task | None = None


class WorkerPool(Generic[Task]):
    """Worker processes and the tasks that wait for them, to which more may be added.

    Within the context, workers are started one by one, as their number may depend on what the first
    tells. Leaving it ends them all.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.waiting = deque(tasks)
        self._workers: dict[int, _Worker[Task]] = {}
        self._started = 0

    def __enter__(self) -> "WorkerPool[Task]":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for worker in self._workers.values():
            if kind is None:
                with suppress(OSError):
                    worker.channel.send_bytes(b"")  # no more tasks
            else:
                worker.process.terminate()
        for worker in self._workers.values():
            worker.process.join(_LAST_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.channel.close()

    def __len__(self) -> int:
        """How many workers there are."""
        return len(self._workers)

    def start(self, setup: Setup) -> int:
        """Start another worker; returns its number."""
        spawn = get_context("spawn")  # a forked PyTorch may hang
        ours, its = spawn.Pipe()
        process = spawn.Process(target=_work, args=(setup, its), daemon=True)
        with _no_interrupts():
            process.start()
        its.close()  # so that the channel ends with the worker
        self._workers[self._started] = _Worker(process, ours)
        self._started += 1
        return self._started - 1

    def events(self) -> Iterator[Ready | Started[Task] | Note | Ended[Task] | Lost[Task]]:
        """What happens, until all tasks are carried out, or no worker is left.

        Raises:
            Exception: what a worker raised, which would come up in the others too.
            KeyboardInterrupt: a worker was interrupted.
        """
        while True:
            yield from self._hand_out()
            busy = any(worker.task is not None for worker in self._workers.values())
            if not (busy or self.waiting) or not self._workers:
                return
            channels = {worker.channel: number for number, worker in self._workers.items()}
            for channel in connection.wait(list(channels)):
                yield self._event(channels[channel])  # type: ignore[index]

    def _hand_out(self) -> Iterator[Started[Task]]:
        for number, worker in list(self._workers.items()):
            if self.waiting and worker.prepared and worker.task is None:
                worker.task = self.waiting.popleft()
                with suppress(OSError):  # it has died, as its channel will tell
                    worker.channel.send(worker.task)
                yield Started(number, worker.task)

    def _event(self, number: int) -> "Ready | Note | Ended[Task] | Lost[Task]":
        worker = self._workers[number]
        try:
            kind, content = worker.channel.recv()
        except (EOFError, OSError):
            return self._lost(number)
        if kind == "ready":
            worker.prepared = True
            return Ready(number, content)
        if kind == "note":
            return Note(number, content)
        if kind == "error":
            raise content
        task, worker.task = worker.task, None
        assert task is not None
        return Ended(number, task, content)

    def _lost(self, number: int) -> Lost[Task]:
        worker = self._workers.pop(number)
        worker.channel.close()
        worker.process.join()
        code = worker.process.exitcode or 0
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        reason = f"with exit code {code}"
        if code < 0:
            with suppress(ValueError):
                reason = f"killed by {signal.Signals(-code).name}"
        return Lost(number, worker.task, worker.prepared, reason)


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Let a new process be born with Ctrl-C blocked: who started it says when it is to end."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(setup: Setup, channel: Connection) -> None:
    """A worker's whole life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    take_interrupts(sys._getframe())  # to be told to end
    sending = threading.Lock()

    def send(kind: str, content: object) -> None:
        with sending:
            channel.send((kind, content))

    try:
        tasks: SimpleQueue[bytes] = SimpleQueue()
        threading.Thread(target=_receive, args=(channel, tasks), daemon=True).start()
        told, carry_out = setup(lambda note: send("note", note))
        send("ready", told)
        while task := tasks.get():
            send("result", carry_out(pickle.loads(task)))  # noqa: S301 (from who started it)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 (told to who started it)
        send("error", _sendable(error))


def _receive(channel: Connection, tasks: "SimpleQueue[bytes]") -> None:
    """Hand tasks on; where they can come no more, nobody wants results either."""
    try:
        while True:
            tasks.put(channel.recv_bytes())
    except (EOFError, OSError):
        os._exit(INTERRUPTED)


def _sendable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 (our own)
    except Exception:  # noqa: BLE001 (whatever makes it impossible)
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
