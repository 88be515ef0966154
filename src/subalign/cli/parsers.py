"""What stands behind an option, from text to values; `UsageError` where it makes no sense."""

import math
import re
from collections.abc import Sequence

from subalign.errors import UsageError
from subalign.options import Clip, Task

__all__ = [
    "parse_clip",
    "parse_clip_timestamps",
    "parse_clips",
    "parse_count",
    "parse_number",
    "parse_task",
    "parse_temperatures",
    "parse_tokens",
]

_NONE = "none"
_CLOCK = r"(?:(?:\d+:)?\d+:)?\d+(?:[.,]\d+)?"
_CLIP = re.compile(rf"\s*({_CLOCK})?\s*-\s*({_CLOCK})?\s*")


def parse_number(text: str, option: str) -> float | None:
    """A number, or None for `none`, which switches a check off."""
    if text.strip().lower() == _NONE:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{option} takes a number or none, not {text!r}.")
    return number


def parse_count(text: str, option: str) -> int | None:
    """A whole number from 1 up, or None for `none`."""
    stripped = text.strip()
    if stripped.lower() == _NONE:
        return None
    if not (stripped.isascii() and stripped.isdigit() and int(stripped) >= 1):
        raise UsageError(f"{option} takes a whole number from 1 up or none, not {text!r}.")
    return int(stripped)


def parse_tokens(text: str, option: str) -> tuple[int, ...] | None:
    """Token ids between commas; None for an empty text or `none`."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or [part.lower() for part in parts] == [_NONE]:
        return None
    try:
        tokens = tuple(int(part) for part in parts)
    except ValueError:
        tokens = (-2,)
    if min(tokens) < -1:
        raise UsageError(
            f"{option} takes token ids between commas (-1 for what is never spoken) or none, "
            f"not {text!r}."
        )
    return tokens


def parse_task(text: str) -> Task:
    """`transcribe` or `translate`."""
    tasks: dict[str, Task] = {"transcribe": "transcribe", "translate": "translate"}
    if text in tasks:
        return tasks[text]
    raise UsageError(f"--task must be transcribe or translate, not {text!r}.")


def parse_temperatures(temperature: float | None, increment: str | None) -> tuple[float, ...]:
    """The temperatures to try in turn.

    A temperature alone allows no fallback; an increment makes a ladder from there up to 1. Without
    both the ladder is 0, 0.2 … 1.
    """
    if temperature is not None and not 0 <= temperature <= 5:
        raise UsageError(f"--temperature must lie between 0 and 5, not {temperature:g}.")
    first = temperature or 0.0
    if increment is None:
        step = 0.2 if temperature is None else None
    else:
        step = parse_number(increment, "--temperature-increment-on-fallback")
        if step is not None and step <= 0:
            raise UsageError("--temperature-increment-on-fallback must be above 0, or none.")
    if step is None:
        return (first,)
    count = max(1, math.floor((1.0 - first) / step + 1e-6) + 1)
    return tuple(round(first + index * step, 6) for index in range(count))


def parse_clips(clips: Sequence[str], timestamps: str | None) -> tuple[Clip, ...]:
    """The clips of `--clip`, or those of `--clip-timestamps`."""
    if clips and timestamps:
        raise UsageError("--clip and --clip-timestamps exclude each other: use one of them.")
    if timestamps is not None:
        return parse_clip_timestamps(timestamps)
    return tuple(parse_clip(text) for text in clips)


def parse_clip(text: str) -> Clip:
    """START-END as seconds, m:ss or h:mm:ss.mmm; either may be left out."""
    match = _CLIP.fullmatch(text)
    if match is None or not (match[1] or match[2]):
        raise UsageError(
            f"--clip {text!r} is no stretch of time: write START-END in seconds, m:ss or h:mm:ss, "
            "such as 90-2:05, or 90- for all that follows."
        )
    start = _seconds(match[1], text) if match[1] else 0.0
    return _clip(start, _seconds(match[2], text) if match[2] else None, f"--clip {text}")


def parse_clip_timestamps(text: str) -> tuple[Clip, ...]:
    """openai-whisper's form: start,end,start,end,… in seconds; the last end may be missing."""
    parts = [part.strip() for part in text.split(",")]
    if parts == [""]:
        return ()
    try:
        times = [float(part) for part in parts]
    except ValueError:
        raise UsageError(
            f"--clip-timestamps {text!r} is no list of times: write start,end,start,end in seconds."
        ) from None
    if times == [0.0]:  # openai-whisper's default: everything
        return ()
    where = f"--clip-timestamps {text}"
    ends: list[float | None] = [*times[1::2]]
    if len(times) % 2:
        ends.append(None)
    return tuple(_clip(start, end, where) for start, end in zip(times[::2], ends, strict=True))


def _clip(start: float, end: float | None, where: str) -> Clip:
    if not 0 <= start < math.inf or (end is not None and not start < end < math.inf):
        raise UsageError(f"{where} is no stretch of time: a clip must end after it starts.")
    return Clip(start, end)


def _seconds(clock: str, text: str) -> float:
    first, *rest = (float(part) for part in clock.replace(",", ".").split(":"))
    if any(part >= 60 for part in rest):
        raise UsageError(f"--clip {text!r} has 60 or more minutes or seconds after a colon.")
    seconds = first
    for part in rest:
        seconds = seconds * 60 + part
    return seconds
