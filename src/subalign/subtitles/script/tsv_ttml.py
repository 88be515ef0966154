"""Transcripts in tables of subalign or openai-whisper (TSV), and in TTML.

Only their text and times are read: these files are not checked, retimed or written back.
"""

import re
from collections.abc import Iterator
from typing import Literal
from xml.etree.ElementTree import Element, ParseError, fromstring

from subalign.subtitles.saved_results import LATEST
from subalign.subtitles.script.lines import ParsedScript, ScriptLine

__all__ = ["OtherFormat", "detect_other", "parse_other"]

OtherFormat = Literal["tsv", "ttml"]

_TSV = re.compile(r"\s*start\tend\ttext[ \t]*(?:\n|$)", re.IGNORECASE)
_TTML = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--(?:(?!-->).){0,2000}-->\s*)?<(?:\w+:)?tt[\s>]", re.DOTALL
)

# TTML: hours:minutes:seconds.part or :frames, or a number with its unit
_TTML_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)(?::(\d+)(?:\.\d+)?)?")
_TTML_OFFSET = re.compile(r"(\d+(?:\.\d+)?)(h|m|s|ms|f|t)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_FRAME_RATE, _TICK_RATE = 30.0, 1.0

# elements whose text describes the document
_METADATA = frozenset(("metadata", "title", "desc", "copyright", "agent"))


def detect_other(text: str) -> OtherFormat | None:
    """The format if the text, line breaks LF, begins as such a file does, else None."""
    if _TSV.match(text):
        return "tsv"
    return "ttml" if _TTML.match(text) else None


def parse_other(text: str, format: OtherFormat) -> ParsedScript:
    """The cues of a text, line breaks LF, in the order of their starts (seconds).

    Raises:
        ValueError: the text is not of this format.
    """
    readers = {"tsv": _tsv, "ttml": _ttml}
    lines = [line for line in readers[format](text) if line.text]
    if not all(0 <= time < LATEST for line in lines for time in (line.start, line.end) if time):
        raise ValueError("times that cannot be")
    lines.sort(key=lambda line: line.start or 0.0)
    return ParsedScript(tuple(lines), captions=True)


def _tsv(text: str) -> Iterator[ScriptLine]:
    for number, line in enumerate(text.strip().split("\n"), start=1):
        fields = line.split("\t", 2)
        if number == 1 or not line.strip():
            continue
        if len(fields) < 3 or not all(field.strip().isdecimal() for field in fields[:2]):
            raise ValueError(f"line {number} has no times")
        start, end = (int(field.strip()[:15]) / 1000 for field in fields[:2])
        yield ScriptLine(fields[2].strip(), start=start, end=end)


def _ttml(text: str) -> Iterator[ScriptLine]:
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
        reader = _TTMLReader(frames, float(rates.get("tickRate", _TICK_RATE)))
        yield from reader.cues(root, 0.0)
    except (IndexError, ZeroDivisionError, OverflowError, RecursionError) as error:
        raise ValueError("times that cannot be") from error


class _TTMLReader:
    """Reads paragraphs, with times in a document's frame and tick rates."""

    def __init__(self, frame_rate: float, tick_rate: float) -> None:
        self._units = {**_UNITS, "f": 1 / frame_rate, "t": 1 / tick_rate}

    def cues(self, element: Element, begin: float) -> Iterator[ScriptLine]:
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
        shown = "\n".join(" ".join(line.split()) for line in _written(element).split("\n"))
        ends = [end for _, end in timed if end is not None]
        first = min(first for first, _ in timed)
        yield ScriptLine(shown.strip(), start=first, end=max(ends, default=first))

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
        elif _name(child.tag) not in _METADATA and ruby not in (
            "text",
            "textContainer",
            "delimiter",
        ):
            parts.append(_written(child))
        parts.append(" ".join((child.tail or "").split("\n")))
    return "".join(parts)


def _name(tag: str) -> str:
    """A tag or attribute without its namespace."""
    return tag.rpartition("}")[2]
