"""The command `subalign`: one module for each subcommand, and what they share.

`app` is the root. `options` and `layout_options` are what several commands take, `arguments` makes
commands of functions, `parsers` reads values, `job` holds what is to be done. `console` writes,
`messages` turns exceptions into sentences and exit codes, `progress` draws, `loading` loads the
model. PyTorch is imported when a command does its work (`*_run`): help and completion do without.
"""

import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """The entry point: carries out the process's arguments, and leaves the process."""
    _take_interrupts()
    _wait_asleep()
    try:
        from subalign.cli.app import run  # takes a moment, in which somebody may press Ctrl-C

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted: finished files stay.\n")
        code = 130
    sys.exit(code)


def _wait_asleep() -> None:
    """Let PyTorch's threads sleep while they wait for each other, unless the user says otherwise.

    Spinning, which is their default, takes the cores from whatever else runs, and from each other.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when PyTorch is first imported


def _take_interrupts() -> None:
    """Let SIGTERM, and the end of the terminal, do what Ctrl-C does: no half-written file stays."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        usual = (signal.SIG_DFL, signal.default_int_handler)
        if number is not None and signal.getsignal(number) in usual:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, if NumPy is being imported as soon as it is.

    PyTorch's extension module imports NumPy and swallows whatever is raised meanwhile; then all
    goes on with half of NumPy.
    """
    while frame is not None:
        if frame.f_globals.get("__name__") == "numpy" and frame.f_code.co_name == "<module>":
            threading.Thread(target=_send_later, args=(number,), daemon=True).start()
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _send_later(number: int) -> None:
    time.sleep(0.05)
    if hasattr(signal, "pthread_kill"):
        # to the main thread, so that it wakes where it waits
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:  # Windows
        signal.raise_signal(number)
