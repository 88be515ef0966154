"""Tags of SubRip and WebVTT that are opened and not closed, or closed and not opened."""

import re
from collections import defaultdict
from dataclasses import dataclass

from subalign.subtitles.files.subtitle_file import FileFormat

__all__ = ["MatchedTags", "match_tags"]

_TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z]+)(?P<more>[^<>\n]*)>")
_NAMES = {
    "srt": frozenset("b i u s font".split()),
    "vtt": frozenset("b i u c v lang ruby rt".split()),
    "ass": frozenset[str](),
}
_OPTIONAL = frozenset(("v", "rt"))  # WebVTT lets the cue's end close them


@dataclass(frozen=True, slots=True)
class MatchedTags:
    """The names of tags left open and of closing tags without an opening one; the text `fixed`."""

    opened: tuple[str, ...]
    stray: tuple[str, ...]
    fixed: str


def match_tags(text: str, format: FileFormat) -> MatchedTags:
    """Match a cue's tags, by names as players do, whatever their case.

    `fixed` has every tag closed, the last opened first, at the text's end, and no stray ones.
    """
    names = _NAMES[format]
    opened: dict[int, str] = {}  # by their order
    places: defaultdict[str, list[int]] = defaultdict(list)
    stray: list[str] = []
    parts: list[str] = []
    at = 0
    for number, found in enumerate(_TAG.finditer(text)):
        name = found["name"]
        if name.lower() not in names:
            continue
        parts.append(text[at : found.start()])
        at = found.end()
        if not found["close"]:
            opened[number] = name
            places[name.lower()].append(number)
        elif places[name.lower()]:
            del opened[places[name.lower()].pop()]
        else:
            stray.append(name)
            continue
        parts.append(found[0])
    parts.append(text[at:])
    left = tuple(name for name in opened.values() if name.lower() not in _OPTIONAL)
    closing = "".join(f"</{name}>" for name in reversed(left))
    return MatchedTags(left, tuple(stray), "".join(parts) + closing)
