"""SMPTE time codes: hours, minutes, seconds and frames, with or without dropped numbers.

SMPTE ST 12-1. Where 30000/1001 frames a second are counted with drop-frame numbers, two of them are
passed over each minute but every tenth, so that the numbers keep up with the clock.
"""

import re
from fractions import Fraction

__all__ = ["TIME_CODE", "frames_of", "smpte_time", "time_of_frames"]

TIME_CODE = r"(\d\d):(\d\d):(\d\d)([:;.,])(\d\d)"
"""A time code; the mark before its frames tells whether numbers are dropped (;)."""

_TIME_CODE = re.compile(TIME_CODE)
_DAY = 24 * 3600


def smpte_time(frame: int, rate: Fraction, *, drop: bool = False) -> str:
    """The time code of a frame, from 0 on; it begins anew after a day."""
    base = round(rate)
    if drop:
        dropped = base // 15  # 2 of 30, 4 of 60
        minute, ten = base * 60 - dropped, base * 600 - 9 * dropped
        tens, rest = divmod(frame, ten)
        frame += 9 * dropped * tens
        if rest >= base * 60:
            frame += dropped * ((rest - base * 60) // minute + 1)
    frame %= base * _DAY
    seconds, frames = divmod(frame, base)
    mark = ";" if drop else ":"
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{frames:02d}"


def frames_of(code: str, rate: Fraction) -> int:
    """The frame of a time code.

    Raises:
        ValueError: it is none.
    """
    found = _TIME_CODE.fullmatch(code)
    if found is None:
        raise ValueError(f"no time code: {code[:20]}")
    hours, minutes, seconds, frames = (int(found[at]) for at in (1, 2, 3, 5))
    base = round(rate)
    total = ((hours * 60 + minutes) * 60 + seconds) * base + frames
    if found[4] in ";,":
        whole = hours * 60 + minutes
        total -= base // 15 * (whole - whole // 10)
    return total


def time_of_frames(frame: int, rate: Fraction) -> int:
    """The millisecond nearest to a frame."""
    return (2000 * frame * rate.denominator + rate.numerator) // (2 * rate.numerator)
