"""Layout by a profile: chunks of words are measured, broken into cues, and timed.

`chunks` says what no line break may part, `break_costs` what a break between two chunks costs,
`segmenter` chooses the breaks, and `timing` says how long a cue stays.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from subalign.results import Segment
from subalign.subtitles.cue import Cue, CueWord
from subalign.subtitles.layout.break_costs import break_cost
from subalign.subtitles.layout.chunks import Chunk, ChunkWord, split_into_chunks
from subalign.subtitles.layout.profiles import Profile
from subalign.subtitles.layout.segmenter import LayoutInput, SegmentedCue, choose_breaks
from subalign.subtitles.layout.timing import FOREVER, Ticks, count_ticks, end_ticks, start_ticks
from subalign.subtitles.layout.width import is_mostly_wide, measure
from subalign.subtitles.tags import Run, Tag, plain_text, split_tags

__all__ = ["lay_out_by_profile", "time_by_profile"]

_BATCH = 4096  # chunks; a batch ends where a cue has to end
_SHORT_GAP_MS = 250  # between words; a shorter one is not seen as a pause


def lay_out_by_profile(
    segments: Iterable[Segment],
    profile: Profile,
    language: str | None = None,
    duration: float | None = None,
) -> Iterator[Cue]:
    """Lay words out by a profile, in order; their times lie within their cues.

    `language` is Whisper's code; without it no line end is known to be a function word. `duration`
    is the recording's, in seconds.
    """
    ticks = count_ticks(profile, duration)
    return _balanced(_segmented(segments, profile, ticks, language or ""))


def time_by_profile(
    cues: Iterable[Cue], profile: Profile, duration: float | None = None
) -> Iterator[Cue]:
    """The same cues with the times of a profile: each lingers and leaves its gap.

    `duration` is the recording's, in seconds.
    """
    ticks = count_ticks(profile, duration)
    given = list(cues)
    if not given:
        return
    texts = [plain_text("".join(word.shown for word in cue.words)) for cue in given]
    sizes = np.array([measure(text.strip().replace("\n", " ")) for text in texts], np.int64)
    starts = start_ticks([cue.start_ms / 1000 for cue in given], ticks.per_second)
    word_ends = end_ticks([cue.end_ms / 1000 for cue in given], starts, ticks.per_second)
    speeds = np.where(
        is_mostly_wide(sizes[:, 0], sizes[:, 1]), profile.max_wide_cps, profile.max_cps
    )
    needed = ticks.needed(sizes[:, 2], speeds)
    starts, ends = ticks.times(starts, word_ends, needed)
    clock = profile.clock
    for cue, start_tick, end_tick in zip(given, starts.tolist(), ends.tolist(), strict=True):
        start, end = clock.milliseconds(start_tick), clock.milliseconds(end_tick)
        words = _within(cue.words, start, end)
        yield replace(cue, start_ms=start, end_ms=end, words=words)


def _segmented(
    segments: Iterable[Segment], profile: Profile, ticks: Ticks, language: str
) -> Iterator[Cue]:
    """The cues of all segments, batch by batch."""
    line_width = max(profile.max_line_width, profile.max_wide_line_width)
    batch: list[Chunk] = []
    earlier = 0  # the first tick that the next batch may start at
    for chunk in split_into_chunks(segments, line_width):
        if len(batch) >= _BATCH and _must_part(batch[-1], chunk, profile):
            following = max(0, round(chunk.first.start * ticks.per_second))
            given = _layout_input(batch, profile, ticks, language, earlier, following)
            yield from _cues(batch, choose_breaks(given, profile, ticks), profile)
            earlier = int(given.starts[-1]) + 1
            batch = []
        batch.append(chunk)
    if batch:
        given = _layout_input(batch, profile, ticks, language, earlier, FOREVER)
        yield from _cues(batch, choose_breaks(given, profile, ticks), profile)


def _must_part(before: Chunk, after: Chunk, profile: Profile) -> bool:
    """Whether a cue has to end between two chunks: another speaker or place, or a long silence."""
    if after.first.joined:
        return False
    if after.first.turn == "speaker" or after.first.position != before.first.position:
        return True
    return after.first.start - before.words[-1].end > profile.linger + 1e-6


def _layout_input(
    chunks: Sequence[Chunk],
    profile: Profile,
    ticks: Ticks,
    language: str,
    earlier: int,
    following: int,
) -> LayoutInput:
    sizes = np.array([measure(chunk.text) for chunk in chunks], np.int64)
    firsts = [chunk.first for chunk in chunks]
    spaced = [first.spaced for first in firsts]
    texts = [chunk.text for chunk in chunks]
    costs = [0, *map(break_cost, texts, texts[1:], [language] * len(chunks), spaced[1:])]
    start_seconds = np.array([first.start for first in firsts])
    end_seconds = np.maximum.accumulate([chunk.words[-1].end for chunk in chunks])
    starts = np.maximum(start_ticks(start_seconds, ticks.per_second), 0)
    starts = np.maximum(starts, earlier + np.arange(starts.size))
    silences = np.append(0.0, start_seconds[1:] - end_seconds[:-1])
    speaker = np.array([first.turn == "speaker" for first in firsts])
    moved = [one.position != other.position for one, other in pairwise((firsts[0], *firsts))]
    joined = np.array([first.joined for first in firsts], bool)
    long_silence = (silences > profile.linger + 1e-6) & ~joined
    return LayoutInput(
        starts=starts,
        ends=end_ticks(end_seconds, starts, ticks.per_second),
        # the cues before a later batch stay until its first word
        earliest=int(starts[0]) if earlier else 0,
        next_start=max(following, int(starts[-1]) + 1),
        columns=sizes[:, 0],
        wide=sizes[:, 1],
        characters=sizes[:, 2],
        words=np.array([len(text.split()) for text in texts], np.int64),
        spaces=np.array(spaced, np.int64),
        costs=np.array(costs, np.int64),
        pauses=np.clip(np.rint(silences * 1000), 0, 1 << 30).astype(np.int64),
        new_cue=long_silence | speaker | np.array(moved),
        dashed=np.array([first.turn == "dash" for first in firsts]),
        joined=joined,
    )


def _cues(
    chunks: Sequence[Chunk], segmented: Iterable[SegmentedCue], profile: Profile
) -> Iterator[Cue]:
    clock = profile.clock
    for cue in segmented:
        start, end = clock.milliseconds(cue.start_tick), clock.milliseconds(cue.end_tick)
        words: list[CueWord] = []
        for index in range(cue.lines[0], cue.end):
            starts_line = index in cue.lines
            for word in chunks[index].words:
                space = "\n" if starts_line else " " if word.spaced else ""
                words.append(_cue_word(word, space if words else "", profile))
                starts_line = False
        position = chunks[cue.lines[0]].first.position
        words[0] = words[0]._replace(before=split_tags(position) + words[0].before)
        timed = any(word.end_ms > word.start_ms for word in words)
        yield Cue(start, end, _within(words, start, end), timed)


def _cue_word(word: ChunkWord, space: str, profile: Profile) -> CueWord:
    """The word behind its space or line break, which goes before what stands beside it."""
    before, text = word.before, word.text
    if before:
        before = space + before
    else:
        text = space + text
    if profile.fps is None:
        start, end = round(word.start * 1000), round(word.end * 1000)
    else:
        clock = profile.clock
        start, end = (clock.milliseconds(clock.nearest(time)) for time in (word.start, word.end))
    if not (word.timed and word.text):
        end = start
    beside = split_tags(before), split_tags(word.after)
    return CueWord(text, start, end, *beside, word.source, word.speaker)


def _within(words: Sequence[CueWord], start: int, end: int) -> tuple[CueWord, ...]:
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
    return tuple(placed)


def _balanced(cues: Iterable[Cue]) -> Iterator[Cue]:
    """Close in each cue the spans that it leaves open, and open them again in the next.

    A closing tag without its opening one is taken out.
    """
    opened: list[Tag] = []
    for cue in cues:
        if not opened and not any(word.before or word.after for word in cue.words):
            yield cue
            continue
        reopened = tuple(opened)
        words = [
            word._replace(
                before=_followed(word.before, opened), after=_followed(word.after, opened)
            )
            if word.before or word.after
            else word
            for word in cue.words
        ]
        closing = (Tag(f"</{tag.name}>", tag.name, closing=True) for tag in reversed(opened))
        words[0] = words[0]._replace(before=reopened + words[0].before)
        words[-1] = words[-1]._replace(after=(*words[-1].after, *closing))
        yield replace(cue, words=tuple(words))


def _followed(runs: Sequence[Run], opened: list[Tag]) -> tuple[Run, ...]:
    """Runs without tags that close nothing; `opened` becomes what they leave open."""
    return tuple(run for run in runs if isinstance(run, str) or _follow(run, opened))


def _follow(tag: Tag, opened: list[Tag]) -> bool:
    if not tag.is_span:
        return True
    if not tag.closing:
        opened.append(tag)
        return True
    for index in range(len(opened) - 1, -1, -1):
        if opened[index].name == tag.name:
            del opened[index]
            return True
    return False
