"""Everything that people read while a command runs: lines on standard error.

Standard output is for results alone. Text of users and strangers (file names, transcripts) is
never taken for markup, never cut, and shown without control characters.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

__all__ = ["Session", "one_line", "shown_warnings", "stderr_console"]


def stderr_console() -> Console:
    """A console on whatever `sys.stderr` is when it prints."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def one_line(text: str) -> str:
    """`text` with a space for each line break and "?" for other control characters."""
    joined = " ".join(text.splitlines())
    return "".join(char if char.isprintable() else "?" for char in joined)


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the command. With `debug`, unexpected errors show their traceback."""

    debug: bool = False
    console: Console = field(default_factory=stderr_console)

    def say(self, text: str, *, style: str = "", prefix: str = "") -> None:
        """One line on standard error, however long; `style` colours the prefix on a terminal."""
        line = Text.assemble((prefix, style), one_line(text))
        self.console.print(line, soft_wrap=True)

    def warn(self, text: str) -> None:
        """What a user should know although the work goes on."""
        self.say(text, style="yellow", prefix="Warning: ")

    def fail(self, text: str) -> None:
        """What went wrong."""
        self.say(text, style="bold red", prefix="Error: ")

    @property
    def arrow(self) -> str:
        """Stands between a recording and its results."""
        return "→" if self.console.encoding.startswith("utf") else "->"


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
            self._session.warn(message)


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
