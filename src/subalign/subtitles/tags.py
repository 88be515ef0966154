r"""Formatting tags: `<i>` and `</i>` of SubRip and WebVTT, `{\an8}` of SubStation Alpha.

A given transcript's tags stand in `Word.before` and `Word.after`; in `Word.text` they are ordinary
text.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from subalign.characters import is_unspaced
from subalign.results import Segment

__all__ = [
    "INNER_TIME",
    "OVERRIDES",
    "POSITION",
    "SRT_TAGS",
    "TAG",
    "VTT_TAGS",
    "Run",
    "Tag",
    "escape_vtt",
    "one_line",
    "one_voice",
    "plain_text",
    "render_runs",
    "split_tags",
    "srt_tag",
    "vtt_tag",
    "without_voices",
    "written_text",
]

SRT_TAGS = frozenset("b i u s font".split())
VTT_TAGS = frozenset("b i u c v lang ruby rt".split())
_KNOWN = SRT_TAGS | VTT_TAGS
_SPANS = _KNOWN - {"v"}  # a voice lasts to the cue's end

# no letter begins the rest: a name without end would else be tried at every length
TAG = re.compile(r"<(?P<slash>/?)(?P<name>[A-Za-z]+)(?P<more>(?![A-Za-z])[^<>\n]*)>|\{\\[^{}]*\}")
"""A tag of any name, or an override of SubStation Alpha."""

INNER_TIME = re.compile(r"<\d[\d:.]*>")
"""A time within a cue of WebVTT."""

OVERRIDES = re.compile(r"\{[^{}]*\}")
"""What SubStation Alpha shows nothing of: overrides, and remarks in braces."""

POSITION = re.compile(r"\{\\an[1-9]\}")
"""The override that places a cue on the screen, by the keys of a number pad."""

# begins where a run of spaces does, as it would else be tried at each of them
_LINE_BREAK = re.compile(r"(?<![ \t])[ \t]*(?:\r\n|[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029])\s*")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ESCAPED = re.compile("[&<>]")
_VOICE = re.compile(r"<v(?:\.[^<>\s]*)?[ \t]+([^<>]*[^<>\s])[ \t]*>")
_VOICE_TAG = re.compile(r"</?v(?:[.\s][^<>]*)?>")
_CONTROL = re.compile(r"[\x00-\x1f]")


class Tag(NamedTuple):
    """Where a style begins or ends: a tag with its name as written; overrides have no name."""

    written: str
    name: str = ""
    closing: bool = False
    more: str = ""  # between the name and the bracket: attributes, or WebVTT's classes

    @property
    def is_span(self) -> bool:
        """Whether it begins or ends a span of text."""
        first = self.more[:1]
        return self.name.lower() in _SPANS and (first in ("", ".") or first.isspace())

    @property
    def is_position(self) -> bool:
        """Whether it places the cue on the screen."""
        return POSITION.fullmatch(self.written) is not None

    @property
    def style(self) -> str:
        """`b`, `i`, `u` or `s` for bold to struck-out text, "" for anything else."""
        name = self.name.lower()
        return name if name in ("b", "i", "u", "s") and self.more[:1] != "." else ""


Run = str | Tag
"""Part of a text: characters to show, or where a style begins or ends."""


def split_tags(text: str) -> tuple[Run, ...]:
    """A given transcript's text as characters and tags; nothing of it is lost.

    A tag that no format gives a meaning (`<laugh>`) is text in brackets.
    """
    if "<" not in text and "{" not in text:
        return (text,) if text else ()
    runs: list[Run] = []
    at = 0
    for found in TAG.finditer(text):
        if found["name"] and found["name"].lower() not in _KNOWN:
            continue
        if found.start() > at:
            runs.append(text[at : found.start()])
        runs.append(Tag(found[0], found["name"] or "", bool(found["slash"]), found["more"] or ""))
        at = found.end()
    if at < len(text):
        runs.append(text[at:])
    return tuple(runs)


def render_runs(
    runs: Iterable[Run],
    escape: Callable[[str], str] = str,
    tag: Callable[[Tag], str] = lambda _: "",
) -> str:
    """Text with its formatting as `tag` writes it, all else escaped; without `tag`, plain text."""
    return "".join([escape(run) if isinstance(run, str) else tag(run) for run in runs])


def plain_text(text: str) -> str:
    """Text without formatting tags; tags that are no formatting (`<laugh>`) stay."""
    return render_runs(split_tags(text))


def one_voice(text: str) -> tuple[str | None, str]:
    """The one voice of WebVTT that a text has, and the text without its tags; else all of it."""
    names = {" ".join(found[1].split()) for found in _VOICE.finditer(text)}
    if len(names) != 1 or plain_text(text[: text.find("<v")]).strip():
        return None, text
    return names.pop(), without_voices(text).strip()


def without_voices(text: str) -> str:
    """A text without the tags of WebVTT's voices."""
    return _VOICE_TAG.sub("", text)


def srt_tag(tag: Tag) -> str:
    r"""The tag where SubRip players know it; `{\an8}` places a cue on top."""
    return tag.written if tag.name.lower() in SRT_TAGS or tag.is_position else ""


def vtt_tag(tag: Tag) -> str:
    """The tag where WebVTT knows it."""
    return tag.written if tag.name.lower() in VTT_TAGS else ""


def escape_vtt(text: str) -> str:
    """Text with WebVTT's escapes, which are also XML's."""
    return text.translate(_ESCAPES) if _ESCAPED.search(text) else text


def written_text(segment: Segment, *, keep_lines: bool) -> str:
    """A segment's text without formatting tags.

    Where no word has something beside it the text is left as it is, unless it is given text, of
    which nothing is said (`keep_lines`).
    """
    words = segment.words or ()
    if any(word.before or word.after for word in words):
        return "".join(
            plain_text(word.before) + word.text + plain_text(word.after) for word in words
        )
    return plain_text(segment.text) if keep_lines and not words else segment.text


def one_line(text: str) -> str:
    """Text without control characters: line breaks and tabs are spaces, or nothing in CJK text."""

    def space(found: re.Match[str]) -> str:
        start, end = found.span()
        sides = text[max(0, start - 1) : start], text[end : end + 1]
        return "" if all(side and is_unspaced(side) for side in sides) else " "

    return _CONTROL.sub("", _LINE_BREAK.sub(space, text)).strip()
