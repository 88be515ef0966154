"""From an exception to one sentence in the words of the command line, and to an exit code.

0    everything was done
1    some input failed
2    wrong usage
3    the model is not available
4    a transcript was not heard in its recording
130  interrupted
"""

import errno
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import typer

from subalign.cli.console import Session, discard_output
from subalign.errors import ModelError, SubalignError, ToolMissingError, UsageError

__all__ = [
    "EXIT_CODES",
    "INTERRUPTED",
    "NOT_HEARD",
    "each_file",
    "errors_reported",
    "exit_code_after",
    "exit_code_of",
    "report",
    "say_skipped",
    "sentence_of",
    "shown_warnings",
    "with_options",
]

NOT_HEARD = 4
INTERRUPTED = 130

_MOST_NAMED = 100  # failures that the end of a run names

EXIT_CODES = (
    "Exit codes: 0 all done, 1 some input failed, 2 wrong usage, 3 model not available, "
    "4 transcript not heard, 130 interrupted."
)

# The first class that an error is of gives its exit code; every other error has 1.
_CODES: dict[type[BaseException], int] = {
    UsageError: 2,
    ModelError: 3,
    KeyboardInterrupt: INTERRUPTED,
}

# Parameters of the library whose option has another name than theirs with dashes.
_OPTIONS = {
    "end": "--to",
    "max_seconds": "--max-recording",
    "path": "--output-dir",
    "source": "--from",
    "start": "--from",
    "target": "--output",
    "track": "--audio-track",
    **{
        name: f"--style {name}"
        for name in ("font", "size", "color", "highlight", "outline", "position")
    },
}
_PARAMETER = re.compile("`([a-z_]+)(?:=([^`]*))?`")


def with_options(message: str) -> str:
    """A message of the library with the command's options in place of parameters.

    `beam_size` becomes --beam-size, `device=cpu` --device cpu, `word_timestamps=False`
    --no-word-timestamps.
    """

    def option(match: re.Match[str]) -> str:
        name, value = match[1], match[2]
        spelled = _OPTIONS.get(name, f"--{name.replace('_', '-')}")
        if value is None:
            return spelled
        if value == "False":
            return spelled.replace("--", "--no-", 1)
        return f"{spelled}{'=' if ' ' in spelled else ' '}{value}"

    return _PARAMETER.sub(option, message)


def exit_code_of(error: BaseException) -> int:
    """The exit code of a command that ends with this error."""
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), 1)


def sentence_of(error: BaseException, source: str = "") -> str:
    """What went wrong, in one line.

    `source` is the file that was worked on, for errors that do not name it themselves.
    """
    if isinstance(error, SubalignError):
        return with_options(str(error))
    if _out_of_memory(error):
        return (
            f"Not enough memory{f' for {source}' if source else ''}: "
            f"use a smaller model{' or --device cpu' if _on_gpu(error) else ' or fewer --jobs'}."
        )
    return (
        f"subalign stopped at a fault of its own{f' in {source}' if source else ''} "
        f"({type(error).__name__}: {error}): please report it with what `subalign --debug …` "
        "or SUBALIGN_DEBUG=1 shows."
    )


def report(error: BaseException, session: Session, *, source: str = "") -> int:
    """Show what went wrong, as `sentence_of` has it, and return the exit code."""
    if isinstance(error, KeyboardInterrupt):
        session.say("Interrupted: finished files stay.")
        return exit_code_of(error)
    if isinstance(error, BrokenPipeError):
        discard_output()  # the reader of standard output wants no more
        return exit_code_of(error)
    session.fail(sentence_of(error, source))
    if session.debug:
        _show_traceback(error, session)
    return exit_code_of(error)


@contextmanager
def errors_reported(session: Session) -> Iterator[None]:
    """Report what is raised inside and leave the command with its exit code."""
    try:
        yield
    except typer.Exit:
        raise
    except Exception as error:
        raise typer.Exit(report(error, session)) from error


def each_file(
    files: Iterable[str], work: Callable[[str], object], session: Session
) -> list[tuple[str, str]]:
    """Do the work for each file, given by its name.

    Returns those that failed, which does not stop the others, each with the reason.

    Raises:
        UsageError, ModelError, ToolMissingError: what is wrong is so for every file.
    """
    failed = []
    for file in dict.fromkeys(files):
        try:
            work(file)
        except (UsageError, ModelError, ToolMissingError):
            raise
        except Exception as error:  # noqa: BLE001 (the other files go on)
            report(error, session, source=file)
            failed.append((file, sentence_of(error, file)))
    return failed


def say_skipped(labels: Sequence[str], session: Session) -> None:
    """Say in one line which inputs were left out because their results are there."""
    if len(labels) == 1:
        session.say(f"{labels[0]} is skipped: its results are there.")
    elif labels:
        session.say(f"{len(labels)} inputs are skipped: their results are there.")


def exit_code_after(failed: Sequence[tuple[str, str]], total: int, session: Session) -> int:
    """The exit code after so many inputs; those that failed are named, each with the reason."""
    if failed and total > 1:
        session.say(f"{len(failed)} of {total} inputs failed:")
        for name, reason in failed[:_MOST_NAMED]:
            session.say(reason if name in reason else f"{name}: {reason}", prefix="  ")
        if failed[_MOST_NAMED:]:
            session.say(f"and {len(failed) - _MOST_NAMED} more", prefix="  ")
    return 1 if failed else 0


def _out_of_memory(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    # for the processor's memory PyTorch has no type of its own
    return isinstance(error, MemoryError) or _on_gpu(error) or "DefaultCPUAllocator" in str(error)


def _on_gpu(error: BaseException) -> bool:
    # PyTorch's own error is told by its name: this module must not import PyTorch.
    return type(error).__name__ == "OutOfMemoryError"


def _show_traceback(error: BaseException, session: Session) -> None:
    import traceback

    text = "".join(traceback.format_exception(error))
    session.console.print(text, soft_wrap=True, end="")


class _WarningLines(logging.Handler):
    """Shows each different warning once."""

    def __init__(self, session: Session) -> None:
        super().__init__(logging.WARNING)
        self._session = session
        self._shown: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message not in self._shown:
            self._shown.add(message)
            self._session.warn(with_options(message))


@contextmanager
def shown_warnings(session: Session) -> Iterator[None]:
    """Show what the library's logger warns of, as long as the context lasts."""
    logger = logging.getLogger("subalign")
    handler = _WarningLines(session)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
