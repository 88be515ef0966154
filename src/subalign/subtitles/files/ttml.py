"""TTML, IMSC and iTT (`.ttml`, `.itt`, `.dfxp`): paragraphs of XML with their times.

Their text is read, and written back with nothing but their times changed.
https://www.w3.org/TR/ttml1/
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from xml.etree.ElementTree import Element, ParseError, fromstring

from subalign.subtitles.files.smpte import frames_of, smpte_time
from subalign.subtitles.timecode import clock_time

__all__ = ["begins_as_ttml", "frame_ms", "parse_ttml", "retimed_ttml"]

_ROOT = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--(?:(?!-->).){0,2000}-->\s*)?<(?:\w+:)?tt[\s>]", re.DOTALL
)
_DECLARED = re.compile(r"(<\?xml[^>]{0,200}?encoding=)(?:\"[^\"]*\"|'[^']*')")

# hours:minutes:seconds.part or :frames, or a number with its unit
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)(?::(\d+)(?:\.\d+)?)?")
_OFFSET = re.compile(r"(\d+(?:\.\d+)?)(h|m|s|ms|f|t)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_FRAME_RATE, _TICK_RATE = 30, 1.0
_LATEST = 1e7  # seconds
_FASTEST = 1000  # frames a second

# elements whose text describes the document
_METADATA = frozenset(("metadata", "title", "desc", "copyright", "agent"))
_STYLES = {
    ("fontStyle", "italic"): "i",
    ("fontWeight", "bold"): "b",
    ("textDecoration", "underline"): "u",
}

# comments and text as it stands are passed over; a paragraph's first tag
_MARKUP = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<(?:[\w.-]+:)?p(?=[\s/>])(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>",
    re.DOTALL,
)
_TIME = re.compile(r"(\s)(begin|end|dur)(\s*=\s*)(\"[^\"]*\"|'[^']*')")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph with text: its number in the document, times in seconds, SubRip's markup.

    `begin` is where what it stands in begins; `own` says that its times are its own attributes, and
    not those of what stands in it.
    """

    number: int
    start: float
    end: float
    text: str
    begin: float
    own: bool


def begins_as_ttml(text: str) -> bool:
    """Whether a text, line breaks LF, begins as such a file does."""
    return _ROOT.match(text) is not None


def frame_ms(text: str) -> int | None:
    """A frame in milliseconds, rounded up, where times are frames; else None."""
    return ceil(1000 / _Reader(_document(text)).frame_rate) if _in_frames(text) else None


def parse_ttml(text: str) -> list[Paragraph]:
    """The paragraphs of a document that have text, in its order.

    Raises:
        ValueError: it is no such document.
    """
    root = _document(text)
    try:
        found = [part for part in _Reader(root).paragraphs(root, 0.0) if part.text]
    except (IndexError, ZeroDivisionError, OverflowError, RecursionError) as error:
        raise ValueError("times that cannot be") from error
    if not all(0 <= time < _LATEST for part in found for time in (part.start, part.end)):
        raise ValueError("times that cannot be")
    return found


def retimed_ttml(text: str, times: Mapping[int, tuple[int, int]]) -> str:
    """A document with new times (milliseconds) of its paragraphs, by their numbers.

    Paragraphs with text that have none there are shown at no time.

    Raises:
        ValueError: times within a paragraph would have to change.
    """
    known = {part.number: part for part in parse_ttml(text)}
    reader = _Reader(_document(text))
    numbers = iter(range(len(text)))

    def changed(found: re.Match[str]) -> str:
        if found[0].startswith("<!"):
            return found[0]
        part = known.get(next(numbers))
        if part is None:
            return found[0]
        if not part.own:
            raise ValueError("a paragraph has no times, but what stands in it")
        given = times.get(part.number, (0, 0))
        start, end = (max(0, time - round(part.begin * 1000)) for time in given)
        return _TIME.sub(lambda time: reader.attribute(time, start, end), found[0])

    written = _MARKUP.sub(changed, text)
    return _DECLARED.sub(r'\1"UTF-8"', written, count=1)


def _document(text: str) -> Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it defines entities, which are not read")
    try:
        return fromstring(text.strip())  # noqa: S314 (no entities, see above)
    except (ParseError, ValueError, LookupError) as error:
        raise ValueError("no XML") from error


def _in_frames(text: str) -> bool:
    return re.search(r"begin\s*=\s*[\"']\d+:\d\d:\d\d:\d", text) is not None


class _Reader:
    """Reads paragraphs, and writes times, by a document's frame and tick rates.

    Raises:
        ValueError: these are no rates.
    """

    def __init__(self, root: Element) -> None:
        facts = {_name(key): value for key, value in root.attrib.items()}
        try:
            multiplier = facts.get("frameRateMultiplier", "1 1").replace(":", " ").split()
            rate = Fraction(facts.get("frameRate", _FRAME_RATE))
            self.frame_rate = rate * Fraction(multiplier[0]) / Fraction(multiplier[-1])
            ticks = float(facts.get("tickRate", _TICK_RATE))
            self._units = {**_UNITS, "f": 1 / float(self.frame_rate), "t": 1 / ticks}
        except (IndexError, ZeroDivisionError, OverflowError, ValueError) as error:
            raise ValueError("times that cannot be") from error
        if not 1 <= self.frame_rate <= _FASTEST:
            raise ValueError("times that cannot be")
        self._smpte = facts.get("timeBase") == "smpte"
        self._drop = self._smpte and facts.get("dropMode") == "dropNTSC"
        self._count = 0

    def paragraphs(self, element: Element, begin: float) -> Iterator[Paragraph]:
        """The paragraphs within an element; `begin` is where its parent begins."""
        start = begin + (self._seconds(element, "begin") or 0.0)
        if _name(element.tag) != "p":
            for child in element:
                yield from self.paragraphs(child, start)
            return
        number, self._count = self._count, self._count + 1
        timed = [(start, self._end(element, begin, start))]
        own = element.get("begin") is not None
        if not own:
            inner = [
                (start + (self._seconds(span, "begin") or 0.0), self._end(span, start, start))
                for span in element.iter()
                if span.get("begin") is not None
            ]
            timed = inner or timed
        written = _written(element).split("\n")
        shown = "\n".join(" ".join(line.split()) for line in written)
        ends = [end for _, end in timed if end is not None]
        first = min(first for first, _ in timed)
        yield Paragraph(number, first, max(ends, default=first), shown.strip(), begin, own)

    def attribute(self, found: re.Match[str], start_ms: int, end_ms: int) -> str:
        """An attribute of times with a new one, in the form of the old one."""
        space, name, equals, old = found.groups()
        time = {"begin": start_ms, "end": end_ms, "dur": end_ms - start_ms}[name]
        return f"{space}{name}{equals}{old[0]}{self._time(max(0, time), old[1:-1].strip())}{old[0]}"

    def _time(self, milliseconds: int, old: str) -> str:
        clock = _CLOCK.fullmatch(old)
        if clock is None:
            unit = old[-1:] if old[-1:] in ("f", "t") else "s"
            count = milliseconds / 1000 / self._units[unit]
            return f"{count:.0f}{unit}" if unit in ("f", "t") else f"{milliseconds / 1000:.3f}s"
        if clock[4] is None:
            return clock_time(milliseconds)
        frame = round(milliseconds * self.frame_rate / 1000)
        if self._smpte:
            return smpte_time(frame, self.frame_rate, drop=self._drop).replace(";", ":")
        seconds = int(frame / self.frame_rate)
        rest = frame - ceil(seconds * self.frame_rate)
        return f"{clock_time(1000 * seconds)[:8]}:{max(0, rest):02d}"

    def _end(self, element: Element, begin: float, start: float) -> float | None:
        end, duration = self._seconds(element, "end"), self._seconds(element, "dur")
        if end is not None:
            return begin + end
        return None if duration is None else start + duration

    def _seconds(self, element: Element, name: str) -> float | None:
        text = element.get(name)
        if text is None:
            return None
        clock = _CLOCK.fullmatch(text.strip())
        if clock is not None:
            hours, minutes, seconds, frames = clock.groups()
            whole = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
            if self._smpte and frames is not None:
                mark = ";" if self._drop else ":"
                if len(hours) == 2 and len(frames) == 2:
                    code = f"{hours}:{minutes}:{seconds[:2]}{mark}{frames}"
                    return float(frames_of(code, self.frame_rate) / self.frame_rate)
            return whole + int(frames or 0) * self._units["f"]
        offset = _OFFSET.fullmatch(text.strip())
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
            parts.append(_styled(child, _written(child)))
        parts.append(" ".join((child.tail or "").split("\n")))
    return "".join(parts)


def _styled(element: Element, text: str) -> str:
    """Text between tags of SubRip's for the looks that it has of its own."""
    for key, value in element.attrib.items():
        style = _STYLES.get((_name(key), value))
        if style is not None and text.strip():
            text = f"<{style}>{text}</{style}>"
    return text


def _name(tag: str) -> str:
    """A tag or attribute without its namespace."""
    return tag.rpartition("}")[2]
