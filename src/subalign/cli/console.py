"""Everything that people read while a command runs: lines on standard error.

Standard output is for results alone. Text of users and strangers (file names, transcripts) is
never taken for markup, never cut, and shown without control characters.
"""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Session", "one_line"]

_COLOUR_ASKED_FOR = ("FORCE_COLOR", "TTY_COMPATIBLE")  # Rich heeds these also where no terminal is


def one_line(text: str) -> str:
    """`text` with a space for each line break and "?" for other control characters."""
    joined = " ".join(text.splitlines())
    return "".join(char if char.isprintable() else "?" for char in joined)


@dataclass(frozen=True)
class Session:
    """One run of the command. With `debug`, unexpected errors show their traceback."""

    debug: bool = False

    @cached_property
    def console(self) -> "Console":
        """Rich's console on whatever `sys.stderr` is when it prints."""
        from rich.console import Console

        return Console(stderr=True, markup=False, highlight=False, emoji=False)

    def say(self, text: str, *, style: str = "", prefix: str = "") -> None:
        """One line on standard error, however long; `style` colours the prefix on a terminal."""
        if self._is_plain():
            # nobody is told where nothing can be told: the work and its exit code count
            with suppress(OSError, ValueError):
                if sys.stderr is not None:
                    sys.stderr.write(f"{prefix}{one_line(text)}\n")
                    sys.stderr.flush()
            return
        from rich.text import Text

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
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        return "→" if encoding.lower().startswith("utf") else "->"

    def _is_plain(self) -> bool:
        """Whether lines go to a file or a pipe, for which nobody has to load Rich."""
        if "console" in vars(self) or any(map(os.environ.get, _COLOUR_ASKED_FOR)):
            return False
        return sys.stderr is None or not sys.stderr.isatty()
