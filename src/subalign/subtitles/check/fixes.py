"""What can be put right in a subtitle file without asking: no word of it is lost.

- Cues come in the order of their starts, SubRip's numbers count from 1.
- Blank lines within a text go, open tags are closed and stray ones removed.
- Cues without text go, and those that are exact copies of the one before. Of rolling captions,
  which repeat lines of the cue before, each line stays where it is new.
- A cue that ends before it starts has its ends swapped where its neighbours leave the room; it, or
  one without duration, else lasts as long as it must and the next cue lets it.
- A cue that runs into the next one at its position ends before it, at the profile's distance where
  that leaves it the least duration, else where the next one starts. The same for small gaps.
- Times are written as the format has them, line breaks are of one kind, and the text is UTF-8
  without control characters.

Speed, width, lines and durations are matters of the text, and stay.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from subalign.subtitles.check.screen_positions import ShownCue, cues_by_position
from subalign.subtitles.check.tags import match_tags
from subalign.subtitles.files import FileCue, SubtitleFile, render_subtitle_file
from subalign.subtitles.files.reading import parse_parts, tidy_cue, with_header
from subalign.subtitles.files.rolling import are_rolling, unrolled
from subalign.subtitles.files.subtitle_file import FileFormat, is_placed, shown_text
from subalign.subtitles.layout.profiles import Profile

__all__ = ["fix_file"]

_MOST_ROUNDS = 10

_LEAST = 1000  # ms that a cue without duration gets where the profile asks for none


def fix_file(file: SubtitleFile, profile: Profile) -> SubtitleFile:
    """The file with everything mechanical put right; fixing it again changes nothing.

    One fix may bring another problem to light: so the text is fixed until it stays.
    """
    fixed = _fixed_once(file, profile)
    text = render_subtitle_file(fixed)
    for _ in range(_MOST_ROUNDS):
        if not fixed.cues:
            break
        parts = tuple(parse_parts(text.rstrip("\n"), file.format))
        again = _fixed_once(replace(fixed, parts=parts), profile)
        before, text = text, render_subtitle_file(again)
        if text == before:
            break
        fixed = again
    return fixed


def _fixed_once(file: SubtitleFile, profile: Profile) -> SubtitleFile:
    fixed = _without_copies(file.with_cues(lambda cue: _tidied(cue, file.format)))
    fixed = _without_repeats(_without_copies(_in_order(fixed)))
    fixed = _with_ends(_with_ends(fixed, profile), profile)
    if file.format == "srt":
        numbers = count(1)
        fixed = fixed.with_cues(lambda cue: replace(cue, identifier=str(next(numbers))))
    newline = "\n" if file.mixed else file.newline
    return replace(with_header(fixed), newline=newline, mixed=False, controls=False, is_utf8=True)


def _tidied(cue: FileCue, format: FileFormat) -> FileCue | None:
    """A cue with its tags, its blank lines and the writing of its times put right, if it has text.

    Comments are kept without any.
    """
    tidied = tidy_cue(replace(cue, text=match_tags(cue.text, format).fixed), format)
    return tidied if tidied.text.strip() or cue.is_comment else None


def _in_order(file: SubtitleFile) -> SubtitleFile:
    """The file with no cue that ends before it starts, and the cues by their starts."""
    cues = _swapped([part for part in file.parts if isinstance(part, FileCue)])
    if file.format != "ass":  # there the order says which cue is drawn above
        cues.sort(key=lambda cue: cue.start_ms)
    ordered = iter(cues)
    return file.with_cues(lambda _: next(ordered))


def _swapped(cues: Sequence[FileCue]) -> list[FileCue]:
    """Cues that end before they start the other way round, where none of their neighbours is.

    Signs in the picture have no neighbours.
    """
    found = list(cues)
    for at, cue in enumerate(cues):
        if cue.end_ms >= cue.start_ms:
            continue
        before = found[at - 1].end_ms if at else 0
        after = cues[at + 1].start_ms if at + 1 < len(cues) else cue.start_ms
        if is_placed(cue) or (before <= cue.end_ms and cue.start_ms <= after):
            found[at] = replace(cue, start_ms=cue.end_ms, end_ms=cue.start_ms, times="")
    return found


def _without_copies(file: SubtitleFile) -> SubtitleFile:
    """The file without cues that differ in nothing from the one before."""
    if file.format == "ass":  # typesetters stack copies of a cue to draw its shadow
        return file
    last: tuple[object, ...] | None = None

    def if_new(cue: FileCue) -> FileCue | None:
        nonlocal last
        before, last = last, (cue.start_ms, cue.end_ms, cue.settings, cue.text)
        return None if last == before else cue

    return file.with_cues(if_new)


def _without_repeats(file: SubtitleFile) -> SubtitleFile:
    """Rolling captions with each line only where it is new."""
    if file.format == "ass" or not are_rolling(file.cues):
        return file
    kept = iter(unrolled(file.cues))
    return file.with_cues(lambda _: next(kept))


def _with_ends(file: SubtitleFile, profile: Profile) -> SubtitleFile:
    """Cues end where the next one at their position lets them."""
    least = round(profile.min_duration * 1000) or _LEAST
    ends = {
        cue.id: cue.start_ms + least
        for cue in file.cues
        if is_placed(cue) and cue.end_ms <= cue.start_ms and shown_text(cue, file.format).strip()
    }
    for shown in cues_by_position(file):
        for cue, after in zip(shown, [*shown[1:], None], strict=True):
            end = _end(cue, after, profile)
            if file.format == "ass":  # which counts hundredths of a second
                end = max(end // 10 * 10, min(end, cue.start_ms + 10))
            if end != cue.end_ms:
                ends[cue.cue.id] = end
    return file.with_cues(
        lambda cue: replace(cue, end_ms=ends[cue.id], times="") if cue.id in ends else cue
    )


def _end(cue: ShownCue, after: ShownCue | None, profile: Profile) -> int:
    """When a cue ends: with a duration, and before `after` at a distance where there is room."""
    least = round(profile.min_duration * 1000)
    gap = profile.clock.milliseconds(profile.gap_ticks)
    start, end = cue.start_ms, cue.end_ms
    if end <= start:
        end = start + (least or _LEAST)
    if after is None:
        return end
    if after.start_ms == start and cue.end_ms <= start:
        return start
    if end > after.start_ms - gap and after.start_ms > start:
        room = after.start_ms - gap - start
        fits = room >= min(least, end - start) and room > 0
        return start + room if fits else min(end, after.start_ms)
    return end
