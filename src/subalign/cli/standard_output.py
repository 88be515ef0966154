"""Standard output: transcripts are UTF-8 with line feeds, whatever the terminal's settings."""

import errno
import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from subalign.errors import OutputError
from subalign.options import LayoutOptions
from subalign.results import Transcript

if TYPE_CHECKING:
    from subalign.subtitles import PageMedia

__all__ = ["discard_output", "print_text", "print_transcript", "stdout_carries"]


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

    text = io.StringIO(newline="")
    get_writer(format, layout, media=media).write(transcript, text)
    print_text(text.getvalue())


def print_text(text: str) -> None:
    """Write a result's text to standard output.

    Raises:
        OutputError: its reader has gone, or it leads to a full disk.
    """
    try:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except OSError as error:
        discard_output()
        reason = "the disk is full" if error.errno == errno.ENOSPC else "its reader has gone"
        if not isinstance(error, BrokenPipeError) and error.errno != errno.ENOSPC:
            reason = (error.strerror or str(error)).lower()
        raise OutputError(
            f"Standard output cannot be written ({reason}): give a folder as --output-dir."
        ) from error


def stdout_carries(text: str) -> bool:
    """Whether standard output's encoding has every character of `text`."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def discard_output() -> None:
    """Let what is still buffered go nowhere: it would fail again when the interpreter ends."""
    with suppress(OSError, ValueError):
        target = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, target)
        os.close(nowhere)
