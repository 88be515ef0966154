"""The length of an AVI file's sound by its headers; ffmpeg tells the picture's alone."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["declared_avi_seconds"]

_LISTS = (b"RIFF", b"LIST")
_HEADERS = 1 << 20  # bytes that are read: stream headers stand before all pictures and sound


def declared_avi_seconds(path: str, track: int) -> float | None:
    """Seconds of sound that the header of audio track `track` (from 1) promises; None if none."""
    with suppress(OSError, struct.error), Path(path).open("rb") as file:
        start = file.read(_HEADERS)
        lengths = list(_sound_lengths(start)) if start[8:12] == b"AVI " else []
        return lengths[track - 1] or None if len(lengths) >= track else None
    return None


def _sound_lengths(data: bytes) -> Iterator[float]:
    """Of each audio track, 0 where the writer did not know it (Microsoft's AVISTREAMHEADER)."""
    position = 0
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        if name in _LISTS and data[position + 8 : position + 12] == b"movi":
            return
        if name == b"strh" and data[position + 8 : position + 12] == b"auds":
            scale, rate, _, length = struct.unpack_from("<4I", data, position + 8 + 20)
            yield length * scale / rate if rate else 0.0
        # a list's chunks follow its type
        position += 12 if name in _LISTS else 8 + size + size % 2
