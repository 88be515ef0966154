"""SubRip, WebVTT and SubStation Alpha: their cues' texts and times.

Line breaks of a cue are kept. Of formatting, what SubRip or WebVTT can carry is kept as their tags;
the rest is dropped: positions and colours of SubStation Alpha, and WebVTT's times inside a cue.
"""

import html
import re
from dataclasses import dataclass

from subalign.subtitles.files.ass import parse_events
from subalign.subtitles.files.rolling import are_rolling, folded
from subalign.subtitles.files.srt_vtt import parse_blocks
from subalign.subtitles.files.subtitle_file import FileCue, FileFormat, is_placed, shown_text

__all__ = ["Cue", "Subtitles", "read_subtitles", "vtt_language"]

_VTT_LANGUAGE = re.compile(r"^Language:[ \t]*([A-Za-z]+)", re.MULTILINE)

_INNER_TIME = re.compile(r"<\d[\d:.]*>")
_OVERRIDES = re.compile(r"\{[^{}]*\}")
_OVERRIDE = re.compile(r"\\(?:([ibus])(\d+)|(an[1-9]))(?![a-z])")


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue's text and times (seconds) as the file gives them.

    `said` is false of a sign in the picture.
    """

    text: str
    start: float
    end: float
    said: bool = True


@dataclass(frozen=True, slots=True)
class Subtitles:
    """A file's cues in the order of their starts; of `rolling` captions each line is there once."""

    cues: tuple[Cue, ...]
    rolling: bool


def read_subtitles(text: str, format: FileFormat) -> Subtitles:
    """The cues of `srt`, `vtt` or `ass` text, line breaks LF.

    Raises:
        ValueError: the text is not of this format.
    """
    parts = parse_events(text) if format == "ass" else parse_blocks(text, format)
    shown = [part for part in parts if isinstance(part, FileCue) and not part.is_comment]
    shown.sort(key=lambda part: part.start_ms)
    rolling = format != "ass" and are_rolling(shown)
    # where most are placed, that is how the file places what is said
    signs = 2 * sum(map(is_placed, shown)) <= len(shown)
    cues: dict[Cue, None] = {}  # typesetters stack copies of a cue to draw its shadow
    for part in filter(None, folded(shown)) if rolling else shown:
        if not shown_text(part, format).strip():
            continue  # a drawing
        start, end = max(0, part.start_ms), max(0, part.end_ms)
        cue = Cue(
            _plain(part.text, format),
            start / 1000,
            end / 1000,
            said=not (signs and is_placed(part)),
        )
        if cue.text:
            cues[cue] = None
    return Subtitles(tuple(cues), rolling)


def vtt_language(text: str) -> str | None:
    """The language that a WebVTT file's header states ("en" of "Language: en-US")."""
    header = text.partition("-->")[0]
    found = _VTT_LANGUAGE.search(header) if header.lstrip().startswith("WEBVTT") else None
    return found[1].lower() if found else None


def _plain(text: str, format: FileFormat) -> str:
    """A cue's text with line breaks, and with tags instead of SubStation Alpha's overrides."""
    if format == "ass":
        text = text.replace(r"\n", "\n").replace(r"\h", "\u00a0")
        text = _closed(_OVERRIDES.sub(_as_tags, text))
    text = text.replace(r"\N", "\n")
    if format == "vtt":
        text = html.unescape(_INNER_TIME.sub("", text))
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
