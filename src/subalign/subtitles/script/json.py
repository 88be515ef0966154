"""Transcripts in JSON: ours, openai-whisper's, and those of programs with its keys.

stable-ts, WhisperX and faster-whisper write `segments` with `text`, `start` and `end` as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from subalign.subtitles.files.input import finite_seconds, parse_json

__all__ = ["JSONScript", "ScriptLine", "parse_json_script"]


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """A segment: its text, the ranges that belong to a word (None for all of it), and its times."""

    text: str
    worded: tuple[tuple[int, int], ...] | None = None
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class JSONScript:
    """The segments with text, and the language as the file gives it."""

    lines: tuple[ScriptLine, ...]
    language: str | None


def parse_json_script(text: str) -> JSONScript:
    """The transcript in a JSON text.

    An object with `segments`, a list of segments, or an object with `text` alone, whose lines are
    then the segments.

    Raises:
        ValueError: it is no JSON, or holds no transcript.
    """
    content = parse_json(text)
    facts = content if isinstance(content, dict) else {}
    segments = facts.get("segments", content)
    if isinstance(segments, list):
        lines = [_line(segment) for segment in segments]
    elif isinstance(facts.get("text"), str):
        lines = [ScriptLine(line.strip()) for line in facts["text"].splitlines()]
    else:
        raise ValueError("no segments")
    language = facts.get("language")
    return JSONScript(
        tuple(line for line in lines if line.text),
        language if isinstance(language, str) else None,
    )


def _line(segment: object) -> ScriptLine:
    facts = segment if isinstance(segment, dict) else {}
    text = facts.get("text")
    if not isinstance(text, str):
        raise ValueError("a segment without text")
    words = facts.get("words")
    if isinstance(words, list) and not all(isinstance(word, dict) for word in words):
        raise ValueError("a word without its text and times")
    worded = _worded(text, words) if isinstance(words, list) else None
    return ScriptLine(
        text.strip(), worded, finite_seconds(facts.get("start")), finite_seconds(facts.get("end"))
    )


def _worded(text: str, words: Sequence[Mapping[str, Any]]) -> tuple[tuple[int, int], ...] | None:
    """Which ranges of the stripped text are words, where `before` or `after` say what is none."""
    if not any("before" in word or "after" in word for word in words):
        return None
    ranges = []
    at = -(len(text) - len(text.lstrip()))
    written = ""
    for word in words:
        parts = (word.get(key) for key in ("before", "word", "after"))
        before, said, after = (part if isinstance(part, str) else "" for part in parts)
        first = at + len(before)
        ranges.append((max(0, first), max(0, min(first + len(said), len(text.strip())))))
        written += before + said + after
        at += len(before + said + after)
    return tuple(ranges) if written.strip() == text.strip() else None
