"""What can be put right in a subtitle file without asking: no word of it is lost.

- Cues come in the order of their starts, SubRip's numbers count from 1.
- Blank lines within a text go, open tags are closed and stray ones removed.
- Cues without text go, and those that are exact copies of the one before. Of rolling captions,
  which repeat lines of the cue before, each line stays where it is new.
- A cue that ends before it starts has its ends swapped where its neighbours leave the room; it, or
  one without duration, else lasts as long as it must and the next cue lets it.
- A cue that runs into the next one of its place ends before it, at the profile's distance where
  that leaves it the least duration, else where the next one starts. The same for small gaps.
- Times are written as the format has them, line breaks are of one kind, and the text is UTF-8.

Speed, width, lines and durations are matters of the text, and stay.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from subalign.subtitles.check.screen_positions import find_lanes, lane_neighbours
from subalign.subtitles.check.tags import find_tags
from subalign.subtitles.files import Aside, FileCue, SubtitleFile, render_subtitle_file
from subalign.subtitles.files.reading import parse_parts, tidy_cue
from subalign.subtitles.files.rolling import are_rolling, folded
from subalign.subtitles.layout.profiles import Profile

__all__ = ["fix_file"]

_MOST_ROUNDS = 10

_LEAST = 1000  # ms that a cue without duration gets where the profile asks for none


def fix_file(file: SubtitleFile, profile: Profile) -> SubtitleFile:
    """The file with everything mechanical put right; mending it again changes nothing.

    One thing that is put right may bring another to light: so the text is mended until it stays.
    """
    mended = _mended_once(file, profile)
    text = render_subtitle_file(mended)
    for _ in range(_MOST_ROUNDS):
        if not any(True for _ in mended.cues):
            break
        parts = tuple(parse_parts(text.rstrip("\n"), file.format))
        again = _mended_once(replace(mended, parts=parts), profile)
        before, text = text, render_subtitle_file(again)
        if text == before:
            break
        mended = again
    return mended


def _mended_once(file: SubtitleFile, profile: Profile) -> SubtitleFile:
    parts = [part for part in (_mended(part, file) for part in file.parts) if not _is_empty(part)]
    parts = list(_without_copies(replace(file, parts=tuple(parts))).parts)
    cues = [part for part in parts if isinstance(part, FileCue)]
    swapped = _swapped(cues)
    if file.format != "ass":  # there the order says which cue is drawn above
        swapped.sort(key=lambda cue: cue.start_ms)
    ordered = iter(swapped)
    parts = [part if isinstance(part, Aside) else next(ordered) for part in parts]
    mended = replace(
        file, parts=tuple(parts), newline="\n" if file.mixed else file.newline, mixed=False
    )
    mended = _unrolled(_without_copies(mended))
    mended = _timed(_timed(mended, profile), profile)
    return replace(mended, parts=tuple(_finished(mended)), is_utf8=True)


def _is_empty(part: FileCue | Aside) -> bool:
    return isinstance(part, FileCue) and not part.text.strip() and not part.is_comment


def _mended(part: FileCue | Aside, file: SubtitleFile) -> FileCue | Aside:
    """A cue with its text and the writing of its times put right."""
    if isinstance(part, Aside):
        return part
    # a stray tag may have a line to itself
    return tidy_cue(replace(part, text=find_tags(part.text, file.format).mended), file.format)


def _swapped(cues: Sequence[FileCue]) -> list[FileCue]:
    """Cues that end before they start the other way round, where none of their neighbours is."""
    found = list(cues)
    for at, cue in enumerate(cues):
        if cue.end_ms >= cue.start_ms:
            continue
        before = found[at - 1].end_ms if at else 0
        after = cues[at + 1].start_ms if at + 1 < len(cues) else cue.start_ms
        if before <= cue.end_ms and cue.start_ms <= after:
            found[at] = replace(cue, start_ms=cue.end_ms, end_ms=cue.start_ms, times="")
    return found


def _without_copies(file: SubtitleFile) -> SubtitleFile:
    if file.format == "ass":  # typesetters stack copies of a cue to draw its shadow
        return file
    parts: list[FileCue | Aside] = []
    last: FileCue | None = None
    for part in file.parts:
        if isinstance(part, FileCue):
            if last is not None and _look(part) == _look(last):
                continue
            last = part
        parts.append(part)
    return replace(file, parts=tuple(parts))


def _unrolled(file: SubtitleFile) -> SubtitleFile:
    """Rolling captions with each line only where it is new."""
    cues = list(file.cues)
    if file.format == "ass" or not are_rolling(cues):
        return file
    kept = iter(folded(cues))
    parts = (part if isinstance(part, Aside) else next(kept) for part in file.parts)
    return replace(file, parts=tuple(part for part in parts if part is not None))


def _look(cue: FileCue) -> tuple[object, ...]:
    return cue.start_ms, cue.end_ms, cue.settings, cue.text


def _timed(file: SubtitleFile, profile: Profile) -> SubtitleFile:
    """The file with the ends of cues where the next ones of their places let them be."""
    least = round(profile.min_duration * 1000)
    gap = profile.clock.milliseconds(profile.gap_ticks)
    ends: dict[int, int] = {}
    for lane in find_lanes(file):
        for placed, after in lane_neighbours(lane):
            start, end = placed.start_ms, placed.end_ms
            if end <= start:
                end = start + (least or _LEAST)
            if after is not None and end > after.start_ms - gap and after.start_ms > start:
                room = after.start_ms - gap - start
                fits = room >= min(least, end - start) and room > 0
                end = start + room if fits else min(end, after.start_ms)
            elif after is not None and after.start_ms == start and placed.end_ms <= start:
                end = placed.end_ms
            ends[placed.index] = _whole(end, start, file)
    return replace(file, parts=tuple(_with_ends(file, ends)))


def _whole(end: int, start: int, file: SubtitleFile) -> int:
    """SubStation Alpha counts hundredths of a second."""
    return end if file.format != "ass" else max(end // 10 * 10, min(end, start + 10))


def _with_ends(file: SubtitleFile, ends: dict[int, int]) -> Iterator[FileCue | Aside]:
    index = -1
    for part in file.parts:
        if isinstance(part, FileCue) and not part.is_comment:
            index += 1
            end = ends.get(index, part.end_ms)
            if end != part.end_ms:
                yield replace(part, end_ms=end, times="")
                continue
        yield part


def _finished(file: SubtitleFile) -> Iterator[FileCue | Aside]:
    """The parts with SubRip's numbers, and with the header that WebVTT must have."""
    if file.format == "vtt":
        first = file.parts[0] if file.parts else None
        if not isinstance(first, Aside) or not first.text.startswith("WEBVTT"):
            yield Aside(line=1, text="WEBVTT")
    number = 0
    for part in file.parts:
        if isinstance(part, FileCue) and file.format == "srt":
            number += 1
            yield replace(part, identifier=str(number))
        else:
            yield part
