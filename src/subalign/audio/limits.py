"""How much sound a file may hold: a small one that decodes to days would fill hours and disks."""

import re
from dataclasses import dataclass
from pathlib import Path

from subalign.audio.ffmpeg import LONGEST_GAP, find_ffmpeg, output_of, packet_command
from subalign.audio.source import MediaSource
from subalign.errors import MediaReadError
from subalign.options import AudioOptions

__all__ = ["SoundLimit", "SoundThresholds"]

_SMALL = 10_000_000  # bytes that are looked through at once

_TIME_BASE = re.compile(rb"^#tb 0: (\d+)/(\d+)", re.MULTILINE)
_PACKET = re.compile(rb"^0, *-?\d+, *(-?\d+), *(\d+),", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundThresholds:
    """How much sound is believed, in seconds."""

    # of any file: silence and muted calls take hardly any bytes
    always: float = 3600.0
    # a byte: speech takes 80 bytes a second at the least (Codec 2), silence in usual files 40
    per_byte: float = 0.1
    # gaps in all
    gaps: float = 4 * 3600.0


_THRESHOLDS = SoundThresholds()


class SoundLimit:
    """The seconds of sound that a source may give.

    That is `max_seconds` where it is set; else what the source's bytes may hold, and in it not
    more than four hours of gaps. Of addresses the bytes are not known: there gaps alone count.
    """

    def __init__(self, source: MediaSource, options: AudioOptions) -> None:
        self._source = source
        self._options = options
        self._n_bytes: int | None = None
        if source.path is not None and Path(source.path).is_file():
            self._n_bytes = Path(source.path).stat().st_size

    def read(self, n_bytes: int) -> None:
        """Counts bytes of a stream."""
        self._n_bytes = n_bytes + (self._n_bytes or 0)

    def check(self, seconds: float, gaps: float) -> None:
        """Raises `MediaReadError` if so much sound, or such gaps in it, are too much."""
        label = self._source.label
        if self._options.max_seconds is not None:
            if seconds > self._options.max_seconds:
                raise MediaReadError(
                    f"{label} holds more than the {self._options.max_seconds:g} s of sound that"
                    " `max_seconds` allows: give a larger number."
                )
            return
        allowed = self._allowed()
        if allowed is not None and seconds > allowed:
            raise MediaReadError(
                f"{label} would give more than {allowed / 3600:.1f} hours of sound from"
                f" {self._n_bytes} bytes, as no recording does: if it is one, say with"
                " `max_seconds` how many seconds it may have."
            )
        if gaps > _THRESHOLDS.gaps:
            raise MediaReadError(
                f"{label} has gaps of more than {_THRESHOLDS.gaps / 3600:.0f} hours in its sound,"
                " as no recording has: if it is one, say with `max_seconds` how many seconds it"
                " may have."
            )

    def check_packets(self, declared: float | None, time_limit: float) -> None:
        """As `check`, before anything is decoded, by the times of a file's packets.

        They are looked at where the declared duration is too long or, in a small file, none.
        """
        allowed = self._allowed()
        if self._source.path is None or allowed is None or self._n_bytes is None:
            return
        if self._n_bytes > _SMALL and (declared is None or declared <= allowed):
            return
        if declared is not None and declared <= min(allowed, _THRESHOLDS.gaps):
            return
        self.check(*_packet_times(self._source, self._options.track, time_limit))

    def _allowed(self) -> float | None:
        return (
            None
            if self._n_bytes is None
            else _THRESHOLDS.always + _THRESHOLDS.per_byte * self._n_bytes
        )


def _packet_times(source: MediaSource, track: int, time_limit: float) -> tuple[float, float]:
    """Seconds of sound with its gaps, and of the gaps alone; 0 where it is not found out."""
    rows = output_of(packet_command(find_ffmpeg(), source, track), time_limit)
    if rows is None:
        return 0.0, 0.0
    base = _TIME_BASE.search(rows)
    if base is None:
        return 0.0, 0.0
    unit = int(base[1]) / int(base[2])
    total = gaps = 0
    end: int | None = None
    for packet in _PACKET.finditer(rows):
        start, length = int(packet[1]), int(packet[2])
        gap = 0 if end is None else start - end
        if 0 < gap * unit <= LONGEST_GAP:
            gaps += gap
        total += length
        end = start + length
    return (total + gaps) * unit, gaps * unit
