"""Cues in YouTube's SBV, tables of subalign or openai-whisper (TSV), and TTML."""

import re
from collections.abc import Iterator
from typing import Literal
from xml.etree.ElementTree import Element, ParseError, fromstring

from subalign.subtitles.files.subtitles import Cue
from subalign.subtitles.files.times import milliseconds

__all__ = ["OtherFormat", "detect_other", "read_other"]

OtherFormat = Literal["sbv", "tsv", "ttml"]

_CLOCK = r"\d{1,3}:\d\d:\d\d(?:\.\d{1,9})?"
_SBV_TIMES = re.compile(rf"({_CLOCK}),({_CLOCK})")
_SBV = re.compile(rf"\s*{_CLOCK},{_CLOCK}[ \t]*(?:\n|$)")
_TSV = re.compile(r"\s*start\tend\ttext[ \t]*(?:\n|$)", re.IGNORECASE)
_TTML = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--(?:(?!-->).){0,2000}-->\s*)?<(?:\w+:)?tt[\s>]", re.DOTALL
)

# TTML: hours:minutes:seconds.part or :frames, or a number with its unit
_TTML_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)(?::(\d+)(?:\.\d+)?)?")
_TTML_OFFSET = re.compile(r"(\d+(?:\.\d+)?)(h|m|s|ms|f|t)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_FRAME_RATE, _TICK_RATE = 30.0, 1.0

# elements that hold facts about the text, or how it is read
_UNSAID = frozenset(("metadata", "title", "desc", "copyright", "agent"))


def detect_other(text: str) -> OtherFormat | None:
    """The format if the text, line breaks LF, begins as such a file does, else None."""
    if _SBV.match(text):
        return "sbv"
    if _TSV.match(text):
        return "tsv"
    return "ttml" if _TTML.match(text) else None


def read_other(text: str, format: OtherFormat) -> list[Cue]:
    """The cues of a text, line breaks LF, in the order of their starts.

    Raises:
        ValueError: the text is not of this format.
    """
    readers = {"sbv": _sbv, "tsv": _tsv, "ttml": _ttml}
    cues = [cue for cue in readers[format](text) if cue.text]
    return sorted(cues, key=lambda cue: cue.start)


def _sbv(text: str) -> Iterator[Cue]:
    times: re.Match[str] | None = None
    lines: list[str] = []
    for line in [*text.split("\n"), "0:00:00.000,0:00:00.000"]:
        found = _SBV_TIMES.fullmatch(line.strip())
        if found is None:
            lines.append(line.strip())
            continue
        if times is not None:
            said = "\n".join(filter(None, lines)).replace("[br]", "\n")
            yield Cue(said, milliseconds(times[1]) / 1000, milliseconds(times[2]) / 1000)
        times, lines = found, []


def _tsv(text: str) -> Iterator[Cue]:
    for number, line in enumerate(text.strip().split("\n"), start=1):
        fields = line.split("\t", 2)
        if number == 1 or not line.strip():
            continue
        if len(fields) < 3 or not all(field.strip().isdecimal() for field in fields[:2]):
            raise ValueError(f"line {number} has no times")
        start, end = (int(field[:15]) / 1000 for field in fields[:2])
        yield Cue(fields[2].strip(), start, end)


def _ttml(text: str) -> Iterator[Cue]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it defines entities, which are not read")
    try:
        root = fromstring(text.strip())  # noqa: S314 (no entities, see above)
    except (ParseError, ValueError, LookupError) as error:
        raise ValueError("no XML") from error
    rates = {_name(key): value for key, value in root.attrib.items()}
    try:
        frames = float(rates.get("frameRate", _FRAME_RATE))
        multiplier = rates.get("frameRateMultiplier", "1 1").replace(":", " ").split()
        frames *= float(multiplier[0]) / float(multiplier[-1])
        clock = _Clock(frames, float(rates.get("tickRate", _TICK_RATE)))
        yield from clock.cues(root, 0.0)
    except (IndexError, ZeroDivisionError, OverflowError, RecursionError) as error:
        raise ValueError("times that cannot be") from error


class _Clock:
    """Reads times as a document's rates have them."""

    def __init__(self, frame_rate: float, tick_rate: float) -> None:
        self._units = {**_UNITS, "f": 1 / frame_rate, "t": 1 / tick_rate}

    def cues(self, element: Element, begin: float) -> Iterator[Cue]:
        """The paragraphs within an element; `begin` is where its parent begins."""
        start = begin + (self._seconds(element, "begin") or 0.0)
        if _name(element.tag) != "p":
            for child in element:
                yield from self.cues(child, start)
            return
        timed = [(start, self._end(element, begin, start))]
        if element.get("begin") is None:
            inner = [
                (start + (self._seconds(span, "begin") or 0.0), self._end(span, start, start))
                for span in element.iter()
                if span.get("begin") is not None
            ]
            timed = inner or timed
        said = "\n".join(" ".join(line.split()) for line in _written(element).split("\n"))
        ends = [end for _, end in timed if end is not None]
        first = min(first for first, _ in timed)
        yield Cue(said.strip(), first, max(ends, default=first))

    def _end(self, element: Element, begin: float, start: float) -> float | None:
        end, duration = self._seconds(element, "end"), self._seconds(element, "dur")
        if end is not None:
            return begin + end
        return None if duration is None else start + duration

    def _seconds(self, element: Element, name: str) -> float | None:
        text = element.get(name)
        if text is None:
            return None
        clock = _TTML_CLOCK.fullmatch(text.strip())
        if clock is not None:
            hours, minutes, seconds, frames = clock.groups()
            whole = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
            return whole + int(frames or 0) * self._units["f"]
        offset = _TTML_OFFSET.fullmatch(text.strip())
        if offset is None:
            raise ValueError(f"the time {text[:20]!r}")
        return float(offset[1]) * self._units[offset[2]]


def _written(element: Element) -> str:
    """An element's text, without what is about it, and without the readings of ruby."""
    parts = [" ".join((element.text or "").split("\n"))]
    for child in element:
        ruby = next((value for key, value in child.attrib.items() if _name(key) == "ruby"), "")
        if _name(child.tag) == "br":
            parts.append("\n")
        elif _name(child.tag) not in _UNSAID and ruby not in ("text", "textContainer", "delimiter"):
            parts.append(_written(child))
        parts.append(" ".join((child.tail or "").split("\n")))
    return "".join(parts)


def _name(tag: str) -> str:
    """A tag or attribute without its namespace."""
    return tag.rpartition("}")[2]
