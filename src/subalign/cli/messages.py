"""From an exception to one sentence and an exit code.

0    everything was done
1    some input failed
2    wrong usage
3    the model is not available
4    a transcript was not heard in its recording
130  interrupted
"""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from subalign.cli.console import Session
from subalign.cli.standard_output import discard_output
from subalign.errors import SubalignError

__all__ = ["EXIT_CODES", "INTERRUPTED", "NOT_HEARD", "errors_reported", "report"]

NOT_HEARD = 4
INTERRUPTED = 130

EXIT_CODES = (
    "Exit codes: 0 all done, 1 some input failed, 2 wrong usage, 3 model not available, "
    "4 transcript not heard, 130 interrupted."
)


def report(error: BaseException, session: Session, *, source: str = "") -> int:
    """Show what went wrong in one line, and return the exit code.

    `source` is the file that was worked on, for errors that do not name it themselves.
    """
    if isinstance(error, KeyboardInterrupt):
        session.say("Interrupted: finished files stay.")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        discard_output()  # the reader of standard output wants no more
        return 1
    if isinstance(error, SubalignError):
        session.fail(str(error))
        code = error.exit_code
    elif _out_of_memory(error):
        session.fail("Not enough memory: use a smaller model or --device cpu.")
        code = 1
    else:
        session.fail(
            f"subalign stopped at a fault of its own{f' in {source}' if source else ''} "
            f"({type(error).__name__}: {error}): please report it with what `subalign --debug …` "
            "or SUBALIGN_DEBUG=1 shows."
        )
        code = 1
    if session.debug:
        _show_traceback(error, session)
    return code


@contextmanager
def errors_reported(session: Session) -> Iterator[None]:
    """Report what is raised inside and leave the command with its exit code."""
    try:
        yield
    except typer.Exit:
        raise
    except (Exception, KeyboardInterrupt) as error:
        raise typer.Exit(report(error, session)) from error


def _out_of_memory(error: BaseException) -> bool:
    # PyTorch's own error is told by its name: this module must not import PyTorch.
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


def _show_traceback(error: BaseException, session: Session) -> None:
    import traceback

    text = "".join(traceback.format_exception(error))
    session.console.print(text, soft_wrap=True, end="")
