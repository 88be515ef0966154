"""What stands behind an option, from text to values; `UsageError` where it makes no sense."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from fractions import Fraction
from typing import Literal, cast

from subalign.errors import UsageError
from subalign.options import Clip, Position, StyleOptions

__all__ = [
    "format_pairs",
    "parse_channel",
    "parse_clip",
    "parse_clip_timestamps",
    "parse_clips",
    "parse_count",
    "parse_fraction",
    "parse_jobs",
    "parse_moment",
    "parse_names",
    "parse_number",
    "parse_pairs",
    "parse_point",
    "parse_shard",
    "parse_stretch",
    "parse_style",
    "parse_temperatures",
    "parse_tokens",
]


_NONE = "none"
_SIDES = {"left": 1, "right": 2}
# Python refuses to read numbers of thousands of digits
_CLOCK = r"(?:(?:\d{1,9}:)?\d{1,9}:)?\d{1,9}(?:[.,]\d{1,20})?"
_CLIP = re.compile(rf"\s*(?:({_CLOCK})\s*)?-(?:\s*({_CLOCK}))?\s*")


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
    if not re.fullmatch("[0-9]{1,9}", stripped) or int(stripped) < 1:
        raise UsageError(f"{option} takes a whole number from 1 up or none, not {text!r}.")
    return int(stripped)


def parse_jobs(text: str | None) -> int | Literal["auto"] | None:
    """How many worker processes there are: a whole number from 1 up, or `auto`; None for none."""
    if text is None:
        return None
    stripped = text.strip().lower()
    if stripped == "auto":
        return "auto"
    if not re.fullmatch("[0-9]{1,4}", stripped) or int(stripped) < 1:
        raise UsageError(f"--jobs takes a whole number from 1 up or auto, not {text!r}.")
    return int(stripped)


def parse_shard(text: str | None) -> tuple[int, int] | None:
    """Part I of N, from 1, as I/N; None for all."""
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--shard takes a part and how many there are, as 1/8, not {text!r}.")
    return int(found[1]), int(found[2])


def parse_channel(text: str) -> int | None:
    """The number of a channel, from 1; None for `mix`."""
    name = text.strip().lower()
    if name == "mix":
        return None
    if name in _SIDES:
        return _SIDES[name]
    if not (name.isascii() and name.isdigit() and len(name) <= 3):
        raise UsageError(f"--channel takes left, right, mix or a number from 1, not {text!r}.")
    number = int(name)
    if not 1 <= number <= 64:
        raise UsageError(
            f"--channel takes left, right, mix or a number from 1 to 64, not {number}."
        )
    return number


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


def parse_style(text: str | None) -> StyleOptions:
    """`font=Arial,size=60` to how text looks."""
    default = StyleOptions()
    known = [field.name for field in fields(default)]
    given: dict[str, str] = {}
    for part in filter(str.strip, (text or "").split(",")):
        key, _, value = part.partition("=")
        if key.strip() not in known:
            raise UsageError(
                f"--style does not know {key.strip()!r}: it takes KEY=VALUE of {', '.join(known)}."
            )
        given[key.strip()] = value.strip()
    return StyleOptions(
        font=given.get("font", default.font),
        size=_style_number(given, "size", default.size),
        color=given.get("color", default.color),
        highlight=given.get("highlight", default.highlight),
        outline=_style_number(given, "outline", default.outline),
        position=cast(Position, given.get("position", default.position)),
    )


def _style_number(given: Mapping[str, str], key: str, default: float) -> float:
    try:
        return float(given.get(key, default))
    except ValueError:
        raise UsageError(f"--style {key}={given[key]} is no number.") from None


def parse_names(text: str | None) -> dict[str, str]:
    """`A=Anna,B=Ben` as new names by the old ones.

    Raises:
        UsageError: it is something else.
    """
    names: dict[str, str] = {}
    for part in filter(str.strip, (text or "").split(",")):
        old, equals, new = (" ".join(side.split()) for side in part.partition("="))
        if not (old and equals and new) or old in names:
            raise UsageError(
                f"--speaker-names {part.strip()!r} is no speaker's new name: write A=Anna,B=Ben."
            )
        names[old] = new
    return names


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
    where = f"--clip {text!r}"
    start = float(_seconds(match[1], where)) if match[1] else 0.0
    return _clip(start, float(_seconds(match[2], where)) if match[2] else None, f"--clip {text}")


def parse_stretch(start: str | None, stop: str | None) -> Clip:
    """The stretch between `--from` and `--to`, each seconds, m:ss or h:mm:ss.mmm, or left out."""
    seconds: list[float | None] = []
    for option, text in (("--from", start), ("--to", stop)):
        if text is not None and not re.fullmatch(_CLOCK, text.strip()):
            raise UsageError(
                f"{option} {text!r} is no time: write seconds, m:ss or h:mm:ss, such as 90 or 1:30."
            )
        seconds.append(
            None if text is None else float(_seconds(text.strip(), f"{option} {text!r}"))
        )
    return _clip(seconds[0] or 0.0, seconds[1], f"--from {start or 0} --to {stop}")


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


def parse_fraction(text: str, option: str) -> Fraction:
    """A number above 0, exactly: 1.001 or 25/24."""
    try:
        number = Fraction(text.strip()) if len(text) <= 40 else Fraction(0)
    except (ValueError, ZeroDivisionError):
        number = Fraction(0)
    if not Fraction(1, 100) <= number <= 100:
        raise UsageError(f"{option} takes a factor such as 1.001 or 25/24, not {text!r}.")
    return number


def parse_moment(text: str, option: str) -> Fraction:
    """Seconds, m:ss or h:mm:ss with decimals, exactly; with - before it, negative."""
    clock = text.strip()
    sign = -1 if clock.startswith(("-", "\u2212")) else 1
    clock = clock.lstrip("-+\u2212") if clock[1:2].isdigit() else clock
    if not re.fullmatch(_CLOCK, clock):
        raise UsageError(
            f"{option} {text!r} is no time: write seconds, m:ss or h:mm:ss, such as 1.5 or 1:30."
        )
    return sign * _seconds(clock, f"{option} {text!r}")


def parse_point(text: str) -> tuple[Fraction, Fraction]:
    """OLD=NEW, both times."""
    old, equals, new = text.partition("=")
    if not equals:
        raise UsageError(f"--at {text!r} is no pair of times: write OLD=NEW, such as 1:30=1:32.5.")
    return parse_moment(old, "--at"), parse_moment(new, "--at")


def _clip(start: float, end: float | None, where: str) -> Clip:
    if not 0 <= start < math.inf or (end is not None and not start < end < math.inf):
        raise UsageError(f"{where} is no stretch of time: a clip must end after it starts.")
    return Clip(start, end)


def _seconds(clock: str, where: str) -> Fraction:
    first, *rest = (Fraction(part) for part in clock.replace(",", ".").split(":"))
    if any(part >= 60 for part in rest):
        raise UsageError(f"{where} has 60 or more minutes or seconds after a colon.")
    seconds = first
    for part in rest:
        seconds = seconds * 60 + part
    return seconds


# more digits than any model has, and few enough for a number
_PAIR = re.compile(r"\s*([0-9]{1,9}):([0-9]{1,9})\s*")


def parse_pairs(text: str) -> tuple[tuple[int, int], ...]:
    """The (layer, head) pairs in their order.

    Raises:
        UsageError: something is no pair, or a pair stands there twice.
    """
    pairs: list[tuple[int, int]] = []
    for part in text.split(","):
        match = _PAIR.fullmatch(part)
        if match is None:
            raise UsageError(
                f"{part.strip()!r} is no head: write LAYER:HEAD pairs between commas, both counted "
                "from 0, such as 2:2,3:0."
            )
        pair = int(match[1]), int(match[2])
        if pair in pairs:
            # most likely another head was meant
            raise UsageError(f"Head {pair[0]}:{pair[1]} stands there twice: give each head once.")
        pairs.append(pair)
    return tuple(pairs)


def format_pairs(pairs: Iterable[tuple[int, int]]) -> str:
    """The text that `parse_pairs` reads."""
    return ",".join(f"{layer}:{head}" for layer, head in pairs)
