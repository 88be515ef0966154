"""The length of an AVI file's sound by its headers; ffmpeg tells the picture's alone."""

import struct
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["declared_avi_seconds"]

_INDEX_ENTRY = struct.Struct("<4s8xI")  # a chunk's name and size
_HEADER_BYTES = 48  # as much of a stream's header as is needed
_MOST_CHUNKS = 10_000  # beside those of pictures and sound
_MOST_BYTES = 1 << 26  # of the index: four million chunks


def declared_avi_seconds(path: str, track: int) -> float | None:
    """Seconds of sound that the header of audio track `track` (from 1) promises; None if none."""
    with suppress(OSError, struct.error), Path(path).open("rb") as file:
        if file.read(12)[8:] == b"AVI ":
            streams, empty = _streams(file)
            sounds = [number for number, header in enumerate(streams) if header[:4] == b"auds"]
            if len(sounds) >= track:
                number = sounds[track - 1]
                return _seconds(streams[number], empty.get(b"%02dwb" % number, 0))
    return None


def _streams(file: BinaryIO) -> tuple[list[bytes], dict[bytes, int]]:
    """The streams' headers, and how many empty chunks of each name the index has."""
    streams: list[bytes] = []
    empty: dict[bytes, int] = {}
    for _ in range(_MOST_CHUNKS):
        if len(chunk := file.read(8)) < 8:
            break
        name, size = struct.unpack("<4sI", chunk)
        after = file.tell() + size + size % 2
        if name == b"LIST" and file.read(4) != b"movi":
            continue  # its chunks follow
        if name == b"strh":
            streams.append(file.read(min(size, _HEADER_BYTES)))
        elif name == b"idx1":
            index = file.read(min(size, _MOST_BYTES))
            for chunk_name, n_bytes in _INDEX_ENTRY.iter_unpack(index[: len(index) // 16 * 16]):
                if n_bytes == 0:
                    empty[chunk_name] = empty.get(chunk_name, 0) + 1
            break
        file.seek(after)
    return streams, empty


def _seconds(header: bytes, n_empty: int) -> float | None:
    """None where the writer did not know the length (Microsoft's AVISTREAMHEADER)."""
    scale, rate, _, length, _, _, sample_size = struct.unpack_from("<7I", header, 20)
    if sample_size == 0:  # the length counts chunks; ffmpeg passes empty ones over
        length -= n_empty
    return length * scale / rate if rate and length > 0 else None
