"""Lines of a transcript as a file has them: from the cues of a subtitle file, and from JSON.

Line breaks of a cue are kept. Of formatting, what SubRip or WebVTT can carry is kept as their tags;
the rest is dropped: positions and colours of SubStation Alpha, and WebVTT's times inside a cue.

JSON is ours, openai-whisper's, or that of programs with its keys: stable-ts, WhisperX and
faster-whisper write `segments` with `text`, `start` and `end` as well.
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from subalign.subtitles.files.rolling import are_rolling, unrolled
from subalign.subtitles.files.subtitle_file import (
    FileCue,
    FileFormat,
    OtherLines,
    is_placed,
    shown_text,
)
from subalign.subtitles.saved_results import finite_seconds, parse_json
from subalign.subtitles.tags import INNER_TIME, OVERRIDES

__all__ = [
    "ParsedScript",
    "ScriptLine",
    "lines_of_cues",
    "parse_json_script",
]


_VTT_LANGUAGE = re.compile(r"^Language:[ \t]*([A-Za-z]+)", re.MULTILINE)

_OVERRIDE = re.compile(r"\\(?:([ibus])(\d+)|(an[1-9]))(?![a-z])")


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """A line of a text, a cue or a segment: its text, and its times (seconds) where it has any.

    Only in the ranges `worded` of the text can something be spoken; None stands for all of it.
    `cues` are the ids of the cues that show the line, more than one where they are stacked.
    """

    text: str
    worded: tuple[tuple[int, int], ...] | None = None
    start: float | None = None
    end: float | None = None
    cues: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedScript:
    """A transcript's lines, each with text, and what decides which parts of them are spoken.

    `language` is as the file gives it. `captions` says that the lines are cues, `rolling` that
    these repeated lines of the cue before, and `timed` that most lines begin with a time, as
    `0:04 Hello`.
    """

    lines: tuple[ScriptLine, ...]
    language: str | None = None
    captions: bool = False
    rolling: bool = False
    timed: bool = False


def lines_of_cues(parts: Sequence[FileCue | OtherLines], format: FileFormat) -> ParsedScript:
    """A line for each cue that has text, by their starts; of rolling captions only what is new.

    Signs in the picture are lines of which nothing is spoken.
    """
    shown = [part for part in parts if isinstance(part, FileCue) and not part.is_comment]
    shown.sort(key=lambda cue: cue.start_ms)
    rolling = format != "ass" and are_rolling(shown)
    # where most are placed, that is how the file places subtitles
    signs = 2 * sum(map(is_placed, shown)) <= len(shown)
    ids: dict[ScriptLine, list[int]] = {}  # typesetters stack copies of a cue to draw its shadow
    for cue in filter(None, unrolled(shown)) if rolling else shown:
        text = _text(cue, format)
        if text:
            start, end = max(0, cue.start_ms), max(0, cue.end_ms)
            worded = () if signs and is_placed(cue) else None
            line = ScriptLine(text, worded, start / 1000, end / 1000)
            ids.setdefault(line, []).append(cue.id)
    lines = tuple(replace(line, cues=tuple(found)) for line, found in ids.items())
    return ParsedScript(lines, _language(parts), captions=True, rolling=rolling)


def _language(parts: Sequence[FileCue | OtherLines]) -> str | None:
    """The language that a WebVTT file's header states ("en" of "Language: en-US")."""
    before = takewhile(lambda part: isinstance(part, OtherLines), parts)
    header = "\n".join(part.text for part in before).lstrip()
    found = _VTT_LANGUAGE.search(header) if header.startswith("WEBVTT") else None
    return found[1].lower() if found else None


def _text(cue: FileCue, format: FileFormat) -> str:
    """A cue's text with line breaks, and with tags instead of SubStation Alpha's overrides."""
    if not shown_text(cue, format).strip():
        return ""  # a drawing
    text = cue.text
    if format == "ass":
        text = text.replace(r"\n", "\n").replace(r"\h", "\u00a0")
        text = _closed(OVERRIDES.sub(_as_tags, text))
    text = text.replace(r"\N", "\n")
    if format == "vtt":
        text = html.unescape(INNER_TIME.sub("", text))
    return "\n".join(line for line in text.split("\n") if line.strip()).strip()


def _as_tags(override: re.Match[str]) -> str:
    tags = []
    for name, value, position in _OVERRIDE.findall(override[0]):
        tags.append(f"{{\\{position}}}" if position else f"<{'/' if value == '0' else ''}{name}>")
    return "".join(tags)


def _closed(text: str) -> str:
    """Close the tags that SubStation Alpha leaves open, and drop what closes nothing."""
    opened: list[str] = []
    parts = []
    for part in re.split(r"(</?[ibus]>)", text):
        name = part.strip("</>")
        if re.fullmatch(r"<[ibus]>", part):
            if name in opened:
                continue
            opened.append(name)
        elif re.fullmatch(r"</[ibus]>", part):
            if name not in opened:
                continue
            opened.remove(name)
        parts.append(part)
    return "".join(parts) + "".join(f"</{name}>" for name in reversed(opened))


def parse_json_script(text: str) -> ParsedScript:
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
    return ParsedScript(
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
    """Which ranges of the stripped text are words, where `before` or `after` hold what is none."""
    if not any("before" in word or "after" in word for word in words):
        return None
    ranges = []
    at = -(len(text) - len(text.lstrip()))
    written = ""
    for word in words:
        parts = (word.get(key) for key in ("before", "word", "after"))
        before, bare, after = (part if isinstance(part, str) else "" for part in parts)
        first = at + len(before)
        ranges.append((max(0, first), max(0, min(first + len(bare), len(text.strip())))))
        written += before + bare + after
        at += len(before + bare + after)
    return tuple(ranges) if written.strip() == text.strip() else None
