"""Seconds to integer milliseconds, and milliseconds to the time codes of subtitle formats."""

from collections.abc import Iterable, Iterator

__all__ = [
    "ass_timecode",
    "clock_time",
    "in_units",
    "lrc_timecode",
    "seconds_text",
    "srt_timecode",
    "to_milliseconds",
    "to_units",
    "vtt_timecode",
]


def to_milliseconds(seconds: float) -> int:
    """The nearest millisecond, halves to the even one; times before the start become 0."""
    return max(0, round(seconds * 1000.0))


def srt_timecode(milliseconds: int) -> str:
    """`00:00:01,080`."""
    return f"{_hours(milliseconds):02d}:{_below_hours(milliseconds, ',')}"


def vtt_timecode(milliseconds: int) -> str:
    """`00:01.080`, or `01:00:01.080` from one hour on."""
    hours = _hours(milliseconds)
    return f"{hours:02d}:{_below_hours(milliseconds, '.')}" if hours else _below_hours(milliseconds)


def clock_time(milliseconds: int) -> str:
    """`00:00:01.080`, as TTML writes it."""
    return f"{_hours(milliseconds):02d}:{_below_hours(milliseconds)}"


def ass_timecode(centiseconds: int) -> str:
    """`0:00:01.08`."""
    minutes, rest = divmod(centiseconds, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"


def lrc_timecode(centiseconds: int) -> str:
    """`00:01.08`; minutes go on above 59, as the format has no hours."""
    minutes, rest = divmod(centiseconds, 6000)
    return f"{minutes:02d}:{rest // 100:02d}.{rest % 100:02d}"


def seconds_text(milliseconds: int) -> str:
    """`1.080`."""
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"


def to_units(milliseconds: int, unit_ms: int) -> int:
    """The nearest whole unit, halves upwards, so that order is kept."""
    return (2 * milliseconds + unit_ms) // (2 * unit_ms)


def in_units(spans: Iterable[tuple[int, int]], unit_ms: int) -> Iterator[tuple[int, int]]:
    """Starts and ends in milliseconds as whole units, for formats with coarser times.

    Each span lasts a unit or more, and begins no sooner than the one before it where that was so;
    spans that did not overlap still do not.
    """
    last_start = last_end = 0  # in units
    before = (0, 0)
    for start_ms, end_ms in spans:
        start = to_units(start_ms, unit_ms)
        if start_ms >= before[1]:
            start = max(start, last_end)
        elif start_ms >= before[0]:
            start = max(start, last_start)
        end = max(to_units(end_ms, unit_ms), start + 1)
        yield start, end
        last_start, last_end, before = start, end, (start_ms, max(start_ms, end_ms))


def _hours(milliseconds: int) -> int:
    return milliseconds // 3_600_000


def _below_hours(milliseconds: int, decimal_mark: str = ".") -> str:
    seconds, fraction = divmod(milliseconds % 3_600_000, 1000)
    return f"{seconds // 60:02d}:{seconds % 60:02d}{decimal_mark}{fraction:03d}"
