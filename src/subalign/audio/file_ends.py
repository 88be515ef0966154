"""Whether a file ends before its end, in formats whose missing end ffmpeg says nothing about."""

import struct
from contextlib import suppress
from pathlib import Path

from subalign.audio.ogg_pages import ogg_fault

__all__ = ["missing_end"]

_HEADER_BYTES = 1 << 16
_SYNC, _TS_PACKET, _M2TS_PACKET = b"G", 188, 192  # ISO 13818-1; the second with a time before it
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_BROADCAST = 1  # flag of an ASF file whose writer could not go back to its beginning


def missing_end(path: str, container: str | None) -> str | None:
    """What the file lacks, in words that fit behind "it is damaged, "; None where nothing is seen.

    `container` is ffmpeg's name of the format.
    """
    if container == "ogg":
        return ogg_fault(path)
    with suppress(OSError, struct.error):
        with Path(path).open("rb") as file:
            start = file.read(_HEADER_BYTES)
        size = Path(path).stat().st_size
        if container == "mpegts" and _ends_within_packet(start, size):
            return "it ends within a packet"
        if container in ("asf", "w64") and _declared_size(start, container) > size:
            return "its end is missing"
    return None


def _ends_within_packet(start: bytes, size: int) -> bool:
    """Whether a transport stream of aligned packets has not a whole number of them."""
    if start[:1] == start[_TS_PACKET : _TS_PACKET + 1] == _SYNC:
        return size % _TS_PACKET != 0
    if start[4:5] == start[_M2TS_PACKET + 4 : _M2TS_PACKET + 5] == _SYNC:
        return size % _M2TS_PACKET != 0
    return False


def _declared_size(start: bytes, container: str) -> int:
    """The file's size in bytes by its header; 0 where that tells nothing."""
    if container == "w64":
        declared: int = struct.unpack_from("<16xQ", start)[0]
        return 0 if declared >= 1 << 62 else declared
    properties = start.find(_ASF_PROPERTIES)
    if properties < 0:
        return 0
    size, flags = struct.unpack_from("<Q40xI", start, properties + 40)
    return 0 if flags & _BROADCAST else size
