"""The command `subalign`: one module for each subcommand, and what they share.

`app` is the root. `options` and `layout_options` are what several commands take, `arguments` makes
commands of functions, `parsers` reads values, `job` holds what is to be done. `console` writes,
`messages` turns exceptions into sentences and exit codes, `progress` draws, `loading` loads the
model. PyTorch is imported when a command does its work (`*_run`): help and completion do without.
"""

import gc
import os
import signal
import sys
import threading
import time
from types import FrameType

__all__ = ["main", "take_interrupts", "wait_shortly"]

# objects: more than PyTorch and numba have when they are imported
_OBJECTS_BEFORE_COLLECTION = 500_000


def main() -> None:
    """The entry point: carries out the process's arguments, and leaves the process."""
    taken = take_interrupts(sys._getframe())
    wait_shortly()
    # a third of a second of one core, as imported modules are looked through again and again
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    try:
        from subalign.cli.app import run  # takes a moment, in which somebody may press Ctrl-C

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted: finished files stay.\n")
        code = 130
    for number in taken:
        signal.signal(number, signal.SIG_DFL)  # Python's own end would show a traceback
    # a second of one core, as Python would look through all of PyTorch once more before it ends
    gc.freeze()
    sys.exit(code)


def wait_shortly() -> None:
    """Let PyTorch's threads fall asleep soon where they wait, unless the user says otherwise.

    They wait for each other thousands of times a second, and to wake up takes a third of the time;
    but to spin for long, which is their default, takes the cores from whatever else runs. On Linux
    a tenth of a millisecond has the better of both (bench/README.md).
    """
    if "OMP_WAIT_POLICY" not in os.environ:  # both are read when PyTorch is first imported
        os.environ["OMP_WAIT_POLICY"] = "passive"
        os.environ.setdefault("GOMP_SPINCOUNT", "3000")  # of GNU's OpenMP, before it sleeps


def take_interrupts(outermost: FrameType) -> list[int]:
    """Let SIGTERM, and the end of the terminal, do what Ctrl-C does: no half-written file stays.

    `outermost` is the frame beyond which code is whoever's that calls the command. Returns the
    signals that are taken: not those that whoever started the command has ignored.
    """
    usual = (signal.SIG_DFL, signal.default_int_handler)
    found = (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP"))
    taken = [number for number in found if number and signal.getsignal(number) in usual]
    for number in taken:
        signal.signal(number, lambda number, frame: _interrupt(outermost, number, frame))
    sys.unraisablehook = _interrupt_again
    return taken


def _interrupt(outermost: FrameType, number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, but as soon as it is safe where that is not now."""
    while frame is not None and frame is not outermost:
        if _must_end(frame):
            _send_later(number)
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _must_end(frame: FrameType) -> bool:
    """Whether the frame is of code that no interrupt may leave.

    PyTorch's extension module, being imported, imports NumPy and swallows whatever is raised
    meanwhile, and aborts where that comes out of Python code that it calls. And once an interrupt
    leaves text that is given to `exec`, as dataclasses do, Python ends itself by the signal,
    whatever the exit code.
    """
    if frame.f_code.co_name != "<module>" or frame.f_back is None:
        return False
    name = frame.f_globals.get("__name__")
    return name in ("numpy", "torch") or frame.f_code.co_filename == "<string>"


def _interrupt_again(ignored: "sys.UnraisableHookArgs") -> None:
    """Interrupt once more where Python ignores it, as in destructors and callbacks."""
    if issubclass(ignored.exc_type, KeyboardInterrupt):
        _send_later(signal.SIGINT)
    else:
        sys.__unraisablehook__(ignored)


def _send_later(number: int) -> None:
    threading.Thread(target=_send, args=(number,), daemon=True).start()


def _send(number: int) -> None:
    time.sleep(0.05)
    if hasattr(signal, "pthread_kill"):
        # to the main thread, so that it wakes where it waits
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:  # Windows
        signal.raise_signal(number)
