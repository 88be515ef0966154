"""Whether all of a recording was decoded: ffmpeg itself exits with 0 on a file cut short.

What is missing is found by ffmpeg's log and the declared duration, then by the headers and the last
bytes of the containers that ffmpeg does not check: MPEG-TS, ASF, Wave64, Ogg, AVI and WAV.
"""

import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from subalign.audio.ffmpeg import demux_command, find_ffmpeg, output_of
from subalign.audio.log import FfmpegLog
from subalign.audio.source import MediaSource
from subalign.errors import InputError, MediaReadError, NoAudioError

__all__ = ["damage_warning", "nothing_decoded"]


# MP4 and Matroska: ffmpeg reports an index or segment that points beyond the file's end.
_REPORT_MISSING_ENDS = re.compile(r"(?:mov|matroska),")
# Formats of broadcast and of files, whose clock runs on: a gap in their sound is a loss. In others
# it may be a muted caller.
_WITHOUT_GAPS = re.compile(r"(?:mpegts|mpeg|asf|avi|flv)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class LossThresholds:
    """How much sound must be missing for a warning; chosen, not measured."""

    # seconds, and the share of the promised length
    seconds: float = 0.4
    share: float = 0.02


_LOSS = LossThresholds()
_NO_REASON = re.compile(r"^(?:Conversion failed|Nothing was written)")


def nothing_decoded(log: FfmpegLog, source: MediaSource, track: int) -> InputError:
    """The error for a recording that gave no sample, with the reason in ffmpeg's log."""
    label = source.label
    if log.refused:
        return MediaReadError(
            f"{label} is no recording: playlists, scripts, pictures and subtitles are not opened;"
            " give the audio or video file itself."
        )
    n_tracks = len(log.audio_tracks)
    if log.container and n_tracks == 0:
        return NoAudioError(f"{label} has no audio track: give a file with sound.")
    if log.container and n_tracks < track:
        tracks = "1 audio track" if n_tracks == 1 else f"{n_tracks} audio tracks"
        return NoAudioError(
            f"{label} has {tracks}, so `track={track}` does not exist:"
            f" use a number from 1 to {n_tracks}."
        )
    if log.reason is None or _NO_REASON.match(log.reason):
        return NoAudioError(f"{label} holds no sound: its audio track is empty.")
    reason = log.reason.rstrip(".")
    if source.is_web and log.container is None:
        return MediaReadError(
            f"{label} cannot be read (ffmpeg: {reason}): check the address and the connection."
        )
    return MediaReadError(
        f"{label} cannot be decoded (ffmpeg: {reason}):"
        " check that it is an intact audio or video file."
    )


def damage_warning(
    log: FfmpegLog,
    source: MediaSource,
    *,
    track: int,
    declared: float | None,
    decoded: float,
    exit_code: int | None,
    time_limit: float,
) -> str | None:
    """One sentence if the recording is cut short or damaged, else None; times in seconds.

    `declared` is the container's or the track's duration. `time_limit` bounds a second look at
    containers that keep silent about a missing end.
    """
    promised = _promised(log, source, track, declared)
    if promised is not None and _is_short(decoded, promised):
        return (
            f"{source.label} should hold {promised:.1f} s of sound, but only {decoded:.1f} s could"
            " be decoded and are used: the file is cut short or damaged."
        )
    if log.n_problems or exit_code:
        times = "once" if log.n_problems <= 1 else f"{log.n_problems} times"
        first = log.first_problem or f"exit status {exit_code}"
        return (
            f"{source.label} is cut short or damaged, ffmpeg complained {times}"
            f" ({first.rstrip('.')}): the {decoded:.1f} s that could be decoded are used."
        )
    if log.gaps > _LOSS.seconds and _WITHOUT_GAPS.match(log.container or ""):
        return (
            f"{source.label} is damaged, {log.gaps:.1f} s of its sound are missing: there is"
            " silence in their place."
        )
    fault = None if source.path is None else _missing_end(source.path, log.container)
    if fault is not None:
        return (
            f"{source.label} is cut short or damaged, {fault}: the {decoded:.1f} s of sound that"
            " could be decoded are used."
        )
    if _ends_early(log, source, track, declared, decoded, time_limit):
        return (
            f"{source.label} should last {declared:.1f} s, but ends earlier, the file is cut short"
            f" or damaged: the {decoded:.1f} s of sound that could be decoded are used."
        )
    return None


def _promised(
    log: FfmpegLog, source: MediaSource, track: int, declared: float | None
) -> float | None:
    """How much sound there should be, where that is known and not a guess of ffmpeg's."""
    if log.container == "avi" and source.path is not None:
        return _declared_avi_seconds(source.path, track)
    if log.estimated:
        return None if source.path is None else _declared_wav_seconds(source.path)
    # A container lasts as long as its longest track: beside a picture, sound may end earlier.
    if log.only_audio or declared != log.duration:
        return declared
    return None


def _is_short(decoded: float, promised: float) -> bool:
    return promised - decoded > max(_LOSS.seconds, _LOSS.share * promised)


def _ends_early(
    log: FfmpegLog,
    source: MediaSource,
    track: int,
    declared: float | None,
    decoded: float,
    time_limit: float,
) -> bool:
    """Whether no track at all reaches the container's end, which ffmpeg does not report."""
    if declared is None or log.only_audio or log.estimated or not _is_short(decoded, declared):
        return False
    if log.container is None or _REPORT_MISSING_ENDS.match(log.container) or source.path is None:
        return False
    reached = _reached(source, time_limit)
    # Ogg and ASF may count a track's late beginning twice
    return reached is not None and _is_short(reached + log.lead(track), declared)


def _reached(source: MediaSource, time_limit: float) -> float | None:
    """Seconds until the end of the longest track, by demuxing the file; None if not found out."""
    progress = output_of(demux_command(find_ffmpeg(), source), time_limit)
    if progress is None:
        return None
    times = re.findall(rb"^out_time_us=(\d+)", progress, re.MULTILINE)
    return int(times[-1]) / 1e6 if times else None


_START_BYTES = 1 << 16
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_BROADCAST = 1  # flag of an ASF file whose writer could not go back to its beginning


def _missing_end(path: str, container: str | None) -> str | None:
    """What the file lacks, in words that fit behind "it is damaged, "; None where nothing is seen.

    `container` is ffmpeg's name of the format.
    """
    if container == "ogg":
        return _ogg_fault(path)
    with suppress(OSError, struct.error):
        size = Path(path).stat().st_size
        with Path(path).open("rb") as file:
            start = file.read(_START_BYTES)
            if container == "mpegts" and _stream_is_cut(file, size):
                return "it ends within a packet"
        if container in ("asf", "w64") and _declared_size(start, container) > size:
            return "its end is missing"
    return None


def _declared_size(start: bytes, container: str) -> int:
    """The file's size in bytes by its header; 0 where it is not stated."""
    if container == "w64":
        declared: int = struct.unpack_from("<16xQ", start)[0]
        return 0 if declared >= 1 << 62 else declared
    properties = start.find(_ASF_PROPERTIES)
    if properties < 0:
        return 0
    size, flags = struct.unpack_from("<Q40xI", start, properties + 40)
    return 0 if flags & _BROADCAST else size


_SYNC, _TS_PACKET = b"G", 188  # ISO 13818-1, section 2.4.3
_TS_LAYOUTS = ((_TS_PACKET, 0), (192, 4))  # bytes of a packet, and of the time before it (M2TS)
_TS_TAIL = 1 << 22  # bytes: the last picture should begin there


def _stream_is_cut(file: BinaryIO, size: int) -> bool:
    """Whether a transport stream of aligned packets ends within one, or within a picture's."""
    file.seek(0)
    start = file.read(2 * 192)
    for step, offset in _TS_LAYOUTS:
        if start[offset : offset + 1] == start[offset + step : offset + step + 1] == _SYNC:
            if size % step:
                return True
            file.seek(max(0, size // step - _TS_TAIL // step) * step)
            tail = file.read(_TS_TAIL)
            packets = (tail[at : at + step][offset:] for at in range(0, len(tail), step))
            return _ends_within_pes(packets)
    return False


def _ends_within_pes(packets: Iterator[bytes]) -> bool:
    """Whether the last packet of a stream (PES) of unknown length goes on behind the last one.

    Its own last transport packet is stuffed unless it happens to be full, which is so once in 184
    times (ISO 13818-1, 2.4.3.5). Where a PES states its length, ffmpeg tells what is missing.
    """
    is_open: dict[int, bool] = {}  # by stream; the one that was added to last stands last
    for packet in packets:
        head, pid = packet[1] >> 5, int.from_bytes(packet[1:3], "big") & 0x1FFF
        payload, stuffed = _ts_payload(packet)
        if not payload:
            continue
        was_open = is_open.pop(pid, None)
        if head & 2:  # a PES or a table begins
            if payload[:3] == b"\0\0\1":
                is_open[pid] = payload[4:6] == b"\0\0" and not stuffed
        elif was_open is not None:
            is_open[pid] = was_open and not stuffed
    return bool(is_open) and list(is_open.values())[-1]


def _ts_payload(packet: bytes) -> tuple[bytes, bool]:
    """What a transport packet carries, and whether it is stuffed to be full."""
    has_field, has_payload = packet[3] & 0x20, packet[3] & 0x10
    length = packet[4] if has_field else -1
    with_clock = length > 0 and packet[5] & 0x10
    stuffed = bool(has_field) and length != (7 if with_clock else 1)
    return (packet[5 + length :] if has_payload else b""), stuffed


_AVI_INDEX_ENTRY = struct.Struct("<4s8xI")  # a chunk's name and size
_AVI_STREAM_HEADER_BYTES = 48  # as much of a stream's header as is needed
_AVI_MOST_CHUNKS = 10_000  # beside those of pictures and sound
_AVI_MOST_INDEX_BYTES = 1 << 26  # of the index: four million chunks


def _declared_avi_seconds(path: str, track: int) -> float | None:
    """Seconds of sound that the header of audio track `track` (from 1) promises; None if none."""
    with suppress(OSError, struct.error), Path(path).open("rb") as file:
        if file.read(12)[8:] == b"AVI ":
            streams, empty = _avi_streams(file)
            sounds = [number for number, header in enumerate(streams) if header[:4] == b"auds"]
            if len(sounds) >= track:
                number = sounds[track - 1]
                return _avi_seconds(streams[number], empty.get(b"%02dwb" % number, 0))
    return None


def _avi_streams(file: BinaryIO) -> tuple[list[bytes], dict[bytes, int]]:
    """The streams' headers, and how many empty chunks of each name the index has."""
    streams: list[bytes] = []
    empty: dict[bytes, int] = {}
    for _ in range(_AVI_MOST_CHUNKS):
        if len(chunk := file.read(8)) < 8:
            break
        name, size = struct.unpack("<4sI", chunk)
        after = file.tell() + size + size % 2
        if name == b"LIST" and file.read(4) != b"movi":
            continue  # its chunks follow
        if name == b"strh":
            streams.append(file.read(min(size, _AVI_STREAM_HEADER_BYTES)))
        elif name == b"idx1":
            index = file.read(min(size, _AVI_MOST_INDEX_BYTES))
            for chunk_name, n_bytes in _AVI_INDEX_ENTRY.iter_unpack(index[: len(index) // 16 * 16]):
                if n_bytes == 0:
                    empty[chunk_name] = empty.get(chunk_name, 0) + 1
            break
        file.seek(after)
    return streams, empty


def _avi_seconds(header: bytes, n_empty: int) -> float | None:
    """None where the writer did not know the length (Microsoft's AVISTREAMHEADER)."""
    scale, rate, _, length, _, _, sample_size = struct.unpack_from("<7I", header, 20)
    if sample_size == 0:  # the length counts chunks; ffmpeg passes empty ones over
        length -= n_empty
    return length * scale / rate if rate and scale and length > 0 else None


_OGG_PAGE = struct.Struct("<4sBBqIIIB")  # RFC 3533, section 6
_OGG_FIRST, _OGG_LAST = 2, 4  # bits of the header's type


def _ogg_fault(path: str) -> str | None:
    """What is missing of the file, in words that fit after "because"; None if nothing is."""
    with suppress(OSError), Path(path).open("rb") as file:
        return _ogg_pages_fault(file)
    return None


def _ogg_pages_fault(file: BinaryIO) -> str | None:
    numbers: dict[int, int] = {}  # of each stream's latest page
    open_streams: set[int] = set()
    ended = False
    while header := file.read(_OGG_PAGE.size):
        if len(header) < _OGG_PAGE.size:
            return "it ends within a page" if open_streams else None
        magic, _, kind, _, serial, number, _, n_segments = _OGG_PAGE.unpack(header)
        if magic != b"OggS" and ended and not open_streams:
            return None  # something else stands behind the end
        segments = file.read(n_segments)
        n_bytes = sum(segments)
        if magic != b"OggS" or (serial in numbers and number != numbers[serial] + 1):
            return "pages are missing in it"
        if len(segments) < n_segments or len(file.read(n_bytes)) < n_bytes:
            return "it ends within a page"
        numbers[serial] = number
        if kind & _OGG_FIRST:
            open_streams.add(serial)
        if kind & _OGG_LAST:
            open_streams.discard(serial)
            del numbers[serial]
            ended = True
    return "its last page is missing" if open_streams else None


# Writers that do not know the length yet put this much or more, or nothing, into the field.
_WAV_UNKNOWN_FROM = 0x7FFF0000


def _declared_wav_seconds(path: str) -> float | None:
    """Seconds of sound that the RIFF or RF64 header promises; None where it is not stated."""
    with suppress(OSError, struct.error), Path(path).open("rb") as file:
        magic, _, form = struct.unpack("<4sI4s", file.read(12))
        if magic in (b"RIFF", b"RF64") and form == b"WAVE":
            return _wav_seconds(file)
    return None


def _wav_seconds(file: BinaryIO) -> float | None:
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
    if long_size is None and 0 < size < _WAV_UNKNOWN_FROM:
        n_bytes = size
    return n_bytes / bytes_per_second if n_bytes and bytes_per_second else None
