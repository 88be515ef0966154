"""The bar on a terminal: reading the audio, then how far the text has come by audio time."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from rich.console import Console, ConsoleRenderable
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.text import Text

from subalign.errors import printable_line
from subalign.options import Clip

__all__ = [
    "ManyProgress",
    "RunProgress",
    "audio_done",
    "clock",
    "readable_seconds",
    "run_summary",
]


_LABEL_WIDTH = 32


class Running(Protocol):
    """A transcription at work; both in seconds."""

    @property
    def duration(self) -> float:
        """The recording's length."""
        ...

    @property
    def position(self) -> float:
        """How far the text has come."""
        ...


@dataclass
class _Position:
    duration: float = 0.0
    position: float = 0.0


def clock(seconds: float) -> str:
    """h:mm:ss, or m:ss below an hour."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def audio_done(clips: Sequence[Clip], duration: float, position: float) -> float:
    """Seconds of audio worked through when the transcription stands at `position`."""
    stretches = [(clip.start, duration if clip.end is None else clip.end) for clip in clips]
    return sum(
        max(0.0, min(end, position) - start) for start, end in stretches or [(0.0, duration)]
    )


class _AudioTime(ProgressColumn):
    def render(self, task: Task) -> Text:
        total = "?" if task.total is None else clock(task.total)
        return Text(f"{clock(task.completed)} of {total}", style="progress.download")


class _Pace(ProgressColumn):
    """How many times faster than the recording, and the time left at that pace.

    Text comes window by window, so the pace is taken when the position moves, not when it is drawn.
    """

    def render(self, task: Task) -> Text:
        pace = task.fields.get("pace")
        if not pace or task.total is None:
            return Text()
        left = max(0.0, task.total * pace - (task.elapsed or 0.0))
        return Text(f"{1 / pace:.1f}x, {clock(left)} left", style="progress.remaining")


class _Bars(Progress):
    """A progress display that looks up how far the running transcription is when it is drawn."""

    running: Running | None = None
    clips: Sequence[Clip] = ()

    def get_renderables(self) -> Iterable[ConsoleRenderable]:
        running = self.running  # drawn by a thread of its own, while `finish` may take it away
        if running is not None:
            done = audio_done(self.clips, running.duration, running.position)
            for task in self.tasks:
                if done > task.completed:
                    self.update(task.id, completed=done, pace=(task.elapsed or 0.0) / done)
        yield from super().get_renderables()  # type: ignore[misc]


class RunProgress:
    """The bar of one recording at a time; nothing is drawn unless `shown`."""

    def __init__(self, console: Console, *, shown: bool) -> None:
        self._bars = _Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            _AudioTime(),
            _Pace(),
            console=console,
            transient=True,
            expand=True,
            disable=not shown,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> "RunProgress":
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.finish()
        self._bars.stop()

    def open(self, label: str) -> None:
        """The audio of a recording is going to be read."""
        self._begin(f"Reading {_short(label)}", None)

    def read(self, seconds: float, declared: float | None) -> None:
        """The audio has been read up to `seconds`."""
        if self._task is not None:
            self._bars.update(self._task, completed=seconds, total=declared)

    def follow(self, label: str, running: Running, clips: Sequence[Clip]) -> None:
        """Show how far `running` has come until `finish`."""
        self._begin(_short(label), audio_done(clips, running.duration, running.duration))
        self._bars.clips, self._bars.running = clips, running

    def follower(self, label: str) -> Callable[[float, float | None], None]:
        """What to call with the seconds done, and all of them where their number is known."""
        running = _Position()

        def show(done: float, duration: float | None) -> None:
            following = running.duration > 0
            running.position, running.duration = done, duration or 0.0
            if duration is None:
                self.read(done, None)
            elif not following:
                self.follow(label, running, ())

        return show

    def finish(self) -> None:
        """Hide the bar."""
        self._bars.running = None
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._bars.refresh()
        self._task = None

    def _begin(self, description: str, total: float | None) -> None:
        self.finish()
        self._task = self._bars.add_task(description, total=total)


@dataclass
class _Worker:
    """The recording that a worker is at: its bar, the seconds that are done, and all of them."""

    task: TaskID
    done: float = 0.0
    total: float = 0.0


class ManyProgress:
    """A bar for all recordings together, and one for each worker; nothing is drawn unless `shown`.

    Their number tells how far the work is, the seconds of sound how fast.
    """

    def __init__(self, console: Console, *, total: int, shown: bool) -> None:
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[text]}", style="progress.remaining", markup=False),
            console=console,
            transient=True,
            expand=True,
            disable=not shown,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._total = total
        self._ended = 0
        self._audio = 0.0
        self._started = time.monotonic()
        self._workers: dict[int, _Worker] = {}
        self._all = self._bars.add_task(f"{total} recordings", total=total, text="")

    def __enter__(self) -> "ManyProgress":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def moved(self, worker: int, label: str, done: float, total: float | None) -> None:
        """A worker has come so far in a recording; `total` is None while it is read."""
        if worker not in self._workers:
            self._workers[worker] = _Worker(self._bars.add_task("", total=None, text=""))
        own = self._workers[worker]
        own.done, own.total = done, total or 0.0
        self._bars.update(
            own.task,
            description=_short(label),
            completed=done,
            total=total,
            text="" if total is None else f"{clock(done)} of {clock(total)}",
        )
        self._update()

    def ended(self, worker: int) -> None:
        """A worker has done with its recording."""
        own = self._workers.get(worker)
        self._ended += 1
        self._audio += own.total if own is not None else 0.0
        self.lost(worker)

    def lost(self, worker: int) -> None:
        """A worker has died, or has nothing to do."""
        own = self._workers.pop(worker, None)
        if own is not None:
            self._bars.remove_task(own.task)
        self._update()

    def summary(self) -> str:
        """Such as "498 recordings: 12 min 5 s of audio in 61 s, 11.9x"."""
        elapsed = max(1e-9, time.monotonic() - self._started)
        return (
            f"{self._ended} recording{'' if self._ended == 1 else 's'}: "
            f"{readable_seconds(self._audio)} of audio in {readable_seconds(elapsed)}, "
            f"{self._audio / elapsed:.1f}x"
        )

    def _update(self) -> None:
        running = self._workers.values()
        parts = self._ended + sum(own.done / own.total for own in running if own.total)
        elapsed = max(1e-9, time.monotonic() - self._started)
        speed = (self._audio + sum(own.done for own in running)) / elapsed
        left = f", {clock(elapsed * (self._total / parts - 1))} left" if parts else ""
        text = f"{self._ended} of {self._total}, {speed:.1f}x{left}"
        self._bars.update(self._all, completed=parts, text=text)


def _short(label: str) -> str:
    name = printable_line(label)
    return name if len(name) <= _LABEL_WIDTH else "…" + name[1 - _LABEL_WIDTH :]


def run_summary(
    label: str,
    written: Sequence[str],
    *,
    audio: float,
    elapsed: float,
    language: str | None,
    arrow: str,
) -> str:
    """Such as "talk.mp4 → talk.srt (73 s of audio in 4.1 s, 17.8x)".

    `written` are the files, none where the result was printed; `language` is given where it was
    detected; `audio` and `elapsed` are seconds.
    """
    results = ", ".join(written) or "standard output"
    spoken = f"{language}, " if language else ""
    return (
        f"{label} {arrow} {results} ({spoken}{readable_seconds(audio)} of audio in "
        f"{readable_seconds(elapsed)}, {audio / elapsed:.1f}x)"
    )


def readable_seconds(seconds: float) -> str:
    """Such as 4.1 s, 73 s, 12 min 5 s."""
    if seconds >= 600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
