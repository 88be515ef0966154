"""The two streams: lines for people on standard error, results alone on standard output.

Text of users and strangers (file names, transcripts) is never taken for markup, never cut, and
shown without control characters. Results are UTF-8 with line feeds, whatever the terminal says.
"""

import errno
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from subalign.cli.settings import Settings
from subalign.errors import OutputError, UsageError, printable_line
from subalign.options import LayoutOptions
from subalign.results import Transcript

if TYPE_CHECKING:
    from rich.console import Console

    from subalign.subtitles import PageMedia

__all__ = [
    "Session",
    "discard_output",
    "output_error",
    "print_bytes",
    "print_line",
    "print_pieces",
    "print_text",
    "print_transcript",
    "readable_size",
    "stdout_carries",
]

_COLOUR_ASKED_FOR = ("FORCE_COLOR", "TTY_COMPATIBLE")  # Rich heeds these also where no terminal is


def readable_size(n_bytes: int) -> str:
    """Bytes in decimal units, as download pages give them."""
    if n_bytes >= 1e9:
        return f"{n_bytes / 1e9:.1f} GB"
    return f"{n_bytes / 1e6:.0f} MB"


@dataclass(frozen=True)
class Session:
    """One run of the command. With `debug`, unexpected errors show their traceback."""

    debug: bool = False
    settings: Settings = field(default_factory=Settings)

    @cached_property
    def console(self) -> "Console":
        """Rich's console on whatever `sys.stderr` is when it prints."""
        from rich.console import Console

        return Console(stderr=True, markup=False, highlight=False, emoji=False)

    def say(self, text: str, *, style: str = "", prefix: str = "") -> None:
        """One line on standard error, however long; `style` colours the prefix on a terminal.

        Terminals get it wrapped between words; those too long for a line, as paths, stay whole.
        """
        if self._is_plain():
            # nobody is told where nothing can be told: the work and its exit code count
            with suppress(OSError, ValueError):
                if sys.stderr is not None:
                    sys.stderr.write(f"{prefix}{printable_line(text)}\n")
                    sys.stderr.flush()
            return
        from rich.text import Text

        line = prefix + printable_line(text)
        if self.console.is_terminal:
            from textwrap import wrap

            width = self.console.width
            line = "\n".join(wrap(line, width, break_long_words=False, break_on_hyphens=False))
        shown = Text(line)
        shown.stylize(style, 0, len(prefix))
        self.console.print(shown, soft_wrap=True)

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


def print_transcript(
    transcript: Transcript,
    format: str,
    layout: LayoutOptions,
    media: "PageMedia | None" = None,
) -> None:
    """Write one result to standard output; `media` is the recording for a page.

    Raises:
        OutputError: its reader has gone, or it leads to a full disk.
    """
    from subalign.subtitles import get_writer

    content = io.BytesIO()
    get_writer(format, layout, media=media).write_bytes(transcript, content)
    print_bytes(content.getvalue())


def print_bytes(content: bytes) -> None:
    """Write a result to standard output: text in UTF-8, or what is no text.

    Raises:
        OutputError: its reader has gone, it is closed, or it leads to a full disk.
        UsageError: it is no text, and standard output is a terminal.
    """
    try:
        print_text(content.decode())
    except UnicodeDecodeError:
        if sys.stdout is not None and sys.stdout.isatty():
            raise UsageError(
                "The result is no text: lead standard output to a file, or give --output-dir."
            ) from None
        with _failures_named("give a folder as --output-dir"):
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()


def print_text(text: str) -> None:
    """Write a result's text to standard output.

    Raises:
        OutputError: its reader has gone, it is closed, or it leads to a full disk.
    """
    from subalign.subtitles.controls import plain_characters

    with _failures_named("give a folder as --output-dir"):
        # text of strangers never gives a terminal orders
        shown = plain_characters(text) if sys.stdout.isatty() else text
        sys.stdout.buffer.write(shown.encode())
        sys.stdout.buffer.flush()


def print_line(text: str) -> None:
    """Write what a command tells to standard output, in the terminal's encoding.

    Raises:
        OutputError: it is closed, or leads to a full disk.
        BrokenPipeError: its reader has gone.
    """
    print_pieces([text])


def print_pieces(texts: Iterable[str]) -> None:
    """Write the pieces of a line, or of lines, as `print_line` does."""
    with _failures_named("lead it elsewhere", loudly=False):
        for text in texts:
            if stdout_carries(text):
                sys.stdout.write(text)
            else:
                encoding = getattr(sys.stdout, "encoding", None) or "ascii"
                sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.write("\n")
        sys.stdout.flush()


@contextmanager
def _failures_named(remedy: str, *, loudly: bool = True) -> Iterator[None]:
    if sys.stdout is None:
        raise OutputError(f"Standard output is closed: {remedy}.")
    try:
        yield
    except OSError as error:
        discard_output()
        if isinstance(error, BrokenPipeError) and not loudly:
            raise
        raise output_error(error, remedy) from error


def output_error(error: OSError, remedy: str) -> OutputError:
    """The sentence for standard output that cannot be written."""
    if isinstance(error, BrokenPipeError):
        reason = "its reader has gone"
    elif error.errno == errno.ENOSPC:
        reason = "the disk is full"
    else:
        reason = (error.strerror or str(error)).lower()
    return OutputError(f"Standard output cannot be written ({reason}): {remedy}.")


def stdout_carries(text: str) -> bool:
    """Whether standard output's encoding has every character of `text`."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def discard_output() -> None:
    """Let what is still buffered go nowhere: it would fail again when the interpreter ends."""
    with suppress(OSError, ValueError, AttributeError):
        target = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, target)
        os.close(nowhere)
