"""Formatting tags of given transcripts in a new layout: a tag open at a cue's end goes on."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from subalign.subtitles.cue import CueWord

if TYPE_CHECKING:
    from subalign.subtitles.layout.compose import ComposedCue

__all__ = ["balance_tags"]

_TAG = re.compile(r"<(/?)(b|i|u|s|font|c|lang|ruby|rt)(?=[\s.>])[^<>\n]*>", re.IGNORECASE)


def balance_tags(cues: "Iterable[ComposedCue]") -> "Iterator[ComposedCue]":
    """Close in each cue the tags that it leaves open, and open them again in the next.

    A closing tag without its opening one is taken out.
    """
    opened: list[str] = []
    for cue in cues:
        if not opened and not any("<" in word.before or "<" in word.after for word in cue.words):
            yield cue
            continue
        reopened = "".join(opened)
        words = [_followed(word, opened) for word in cue.words]
        closing = "".join(f"</{_name(tag)}>" for tag in reversed(opened))
        first = words[0]
        words[0] = CueWord(
            first.text, first.start_ms, first.end_ms, reopened + first.before, first.after
        )
        last = words[-1]
        words[-1] = CueWord(
            last.text, last.start_ms, last.end_ms, last.before, last.after + closing
        )
        yield cue._replace(words=words)


def _followed(word: CueWord, opened: list[str]) -> CueWord:
    """The word without closing tags that close nothing; `opened` is what it leaves open."""
    before = _TAG.sub(lambda tag: _follow(tag, opened), word.before)
    after = _TAG.sub(lambda tag: _follow(tag, opened), word.after)
    return CueWord(word.text, word.start_ms, word.end_ms, before, after)


def _follow(tag: re.Match[str], opened: list[str]) -> str:
    if not tag[1]:
        opened.append(tag[0])
        return tag[0]
    for index in range(len(opened) - 1, -1, -1):
        if _name(opened[index]) == tag[2]:
            del opened[index]
            return tag[0]
    return ""


def _name(tag: str) -> str:
    found = _TAG.match(tag)
    return found[2] if found else ""
