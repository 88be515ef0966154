"""SubRip, WebVTT and SubStation Alpha: their cues' texts and times.

Line breaks of a cue are kept. Of formatting, what SubRip or WebVTT can carry is kept as their tags;
the rest is dropped: positions and colours of SubStation Alpha, and WebVTT's times inside a cue.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Cue", "detect_subtitles", "read_subtitles", "vtt_language"]

_SRT_TIMES = r"\d{1,3}:\d{1,2}:\d{1,2}[.,:]\d{1,3}[ \t]*-+>[ \t]*\d{1,3}:\d{1,2}:\d{1,2}"
_SRT = re.compile(rf"\s*(?:\d+[ \t]*\n\s*)?{_SRT_TIMES}")
_VTT = re.compile(r"\s*WEBVTT(?:[ \t\n]|$)")
_VTT_LANGUAGE = re.compile(r"^Language:[ \t]*([A-Za-z]+)", re.MULTILINE)
_ASS = re.compile(r"^\s*\[Script Info\]|^\[Events\]", re.IGNORECASE | re.MULTILINE)

_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_INNER_TIME = re.compile(r"<\d[\d:.]*>")
_OVERRIDES = re.compile(r"\{[^{}]*\}")
_OVERRIDE = re.compile(r"\\(?:([ibus])(\d+)|(an[1-9]))(?![a-z])")
_LINE_BREAKS = re.compile(r"\n\s*\n")

# pysubs2 takes a number at the very end for the number of a cue that follows
_LAST_NUMBER = "\n\n999999\n"


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue's text and times (seconds) as the file gives them."""

    text: str
    start: float
    end: float


def detect_subtitles(text: str) -> str | None:
    """`srt`, `vtt` or `ass` if the text begins as such a file does, else None."""
    if _VTT.match(text):
        return "vtt"
    if _SRT.match(text):
        return "srt"
    return "ass" if _ASS.search(text[:4000]) else None


def read_subtitles(text: str, format: str) -> list[Cue]:
    """The cues of `srt`, `vtt` or `ass` text, line breaks LF, in the order of their starts.

    Raises:
        ValueError: the text is not of this format.
    """
    from pysubs2 import SSAFile
    from pysubs2.exceptions import Pysubs2Error

    if format == "vtt":
        text = "".join(_cue_blocks(text))
    if format != "ass":
        text += _LAST_NUMBER
    try:
        file = SSAFile.from_string(text, format_=format, keep_html_tags=True)
    # what it makes of other text are errors of many kinds
    except (Pysubs2Error, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"not {format}: {error}") from error
    cues: dict[Cue, None] = {}  # typesetters stack copies of a cue to draw its shadow
    for event in sorted(file.events, key=lambda event: event.start):
        if event.is_comment or event.is_drawing:
            continue
        cue = Cue(_plain(event.text, format), event.start / 1000, event.end / 1000)
        if cue.text:
            cues[cue] = None
    return list(cues)


def vtt_language(text: str) -> str | None:
    """The language that a WebVTT file's header states ("en" of "Language: en-US")."""
    found = _VTT_LANGUAGE.search(text.partition("-->")[0]) if _VTT.match(text) else None
    return found[1].lower() if found else None


def _cue_blocks(text: str) -> Iterator[str]:
    """A WebVTT file's cues without names, notes, styles, regions and times inside a text.

    pysubs2 would take all of these for text of the cue before.
    """
    for block in _BLANK_LINES.split(text):
        lines = block.split("\n")
        at = next((index for index, line in enumerate(lines[:2]) if "-->" in line), None)
        if at is not None and not lines[0].startswith(("NOTE", "STYLE", "REGION")):
            said = _INNER_TIME.sub("", "\n".join(lines[at + 1 :]))
            yield f"{lines[at]}\n{said}\n\n"


def _plain(text: str, format: str) -> str:
    """A cue's text with line breaks, and with tags instead of SubStation Alpha's overrides."""
    if format == "ass":
        text = text.replace(r"\n", "\n").replace(r"\h", "\u00a0")
        text = _closed(_OVERRIDES.sub(_as_tags, text))
    text = text.replace(r"\N", "\n")
    if format == "vtt":
        text = html.unescape(text)
    return _LINE_BREAKS.sub("\n", text).strip()


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
