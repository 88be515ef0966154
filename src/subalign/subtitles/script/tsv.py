"""Transcripts in tables of subalign or openai-whisper (TSV): start, end and text."""

import re
from collections.abc import Iterator

from subalign.subtitles.saved_results import LATEST
from subalign.subtitles.script.lines import ParsedScript, ScriptLine

__all__ = ["begins_as_tsv", "parse_tsv"]

_TSV = re.compile(r"\s*start\tend\ttext[ \t]*(?:\n|$)", re.IGNORECASE)


def begins_as_tsv(text: str) -> bool:
    """Whether a text, line breaks LF, begins as such a table does."""
    return _TSV.match(text) is not None


def parse_tsv(text: str) -> ParsedScript:
    """The cues of a text, line breaks LF, in the order of their starts (seconds).

    Raises:
        ValueError: the text is no such table.
    """
    lines = [line for line in _tsv(text) if line.text]
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
