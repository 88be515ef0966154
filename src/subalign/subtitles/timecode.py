"""Seconds to integer milliseconds, and milliseconds to the time codes of subtitle formats."""

__all__ = ["srt_timecode", "to_milliseconds", "vtt_timecode"]


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


def _hours(milliseconds: int) -> int:
    return milliseconds // 3_600_000


def _below_hours(milliseconds: int, decimal_mark: str = ".") -> str:
    seconds, fraction = divmod(milliseconds % 3_600_000, 1000)
    return f"{seconds // 60:02d}:{seconds % 60:02d}{decimal_mark}{fraction:03d}"
