r"""Formatting tags of given transcripts, as far as each format can carry them.

Tags stand in `Word.before` and `Word.after`; in `Word.text` they are ordinary text.
"""

import re
from collections.abc import Callable
from html import escape as escape_html

from subalign.results import Segment

__all__ = [
    "convert_formatting",
    "one_line",
    "plain_text",
    "srt_formatting",
    "vtt_formatting",
    "written_text",
]

_SRT_TAGS = frozenset("b i u s font".split())
_VTT_TAGS = frozenset("b i u c v lang ruby rt".split())
_TAG = re.compile(r"(</?[A-Za-z][^<>\n]*>|\{\\[^{}]*\})")
_NAME = re.compile(r"</?([A-Za-z]+)")
_POSITION = re.compile(r"\{\\an[1-9]\}")
# begins where a run of spaces does, as it would else be tried at each of them
_LINE_BREAK = re.compile(r"(?<![ \t])[ \t]*(?:\r\n|[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029])\s*")
_CONTROL = re.compile(r"[\x00-\x1f]")
_UNSPACED = re.compile("[\u0e00-\u10ff\u1780-\u17ff\u3000-\u9fff\uf900-\ufaff\uff00-\uffef]")


def srt_formatting(text: str) -> str:
    r"""Text with the tags that SubRip players know, and `{\an8}` where a cue stands on top."""
    return _convert(text, _SRT_TAGS, str, lambda override: bool(_POSITION.fullmatch(override)))


def vtt_formatting(text: str) -> str:
    """Text with WebVTT's tags, all else escaped."""
    return _convert(text, _VTT_TAGS, lambda part: escape_html(part, quote=False))


def plain_text(text: str) -> str:
    """Text without formatting tags; tags that are no formatting (`<laugh>`) stay."""
    return _convert(text, frozenset(), str)


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


def convert_formatting(
    text: str, *, escape: Callable[[str], str], tag: Callable[[str], str]
) -> str:
    r"""Text with its formatting tags (`<i>`, `{\an8}`) replaced by `tag`, all else escaped.

    `tag` gets a tag as it is written. Those that it makes nothing of it gives back as "".
    """
    parts = []
    for index, part in enumerate(_TAG.split(text)):
        name = _NAME.match(part)
        formats = name is None or name[1].lower() in _SRT_TAGS | _VTT_TAGS
        parts.append(tag(part) if index % 2 and formats else escape(part))
    return "".join(parts)


def one_line(text: str) -> str:
    """Text without control characters: line breaks and tabs are spaces, or nothing in CJK text."""

    def space(found: re.Match[str]) -> str:
        start, end = found.span()
        sides = text[max(0, start - 1) : start], text[end : end + 1]
        return "" if all(map(_UNSPACED.match, sides)) else " "

    return _CONTROL.sub("", _LINE_BREAK.sub(space, text)).strip()


def _convert(
    text: str,
    kept: frozenset[str],
    escape: Callable[[str], str],
    keeps_override: Callable[[str], bool] = lambda _: False,
) -> str:
    parts = []
    for index, part in enumerate(_TAG.split(text)):
        name = _NAME.match(part)
        if index % 2 == 0:
            parts.append(escape(part))
        elif name is None:
            parts.append(part if keeps_override(part) else "")
        elif name[1].lower() in kept:
            parts.append(part)
        elif name[1].lower() not in _SRT_TAGS | _VTT_TAGS:
            parts.append(escape(part))
    return "".join(parts)
