"""The length that a WAV header declares, which ffmpeg replaces by a guess in a file cut short."""

import struct
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["declared_wav_seconds"]

# Writers that do not know the length yet put this much or more, or nothing, into the field.
_UNKNOWN_FROM = 0x7FFF0000


def declared_wav_seconds(path: str) -> float | None:
    """Seconds of sound that the RIFF or RF64 header promises; None where it tells nothing."""
    with suppress(OSError, struct.error), Path(path).open("rb") as file:
        magic, _, form = struct.unpack("<4sI4s", file.read(12))
        if magic in (b"RIFF", b"RF64") and form == b"WAVE":
            return _seconds_of_chunks(file)
    return None


def _seconds_of_chunks(file: BinaryIO) -> float | None:
    bytes_per_second = 0
    long_size: int | None = None
    while True:
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            break
        start = file.tell()
        if name == b"fmt ":
            (bytes_per_second,) = struct.unpack("<8xI", file.read(12))
        elif name == b"ds64":
            (long_size,) = struct.unpack("<8xQ", file.read(16))
        file.seek(start + size + size % 2)
    n_bytes: int | None = long_size
    if long_size is None and 0 < size < _UNKNOWN_FROM:
        n_bytes = size
    return n_bytes / bytes_per_second if n_bytes and bytes_per_second else None
