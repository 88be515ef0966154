"""Text without control characters, which terminals obey and many formats forbid."""

import re
from dataclasses import fields, replace
from typing import Any, TypeVar

from subalign.results import Chapter, Segment, Transcript, Word

__all__ = ["plain_characters", "without_controls"]

# C0 but tabs and line breaks, DEL, C1; halves of surrogate pairs, which no file can hold
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BREAKS = frozenset("\x0b\x0c\x1c\x1d\x1e\x1f\x85")

_Result = TypeVar("_Result", Transcript, Segment, Word, Chapter)


def plain_characters(text: str) -> str:
    """Text without control characters but tabs and line feeds; those that part text are spaces."""
    return _CONTROLS.sub(_instead, text)


def without_controls(transcript: Transcript) -> Transcript:
    """The transcript with plain characters in all its texts."""
    segments = tuple(
        _cleaned(
            segment
            if segment.words is None
            else replace(segment, words=tuple(map(_cleaned, segment.words)))
        )
        for segment in transcript.segments
    )
    chapters = tuple(map(_cleaned, transcript.chapters))
    return _cleaned(replace(transcript, segments=segments, chapters=chapters))


def _cleaned(item: _Result) -> _Result:
    """The same object where there is nothing to leave out."""
    texts = ((field.name, getattr(item, field.name)) for field in fields(item))
    found: dict[str, Any] = {
        name: plain_characters(text)
        for name, text in texts
        if isinstance(text, str) and _CONTROLS.search(text)
    }
    return replace(item, **found) if found else item


def _instead(found: re.Match[str]) -> str:
    if found[0] in _BREAKS:
        return " "
    return "" if found[0] < "\ud800" else "\ufffd"
