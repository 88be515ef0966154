"""Tags of SubRip and WebVTT that are opened and not closed, or closed and not opened."""

import re
from collections import defaultdict
from dataclasses import dataclass

from subalign.subtitles.files.subtitle_file import FileFormat

__all__ = ["Tags", "find_tags"]

_TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z]+)(?P<more>[^<>\n]*)>")
_NAMES = {
    "srt": frozenset("b i u s font".split()),
    "vtt": frozenset("b i u c v lang ruby rt".split()),
    "ass": frozenset[str](),
}
_OPTIONAL = frozenset(("v", "rt"))  # WebVTT lets the cue's end close them


@dataclass(frozen=True, slots=True)
class Tags:
    """What is wrong with a text's tags: names left open, names closed in vain, and the remedy."""

    opened: tuple[str, ...]
    stray: tuple[str, ...]
    mended: str


def find_tags(text: str, format: FileFormat) -> Tags:
    """Match a cue's tags, by names as players do, whatever their case.

    `mended` has every tag closed, the last opened first, at the text's end, and no stray ones.
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
    return Tags(left, tuple(stray), "".join(parts) + closing)
