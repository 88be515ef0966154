"""Cues by their position on the screen: only those at the same one can overlap."""

import re
from dataclasses import dataclass

from subalign.subtitles.files import FileCue, SubtitleFile
from subalign.subtitles.files.subtitle_file import FileFormat, is_placed, shown_text

__all__ = ["ShownCue", "cues_by_position"]

_ALIGNED = re.compile(r"\\an?(\d{1,2})(?!\d)")
_SETTINGS = re.compile(r"(?:^|\s)(?:line|position|vertical|region):\S+")


@dataclass(frozen=True, slots=True)
class ShownCue:
    """A cue and its text as a reader sees it, without tags and empty lines."""

    cue: FileCue
    text: str

    @property
    def start_ms(self) -> int:
        return self.cue.start_ms

    @property
    def end_ms(self) -> int:
        return self.cue.end_ms


def cues_by_position(file: SubtitleFile) -> list[list[ShownCue]]:
    r"""The cues with text by their position on the screen, each list in the order of its starts.

    A position is SubStation Alpha's layer, style and alignment, WebVTT's settings, SubRip's `\an`.
    Typesetting (`\pos`) is no subtitle, and stands in no list.
    """
    found: dict[tuple[str, ...], list[ShownCue]] = {}
    for cue in file.cues:
        lines = shown_text(cue, file.format).splitlines()
        text = "\n".join(line for line in lines if line.strip())
        position = _position(cue, file.format)
        if text and position is not None:
            found.setdefault(position, []).append(ShownCue(cue, text))
    return [sorted(shown, key=lambda item: item.start_ms) for shown in found.values()]


def _position(cue: FileCue, format: FileFormat) -> tuple[str, ...] | None:
    if format == "vtt":
        return tuple(sorted(part.strip() for part in _SETTINGS.findall(cue.settings)))
    if is_placed(cue):
        return None
    aligned = _ALIGNED.search(cue.text)
    alignment = aligned[1] if aligned else ""
    if format == "srt":
        return (alignment,)
    return (cue.identifier, cue.settings.partition(",")[0], alignment)
