"""Whether an Ogg file has all its pages: they are numbered, and the last of a stream is marked."""

import struct
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["ogg_fault"]

_HEADER = struct.Struct("<4sBBqIIIB")  # RFC 3533, section 6
_FIRST, _LAST = 2, 4  # bits of the header's type


def ogg_fault(path: str) -> str | None:
    """What is missing of the file, in words that fit after "because"; None if nothing is."""
    with suppress(OSError), Path(path).open("rb") as file:
        return _fault(file)
    return None


def _fault(file: BinaryIO) -> str | None:
    numbers: dict[int, int] = {}  # of each stream's latest page
    open_streams: set[int] = set()
    ended = False
    while header := file.read(_HEADER.size):
        if len(header) < _HEADER.size:
            return "it ends within a page" if open_streams else None
        magic, _, kind, _, serial, number, _, n_segments = _HEADER.unpack(header)
        if magic != b"OggS" and ended and not open_streams:
            return None  # something else stands behind the end
        segments = file.read(n_segments)
        n_bytes = sum(segments)
        if magic != b"OggS" or (serial in numbers and number != numbers[serial] + 1):
            return "pages are missing in it"
        if len(segments) < n_segments or len(file.read(n_bytes)) < n_bytes:
            return "it ends within a page"
        numbers[serial] = number
        if kind & _FIRST:
            open_streams.add(serial)
        if kind & _LAST:
            open_streams.discard(serial)
            del numbers[serial]
            ended = True
    return "its last page is missing" if open_streams else None
