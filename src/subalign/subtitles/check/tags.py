"""Tags of SubRip and WebVTT that are opened and not closed, or closed and not opened."""

from collections import defaultdict
from dataclasses import dataclass

from subalign.subtitles.files.subtitle_file import FileFormat
from subalign.subtitles.tags import SRT_TAGS, VTT_TAGS, split_tags

__all__ = ["MatchedTags", "match_tags"]

_NAMES: dict[FileFormat, frozenset[str]] = {"srt": SRT_TAGS, "vtt": VTT_TAGS, "ass": frozenset()}
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
    for number, run in enumerate(split_tags(text)):
        if isinstance(run, str) or run.name.lower() not in names:
            parts.append(run if isinstance(run, str) else run.written)
            continue
        before = places[run.name.lower()]
        if not run.closing:
            opened[number] = run.name
            before.append(number)
        elif before:
            del opened[before.pop()]
        else:
            stray.append(run.name)
            continue
        parts.append(run.written)
    left = tuple(name for name in opened.values() if name.lower() not in _OPTIONAL)
    closing = "".join(f"</{name}>" for name in reversed(left))
    return MatchedTags(left, tuple(stray), "".join(parts) + closing)
