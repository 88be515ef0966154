"""From segments to the words of each cue and the time at which it is shown."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from subalign.results import Segment
from subalign.subtitles.cue import CueWord
from subalign.subtitles.layout.break_costs import break_cost
from subalign.subtitles.layout.chunks import LaidWord, Unit, divide
from subalign.subtitles.layout.profiles import Profile
from subalign.subtitles.layout.segmenter import LaidCue, Material, divide_into_cues
from subalign.subtitles.layout.tags import balance_tags
from subalign.subtitles.layout.timing import FOREVER, Ticks, count_ticks, end_ticks, start_ticks
from subalign.subtitles.layout.width import measure
from subalign.subtitles.tags import plain_text

__all__ = ["ComposedCue", "compose", "compose_lines"]

_BATCH = 4096  # Units; a batch ends where a cue has to end.
_SHORT_GAP_MS = 250  # Between words a shorter one is not seen as a pause.


class ComposedCue(NamedTuple):
    """The words of a cue and its time in milliseconds; the words' times lie within it."""

    words: list[CueWord]
    start_ms: int
    end_ms: int


def compose(
    segments: Iterable[Segment],
    profile: Profile,
    language: str | None,
    duration: float | None = None,
) -> Iterator[ComposedCue]:
    """Lay words out by a profile, in order.

    `language` is Whisper's code; without it no line end is known to be a function word. `duration`
    is the recording's, in seconds.
    """
    ticks = count_ticks(profile, duration)
    cues = _composed(segments, profile, ticks, language or "")
    return balance_tags(cues)


def compose_lines(
    cues: Iterable[tuple[list[CueWord], int, int] | Segment],
    profile: Profile,
    duration: float | None = None,
) -> Iterator[ComposedCue]:
    """Cues of given words with the times of a profile: each lingers and leaves its gap.

    A segment is a cue of which nothing is said. `duration` is the recording's, in seconds.
    """
    ticks = count_ticks(profile, duration)
    parts = [_as_cue(cue) for cue in cues]
    if not parts:
        return
    sizes = np.array([measure(_text(part)) for part in parts], np.int64)
    starts = start_ticks([part.start_ms / 1000 for part in parts], ticks.per_second)
    word_ends = end_ticks([part.end_ms / 1000 for part in parts], starts, ticks.per_second)
    speeds = np.where(2 * sizes[:, 1] >= sizes[:, 0], profile.max_wide_cps, profile.max_cps)
    needed = ticks.needed(sizes[:, 2], speeds)
    ends = ticks.ends(starts, word_ends, np.append(starts[1:], FOREVER), needed)
    clock = profile.clock
    for part, start_tick, end_tick in zip(parts, starts.tolist(), ends.tolist(), strict=True):
        start, end = clock.milliseconds(start_tick), clock.milliseconds(end_tick)
        yield ComposedCue(_within(part.words, start, end), start, end)


def _as_cue(part: tuple[list[CueWord], int, int] | Segment) -> ComposedCue:
    if not isinstance(part, Segment):
        return ComposedCue(*part)
    start, end = round(part.start * 1000), round(part.end * 1000)
    text = part.text.strip()
    given = part.words is not None
    word = CueWord("" if given else text, start, start, text if given else "")
    return ComposedCue([word], start, end)


def _text(cue: ComposedCue) -> str:
    """What is seen of a cue; a line break counts as a space."""
    return plain_text("".join(word.written for word in cue.words)).strip().replace("\n", " ")


def _composed(
    segments: Iterable[Segment], profile: Profile, ticks: Ticks, language: str
) -> Iterator[ComposedCue]:
    line_width = max(profile.max_line_width, profile.max_wide_line_width)
    batch: list[Unit] = []
    earlier = 0  # the first tick that the next batch may start at
    for unit in divide(segments, line_width):
        if len(batch) >= _BATCH and _must_part(batch[-1], unit, profile):
            following = max(0, round(unit.first.start * ticks.per_second))
            material = _material(batch, profile, ticks, language, earlier, following)
            yield from _written(batch, divide_into_cues(material, profile, ticks), profile)
            earlier = int(material.starts[-1]) + 1
            batch = []
        batch.append(unit)
    if batch:
        material = _material(batch, profile, ticks, language, earlier, FOREVER)
        yield from _written(batch, divide_into_cues(material, profile, ticks), profile)


def _must_part(before: Unit, after: Unit, profile: Profile) -> bool:
    """Whether a cue has to end between two units: another speaker or place, or a long silence."""
    if after.first.joined:
        return False
    if after.first.turn == "speaker" or after.first.position != before.first.position:
        return True
    return after.first.start - before.words[-1].end > profile.linger + 1e-6


def _material(
    units: Sequence[Unit],
    profile: Profile,
    ticks: Ticks,
    language: str,
    earlier: int,
    following: int,
) -> Material:
    sizes = np.array([measure(unit.text) for unit in units], np.int64)
    firsts = [unit.first for unit in units]
    spaced = [first.spaced for first in firsts]
    texts = [unit.text for unit in units]
    costs = [0, *map(break_cost, texts, texts[1:], [language] * len(units), spaced[1:])]
    start_seconds = np.array([first.start for first in firsts])
    end_seconds = np.maximum.accumulate([unit.words[-1].end for unit in units])
    starts = np.maximum(start_ticks(start_seconds, ticks.per_second), 0)
    starts = np.maximum(starts, earlier + np.arange(starts.size))
    silences = np.append(0.0, start_seconds[1:] - end_seconds[:-1])
    turns = [first.turn for first in firsts]
    moved = [one.position != other.position for one, other in pairwise((firsts[0], *firsts))]
    joined = np.array([first.joined for first in firsts], bool)
    long_silence = (silences > profile.linger + 1e-6) & ~joined
    return Material(
        starts=starts,
        ends=end_ticks(end_seconds, starts, ticks.per_second),
        next_start=max(following, int(starts[-1]) + 1),
        columns=sizes[:, 0],
        wide=sizes[:, 1],
        characters=sizes[:, 2],
        words=np.array([len(unit.text.split()) for unit in units], np.int64),
        spaces=np.array(spaced, np.int64),
        costs=np.array(costs, np.int64),
        pauses=np.clip(np.rint(silences * 1000), 0, 1 << 30).astype(np.int64),
        new_cue=long_silence | np.array([turn == "speaker" for turn in turns]) | np.array(moved),
        new_line=np.array([turn == "dash" for turn in turns]),
        dashed=np.array([turn == "dash" for turn in turns]),
        joined=joined,
    )


def _written(
    units: Sequence[Unit], cues: Iterable[LaidCue], profile: Profile
) -> Iterator[ComposedCue]:
    clock = profile.clock
    for cue in cues:
        start, end = clock.milliseconds(cue.start_tick), clock.milliseconds(cue.end_tick)
        words: list[CueWord] = []
        for index in range(cue.lines[0], cue.end):
            separator = "\n" if index in cue.lines else None
            for word in units[index].words:
                space = " " if word.spaced else ""
                words.append(_cue_word(word, space if separator is None else separator, profile))
                separator = None
        words[0] = _opening(words[0], units[cue.lines[0]].first.position)
        yield ComposedCue(_within(words, start, end), start, end)


def _cue_word(word: LaidWord, separator: str, profile: Profile) -> CueWord:
    before, text = word.before, word.text
    if before:
        before = separator + before
    else:
        text = separator + text
    if profile.fps is None:
        start, end = round(word.start * 1000), round(word.end * 1000)
    else:
        clock = profile.clock
        start, end = (clock.milliseconds(clock.nearest(time)) for time in (word.start, word.end))
    return CueWord(text, start, end if word.timed and word.text else start, before, word.after)


def _opening(word: CueWord, position: str) -> CueWord:
    """The first word of a cue without the line break before it, behind the tag of its position."""
    if not word.before:
        word = word._replace(text=word.text.removeprefix("\n"))
    return word._replace(before=position + word.before.removeprefix("\n"))


def _within(words: list[CueWord], start: int, end: int) -> list[CueWord]:
    """Words whose times lie within the cue, rise, and leave no gap too short to see."""
    placed: list[CueWord] = []
    for index, word in enumerate(words):
        following = words[index + 1].start_ms if index + 1 < len(words) else end
        first = min(max(word.start_ms, start), end)
        last = min(max(word.end_ms, first), end)
        if last > first and 0 < following - last < _SHORT_GAP_MS:
            last = min(following, end)
        moved = (first, last) != (word.start_ms, word.end_ms)
        placed.append(word._replace(start_ms=first, end_ms=last) if moved else word)
        start = last
    return placed
