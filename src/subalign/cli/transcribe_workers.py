"""The recordings of a job in worker processes: what they do, and what is made of what they tell.

The process that starts them imports no PyTorch. The first worker loads the model alone, and fetches
it where it is absent; the others follow.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from subalign.cli.console import Session
from subalign.cli.job import TranscribeJob, Work
from subalign.cli.progress import ManyProgress, Running, audio_done
from subalign.cli.ray_pool import RayPool
from subalign.cli.speakers import SPEAKERS
from subalign.cli.workers import Ended, Lost, Note, Ready, Send, Started, WorkerPool
from subalign.errors import SubalignError
from subalign.options import Clip
from subalign.pipeline.ledger import Ledger, Row, written_files

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["rows_of_workers"]

_MOST_ATTEMPTS = 2  # that a recording has whose worker dies
_MOST_LOADS = 3  # of the model in a place, where workers die meanwhile
_ROOM = 1 << 30  # bytes that a worker may need besides what it has with the model loaded
_CORES = 1  # of a worker, where as many are started as suit the machine
_GROUP = Path("/sys/fs/cgroup")  # of the container
_GLANCE = 1.0  # seconds between two looks at how far a worker is


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What a worker tells once it has the model: its name, the GPUs, and its memory in bytes."""

    model: str
    gpus: tuple[str, ...]
    memory: int


@dataclass(frozen=True, slots=True)
class _Line:
    """A line for the screen, as `Session.say` takes it."""

    text: str
    style: str
    prefix: str


@dataclass(frozen=True, slots=True)
class _Position:
    """How many seconds of a recording are done; `total` is None while it is read."""

    label: str
    done: float
    total: float | None


def rows_of_workers(
    works: Sequence[Work], job: TranscribeJob, ledger: Ledger, session: Session
) -> Iterator[tuple[Work, Row]]:
    """What comes of each recording, as it comes; one whose worker dies twice is set aside.

    Raises:
        UsageError, ModelError, ToolMissingError: what is wrong is so for every recording.
        SubalignError: no worker could load the model.
    """
    shown = session.console.is_terminal and not job.quiet
    with (
        _pool(works, job) as pool,
        ManyProgress(session.console, total=len(works), shown=shown) as progress,
    ):
        workers = (_RayWorkers if isinstance(pool, RayPool) else _Workers)(pool, job, session)
        workers.start(0)
        for event in pool.events():
            if isinstance(event, Ready):
                ledger.pin("model", {"model": event.told.model})
                workers.ready(event.worker, event.told)
            elif isinstance(event, Started):
                outputs = written_files(event.task.outputs, done=False)
                ledger.start(event.task.key, outputs)
            elif isinstance(event, Note):
                workers.show(event, progress)
            elif isinstance(event, Ended):
                progress.ended(event.worker)
                ledger.end(event.result)
                yield event.task, event.result
            elif event.task is None:
                workers.replace_idle(event)
            else:
                progress.lost(event.worker)
                if not workers.replace_lost(event, event.task, ledger):
                    row = ledger.row(event.task.key)
                    assert row is not None
                    yield event.task, row
        if not job.quiet:
            session.say(progress.summary())


def _pool(works: Sequence[Work], job: TranscribeJob) -> WorkerPool[Work] | RayPool[Work]:
    if job.run.engine == "ray":
        return RayPool(works, job.run.address, job.compute.threads)
    return WorkerPool(works)


@dataclass
class _Workers:
    """Starts the workers of a job, each in its place: a device and a share of the cores."""

    pool: WorkerPool[Work] | RayPool[Work]
    job: TranscribeJob
    session: Session
    gpus: tuple[str, ...] = ()
    places: dict[int, int] = field(default_factory=dict)  # of each worker
    shown_once: set[str] = field(default_factory=set)
    loads: Counter[int] = field(default_factory=Counter)  # that failed, of each place
    complete: bool = False

    def start(self, place: int) -> None:
        """Start the worker of a place."""
        compute = self.job.compute
        threads = compute.threads or max(1, _cores() // self._most())
        device = compute.device
        if self.gpus and device in ("auto", "cuda"):
            device = self.gpus[place % len(self.gpus)]
        own = replace(self.job, compute=replace(compute, device=device, threads=threads))
        self.places[self.pool.start(partial(_prepare, own, self.session.debug))] = place

    def ready(self, worker: int, told: _Loaded) -> None:
        """A worker has the model: the first lets the others start."""
        self.loads[self.places[worker]] = 0
        if not self.complete:
            self.start_others(told)

    def start_others(self, first: _Loaded) -> None:
        """Start the others, as many as are wanted, or have room beside the first."""
        self.complete, self.gpus = True, first.gpus
        wanted = self._most()
        if self.job.run.jobs == "auto":
            beside = _free_memory() // (first.memory + _ROOM)
            wanted = len(first.gpus) or min(wanted, 1 + beside)
        for place in range(1, min(wanted, 1 + len(self.pool.waiting))):
            self.start(place)

    def _most(self) -> int:
        """How many workers there are at most, but with GPUs."""
        jobs = self.job.run.jobs
        return jobs if isinstance(jobs, int) else max(1, _cores() // _CORES)

    def show(self, note: Note, progress: ManyProgress) -> None:
        """Show what a worker tells; warnings, and what tells speakers apart, are shown once."""
        told = note.content
        if isinstance(told, _Position):
            progress.moved(note.worker, told.label, told.done, told.total)
            return
        if told.prefix in ("Warning: ", SPEAKERS):
            if told.text in self.shown_once:
                return
            self.shown_once.add(told.text)
        self.session.say(told.text, style=told.style, prefix=told.prefix)

    def replace_idle(self, lost: Lost[Work]) -> None:
        """A worker has died that was at no recording; who cannot load the model is left out."""
        place = self.places.pop(lost.worker)
        if self.complete and not self.pool.waiting:
            return
        if not lost.prepared and not lost.blameless:
            self.loads[place] += 1
        if self.complete and self.loads[place] < _MOST_LOADS:
            self.start(place)
            return
        sentence = f"A worker process died while it loaded the model, {lost.reason}"
        if not len(self.pool):
            raise SubalignError(f"{sentence}: use a smaller `model`, or fewer `jobs`.")
        self.session.warn(f"{sentence}: the others go on.")

    def replace_lost(self, lost: Lost[Work], work: Work, ledger: Ledger) -> bool:
        """A worker has died that was at a recording; whether that is tried again."""
        sentence = (
            f"{work.label} was set aside, as the process that was at it died twice, last "
            f"{lost.reason}, for want of memory or by a fault in compiled code: try it alone, or "
            "with a smaller --model."
        )
        again = lost.blameless or ledger.lose(
            work.key, ("WorkerDied", sentence), most=_MOST_ATTEMPTS
        )
        if again:
            self.pool.waiting.append(work)
            self.session.warn(
                f"The process that was at {work.label} died, {lost.reason}: it is tried again."
            )
        else:
            self.session.fail(sentence)
        place = self.places.pop(lost.worker)
        if self.pool.waiting:
            self.start(place)
        return again


class _RayWorkers(_Workers):
    """Starts actors on a cluster: Ray finds the place of each, and gives it a GPU."""

    def start(self, place: int) -> None:
        """Start the actor of a place."""
        assert isinstance(self.pool, RayPool)
        compute = replace(self.job.compute, threads=self.job.compute.threads or self.pool.cores)
        own = replace(self.job, compute=compute)
        self.places[self.pool.start(partial(_prepare, own, self.session.debug))] = place

    def start_others(self, first: _Loaded) -> None:
        """Start the others, as many as are wanted, or the cluster has room for."""
        self.complete = True
        for place in range(1, min(self._most(), len(self.pool.waiting) + 1)):
            self.start(place)

    def _most(self) -> int:
        assert isinstance(self.pool, RayPool)
        jobs = self.job.run.jobs
        return jobs if isinstance(jobs, int) else self.pool.places


def _cores() -> int:
    """Cores that this process may use, also where a container has its share of them."""
    found = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        found = len(os.sched_getaffinity(0))
    with suppress(OSError, ValueError):
        quota, period = (_GROUP / "cpu.max").read_text("ascii").split()
        found = min(found, max(1, int(quota) // int(period)))
    return found


def _free_memory() -> int:
    """Bytes that are free on the machine, and within the limit of a container; Linux tells."""
    free = 1 << 62
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        found = next(line for line in lines if line.startswith("MemAvailable:"))
        free = int(found.split()[1]) << 10
    with suppress(OSError, ValueError):
        limit = int((_GROUP / "memory.max").read_text("ascii"))
        free = min(free, limit - int((_GROUP / "memory.current").read_text("ascii")))
    return max(0, free)


@dataclass(frozen=True)
class _WorkerSession(Session):
    """Sends lines to the process that has the screen."""

    send: Send = print

    def say(self, text: str, *, style: str = "", prefix: str = "") -> None:
        """Send one line."""
        self.send(_Line(text, style, prefix))

    @cached_property
    def console(self) -> "Console":
        """For tracebacks alone: it is never a terminal."""
        from rich.console import Console

        return Console(stderr=True, markup=False, emoji=False, force_terminal=False)


class _SentProgress:
    """Sends how far a recording is."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._done = threading.Event()

    def open(self, label: str) -> None:
        self._send(_Position(label, 0.0, None))

    def read(self, seconds: float, declared: float | None) -> None:
        pass  # it takes a moment beside the rest

    def follow(self, label: str, running: Running, clips: Sequence[Clip]) -> None:
        duration = running.duration
        total = audio_done(clips, duration, duration)
        done = self._done = threading.Event()
        self._send(_Position(label, 0.0, total))

        def watch() -> None:
            before = 0.0
            while not done.wait(_GLANCE):
                now = audio_done(clips, duration, running.position)
                if now != before:
                    self._send(_Position(label, now, total))
                before = now

        threading.Thread(target=watch, daemon=True).start()

    def finish(self) -> None:
        self._done.set()


def _prepare(job: TranscribeJob, debug: bool, send: Send) -> tuple[_Loaded, Callable[[Work], Row]]:
    """In a worker: load the model, and give what transcribes a recording."""
    from subalign.cli.messages import shown_warnings
    from subalign.cli.transcribe_one import model_of_job, transcribe_one
    from subalign.model.devices import available_devices

    session = _WorkerSession(debug=debug, send=send)
    stack = ExitStack()  # as long as the process lives
    stack.enter_context(shown_warnings(session))
    model = stack.enter_context(model_of_job(job, session))
    gpus = tuple(name for name in available_devices() if name.startswith("cuda:"))
    progress = _SentProgress(send)

    def carry_out(work: Work, _held: ExitStack = stack) -> Row:
        return transcribe_one(work, job, model, session, progress)

    return _Loaded(model.name, gpus, _memory()), carry_out


def _memory() -> int:
    """Bytes of memory that this process has; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
