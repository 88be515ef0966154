"""A result on standard output: UTF-8 with line feeds, whatever the terminal's settings."""

import errno
import io
import os
import sys

from subalign.errors import OutputError
from subalign.options import LayoutOptions
from subalign.results import Transcript
from subalign.subtitles import get_writer

__all__ = ["print_transcript"]


def print_transcript(transcript: Transcript, format: str, layout: LayoutOptions) -> None:
    """Write one result to standard output.

    Raises:
        OutputError: its reader has gone, or it leads to a full disk.
    """
    text = io.StringIO(newline="")
    get_writer(format, layout).write(transcript, text)
    try:
        sys.stdout.buffer.write(text.getvalue().encode())
        sys.stdout.buffer.flush()
    except OSError as error:
        _discard_rest()
        reason = "the disk is full" if error.errno == errno.ENOSPC else "its reader has gone"
        if not isinstance(error, BrokenPipeError) and error.errno != errno.ENOSPC:
            reason = (error.strerror or str(error)).lower()
        raise OutputError(
            f"Standard output cannot be written ({reason}): give a folder as --output-dir."
        ) from error


def _discard_rest() -> None:
    # What is still buffered would fail once more when the interpreter ends.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
