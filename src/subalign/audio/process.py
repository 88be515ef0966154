"""A running ffmpeg: its output read block by block, its log drained, and always reaped."""

import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import IO, Any

from subalign.audio.ffmpeg import NO_WINDOW
from subalign.audio.log import FfmpegLog
from subalign.errors import ToolMissingError
from subalign.interrupts import interrupts_later

__all__ = ["FfmpegProcess", "FfmpegStalledError"]

_CHUNK = 1 << 16  # bytes read from the pipe at once
_AHEAD = 32  # chunks that may wait: 2 MiB, half a minute of samples
_POLL = 0.1  # seconds


class FfmpegStalledError(Exception):
    """The program gave no bytes for the whole of the time limit, and was stopped."""


class FfmpegProcess:
    """Runs `command` while it is entered, and offers its standard output; usable from one thread.

    Threads read its standard error into `log` and write `data` to its input. Entering raises
    `ToolMissingError` if the program does not start.
    """

    def __init__(
        self,
        command: list[str],
        *,
        log: FfmpegLog,
        data: Iterator[bytes] | None,
        stall_timeout: float,
    ) -> None:
        self._command = command
        self._log = log
        self._data = data
        self._stall_timeout = stall_timeout
        self._chunks: queue.Queue[bytes] = queue.Queue(_AHEAD)
        self._stopping = threading.Event()
        self._readers: list[threading.Thread] = []
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "FfmpegProcess":
        try:
            # an interrupt in between would leave the program running by itself
            with interrupts_later():
                self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self) -> None:
        process = self._process = _start(self._command, piped=self._data is not None)
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers += [
            _thread("samples", self._pump, process.stdout),
            _thread("log", self._log.read, process.stderr),
        ]
        for thread in self._readers:
            thread.start()
        if self._data is not None and process.stdin is not None:
            # Not joined: it may wait for a source that sends nothing more.
            _thread("input", _feed, self._data, process.stdin, self._stopping).start()

    @property
    def exit_code(self) -> int | None:
        """The program's exit status; None while it runs."""
        return None if self._process is None else self._process.poll()

    def read(self) -> bytes:
        """The next bytes as they come; empty at the end, when the log is complete as well.

        Raises `FfmpegStalledError` after the time limit.
        """
        if self._stopping.is_set():
            return b""
        try:
            chunk = self._chunks.get(timeout=self._stall_timeout)
            if not chunk and self._process is not None:
                self._process.wait(self._stall_timeout)
        except (queue.Empty, subprocess.TimeoutExpired):
            self.close()
            raise FfmpegStalledError from None
        if not chunk:
            self.close()
        return chunk

    def close(self) -> None:
        """Stops the program if it still runs, and waits until it and its readers are gone."""
        self._stopping.set()
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for thread in self._readers:
            thread.join()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _pump(self, pipe: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            while chunk := os.read(pipe.fileno(), _CHUNK):
                if not self._offer(chunk):
                    return
        self._offer(b"")

    def _offer(self, chunk: bytes) -> bool:
        while not self._stopping.is_set():
            with suppress(queue.Full):
                self._chunks.put(chunk, timeout=_POLL)
                return True
        return False


def _thread(name: str, target: Callable[..., None], *arguments: Any) -> threading.Thread:
    return threading.Thread(target=target, args=arguments, name=f"subalign-{name}", daemon=True)


def _start(command: list[str], *, piped: bool) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "AV_LOG_FORCE_NOCOLOR": "1"}
    # A report file in the working folder is nothing that a library leaves behind.
    environment.pop("FFREPORT", None)
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            creationflags=NO_WINDOW,
        )
    except OSError as error:
        raise ToolMissingError(
            f"{command[0]} does not run ({error.strerror}): install ffmpeg, or reinstall the"
            " Python package imageio-ffmpeg."
        ) from error


def _feed(data: Iterator[bytes], pipe: IO[bytes], stopping: threading.Event) -> None:
    # An unreadable source ends the input early; ffmpeg's log then shows what is missing.
    with suppress(OSError, ValueError):
        for chunk in data:
            if stopping.is_set():
                break
            pipe.write(chunk)
            pipe.flush()
    with suppress(OSError, ValueError):
        pipe.close()
