"""Which cues share a place on the screen: only those can be in each other's way."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from subalign.subtitles.files import FileCue, SubtitleFile
from subalign.subtitles.files.subtitle_file import FileFormat, is_placed, shown_text

__all__ = ["PlacedCue", "find_lanes", "lane_neighbours"]

_ALIGNED = re.compile(r"\\an?(\d{1,2})(?!\d)")
_PLACE = re.compile(r"(?:^|\s)(?:line|position|vertical|region):\S+")


@dataclass(frozen=True, slots=True)
class PlacedCue:
    """A cue of a file as a reader meets it: `index` counts the file's cues from 0."""

    index: int
    cue: FileCue
    text: str

    @property
    def start_ms(self) -> int:
        return self.cue.start_ms

    @property
    def end_ms(self) -> int:
        return self.cue.end_ms


def find_lanes(file: SubtitleFile) -> list[list[PlacedCue]]:
    r"""The cues with text by their place on the screen, each lane in the order of its starts.

    A place is SubStation Alpha's layer, style and alignment, WebVTT's position, SubRip's `\an`.
    Typesetting (`\pos`) is no subtitle, and stands in no lane.
    """
    lanes: dict[tuple[str, ...], list[PlacedCue]] = {}
    for index, cue in enumerate(file.cues):
        lines = shown_text(cue, file.format).splitlines()
        text = "\n".join(line for line in lines if line.strip())
        place = _place(cue, file.format)
        if text and place is not None:
            lanes.setdefault(place, []).append(PlacedCue(index, cue, text))
    return [sorted(lane, key=lambda placed: placed.start_ms) for lane in lanes.values()]


def _place(cue: FileCue, format: FileFormat) -> tuple[str, ...] | None:
    if format == "vtt":
        return tuple(sorted(part.strip() for part in _PLACE.findall(cue.settings)))
    if is_placed(cue):
        return None
    aligned = _ALIGNED.search(cue.text)
    alignment = aligned[1] if aligned else ""
    if format == "srt":
        return (alignment,)
    return (cue.identifier, cue.settings.partition(",")[0], alignment)


def lane_neighbours(lane: Sequence[PlacedCue]) -> list[tuple[PlacedCue, PlacedCue | None]]:
    """Each cue of a lane with the one after it."""
    return list(zip(lane, [*lane[1:], None], strict=True))
