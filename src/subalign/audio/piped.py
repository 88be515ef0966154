"""Bytes that come from a stream instead of a file, and are handed on to ffmpeg's input."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from subalign.errors import MediaReadError, NoAudioError

__all__ = ["spooled", "stream_chunks"]

_CHUNK = 1 << 16
_HEAD = 8
# First boxes of MP4 and QuickTime files: their index may stand at the end, out of a pipe's reach.
_SEEKABLE_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


def stream_chunks(data: BinaryIO, label: str) -> tuple[Iterator[bytes], bool]:
    """The stream's bytes as they come, and whether its format needs a file to jump about in.

    Raises `NoAudioError` for a stream without bytes, `MediaReadError` if it cannot be read.
    """
    chunks = _chunks(data)
    head = b""
    try:
        while len(head) < _HEAD and (chunk := next(chunks, b"")):
            head += chunk
    except (OSError, ValueError) as error:
        raise MediaReadError(f"{label} cannot be read ({error}): name a file instead.") from error
    if not head:
        raise NoAudioError(f"{label} is empty (0 bytes): give a recording.")
    return chain((head,), chunks), head[4:_HEAD] in _SEEKABLE_BOXES


@contextmanager
def spooled(chunks: Iterator[bytes], label: str) -> Iterator[str]:
    """A temporary file with all of `chunks`, gone on any exit; its path is given."""
    descriptor, path = tempfile.mkstemp(prefix="subalign-", suffix=".mp4")
    try:
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(chunks)
        except (OSError, ValueError) as error:
            message = f"{label} could not be copied to {path} ({error}): name a file instead."
            raise MediaReadError(message) from error
        yield path
    finally:
        with suppress(OSError):
            Path(path).unlink()


def _chunks(data: BinaryIO) -> Iterator[bytes]:
    # read1 gives what is there; read would wait until a whole chunk has come.
    read = getattr(data, "read1", data.read)
    while chunk := read(_CHUNK):
        yield chunk
