"""Where lines and cues are broken: a dynamic programme over penalties chooses the breaks.

Every segmentation into lines and cues that the profile allows is worth the sum of what its breaks,
lines and cues cost; the cheapest is taken. A limit that must be broken costs more than anything
that is a matter of taste. The costs of all lines and all cues that fit are computed for all places
at once, span by span, so the work grows with the number of words times the square of the words in a
cue.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from subalign.subtitles.layout.break_costs import SENTENCE
from subalign.subtitles.layout.profiles import Profile
from subalign.subtitles.layout.timing import Numbers, Ticks
from subalign.subtitles.layout.width import is_mostly_wide

__all__ = ["LIMITS", "LayoutCosts", "LayoutInput", "SegmentedCue", "choose_breaks"]

_BREACH = 10_000_000  # A broken limit outweighs all taste in a cue, and in thousands of cues.
_NEVER = 1 << 50  # No such line or cue.
_WIDEST = 1000  # Columns; wider text costs no more.

LIMITS = {"breach": _BREACH, "never": _NEVER, "widest": _WIDEST}
"""What the page's script has to know to wrap a cue (`page/wrapping.js`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutCosts:
    """What lines and cues cost, on the scale of `break_costs`; chosen on cases, not measured."""

    # every cue: the eye has to move; a break between cues costs so many times that between lines
    cue: int = 330
    cue_break: int = 3
    # a sentence that ends within a line, or with a line that is not its cue's last
    sentence_inside: int = 350
    sentence_at_line: int = 150
    # milliseconds: a longer pause within a cue costs a point for every `pause_ms`; a pause so long
    # halves the cost of the break between cues
    free_pause_ms: int = 250
    pause_ms: int = 2
    halving_pause_ms: int = 300
    # milliseconds: a shorter cue costs a point for every `lacking_ms`
    brief_ms: int = 1500
    lacking_ms: int = 3
    # a line costs its squared width over this; the least possible is taken off again
    balance: int = 2
    # numerator and denominator: lines above the last cost so much more, as the last should be long
    upper: tuple[int, int] = (5, 4)
    # so many broken limits more for a cue of no duration than for one nearly long enough
    lacking: int = 4


_COSTS = LayoutCosts()


@dataclass(frozen=True, slots=True)
class LayoutInput:
    """Chunks in order, one entry each; a "break" is that before the chunk.

    `starts` and `ends` are ticks; `earliest` is where the first cue may begin at the earliest, and
    `next_start` where the next batch begins. `columns`, `wide`
    and `characters` are sizes of the text without the space before it, of which `spaces` tells (0
    or 1). `costs` are those of line breaks, `pauses` the silences in ms. `new_cue` marks breaks
    that must be between cues, `dashed` those before a dash: between lines at least, and within a
    cue that opens with a dash itself; `joined` those that must not be between cues.
    """

    starts: Numbers
    ends: Numbers
    earliest: int
    next_start: int
    columns: Numbers
    wide: Numbers
    characters: Numbers
    words: Numbers
    spaces: Numbers
    costs: Numbers
    pauses: Numbers
    new_cue: NDArray[np.bool_]
    dashed: NDArray[np.bool_]
    joined: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SegmentedCue:
    """Chunks `lines[0]` to `end`, with a line from each number in `lines` on; times in ticks."""

    lines: tuple[int, ...]
    end: int
    start_tick: int
    end_tick: int


def choose_breaks(given: LayoutInput, profile: Profile, ticks: Ticks) -> list[SegmentedCue]:
    """The cheapest lines and cues of some chunks, in order."""
    return _Segmenter(given, profile, ticks).cues()


class _Segmenter:
    """Costs by span: entry `d - 1` of a list holds, for each first chunk, that of `d` chunks."""

    def __init__(self, given: LayoutInput, profile: Profile, ticks: Ticks) -> None:
        self._given = given
        self._profile = profile
        self._ticks = ticks
        self._count = given.starts.size
        self._columns = _running(given.columns + given.spaces)
        self._wide = _running(given.wide)
        self._characters = _running(given.characters + given.spaces)
        self._words = _running(given.words)
        self._new_cues = _running(given.new_cue)
        self._new_lines = _running(given.new_cue | given.dashed)
        sentences = given.costs == SENTENCE
        pauses = np.maximum(given.pauses - _COSTS.free_pause_ms, 0) // _COSTS.pause_ms
        self._inside = _running(sentences * _COSTS.sentence_inside + pauses)
        line_breaks = given.costs - sentences * (_COSTS.sentence_inside - _COSTS.sentence_at_line)
        self._line_breaks = np.append(line_breaks, 0)
        eased = _COSTS.cue_break * given.costs * _COSTS.halving_pause_ms
        eased = eased // (_COSTS.halving_pause_ms + given.pauses) + given.joined * 5 * _BREACH
        self._cue_breaks = np.append(np.where(given.new_cue, 0, eased), 0)
        self._next_starts = np.append(given.starts, given.next_start)
        self._last_lines = self._lines()
        self._upper_lines = [
            np.minimum(cost * _COSTS.upper[0] // _COSTS.upper[1], _NEVER)
            for cost in self._last_lines
        ]

    def cues(self) -> list[SegmentedCue]:
        """The cheapest segmentation."""
        costs = [
            np.minimum(self._cues(span) + lines, _NEVER)
            for span, lines in enumerate(self._line_costs(), start=1)
        ]
        spans = _cheapest(costs, self._count)
        firsts, lasts = np.array(spans, np.int64).T
        columns = self._columns[lasts] - self._columns[firsts] - self._given.spaces[firsts]
        characters = self._characters[lasts] - self._characters[firsts]
        needed = self._needed(
            *(columns, self._wide[lasts] - self._wide[firsts]),
            characters - self._given.spaces[firsts],
        )
        starts, ends = self._ticks.times(
            *(self._given.starts[firsts], self._given.ends[lasts - 1], needed),
            earliest=self._given.earliest,
            next_start=self._given.next_start,
        )
        return [
            SegmentedCue(self._line_starts(*span), span[1], start, end)
            for span, start, end in zip(spans, starts.tolist(), ends.tolist(), strict=True)
        ]

    def _needed(self, columns: Numbers, wide: Numbers, characters: Numbers) -> Numbers:
        """The ticks in which cues of such sizes are read."""
        profile = self._profile
        mostly_wide = is_mostly_wide(columns, wide)
        speeds = np.where(mostly_wide, profile.max_wide_cps, profile.max_cps)
        return self._ticks.needed(characters, speeds)

    def _over(self, span: int, sums: Numbers) -> Numbers:
        """The sum over `span` chunks, from each first chunk."""
        return sums[span:] - sums[:-span]

    def _breaks_inside(self, span: int, sums: Numbers) -> Numbers:
        """The sum over the breaks between `span` chunks, without the one before them."""
        return sums[span:] - sums[1 : sums.size - span + 1]

    def _width(self, span: int) -> Numbers:
        """Columns without the space at either end."""
        return self._over(span, self._columns) - self._given.spaces[: self._count - span + 1]

    def _lines(self) -> list[Numbers]:
        """What lines cost: the square of their width, `_NEVER` where they are too wide."""
        profile, found = self._profile, []
        widest = max(profile.max_line_width, profile.max_wide_line_width)
        for span in range(1, self._count + 1):
            columns = self._width(span)
            mostly_wide = is_mostly_wide(columns, self._over(span, self._wide))
            over = columns > np.where(
                mostly_wide, profile.max_wide_line_width, profile.max_line_width
            )
            over |= self._over(span, self._words) > profile.max_words_per_line
            cost = np.minimum(columns, _WIDEST) ** 2 // _COSTS.balance
            if span == 1:
                cost = cost + over * _BREACH
            else:
                if (columns > widest).all():
                    break
                over |= self._breaks_inside(span, self._new_lines) > 0
                cost = np.where(over, _NEVER, cost)
            found.append(cost)
        return found

    def _line_costs(self) -> Iterator[Numbers]:
        """What the best segmentation of each span into lines costs, by span."""
        most, longest = self._profile.max_line_count, len(self._last_lines)
        # cues[l][d - 1]: d chunks as l + 1 lines, each with a line below it
        above: list[list[Numbers]] = [[] for _ in range(most - 1)]
        for span in range(1, min(most * longest, self._count) + 1):
            breaks = self._line_breaks[span:]
            total = np.minimum(self._width(span), _WIDEST)
            best = np.full(total.size, _NEVER)
            if span <= longest:
                best = self._last_lines[span - 1] - total * total // _COSTS.balance
                if above:
                    above[0].append(self._upper_lines[span - 1] + breaks)
            for count in range(2, most + 1):
                last = self._with_line(above[count - 2], span, self._last_lines)
                best = np.minimum(
                    best, np.maximum(last - total * total // (_COSTS.balance * count), 0)
                )
                if count < most:
                    upper = self._with_line(above[count - 2], span, self._upper_lines)
                    above[count - 1].append(upper + breaks)
            yield np.minimum(best, _NEVER)

    def _with_line(self, above: list[Numbers], span: int, lines: list[Numbers]) -> Numbers:
        """The cheapest way to end `span` chunks with one more line."""
        size = self._count - span + 1
        best = np.full(size, _NEVER)
        for length in range(max(1, span - len(above)), min(span - 1, len(lines)) + 1):
            rest = span - length
            np.minimum(best, above[rest - 1][:size] + lines[length - 1][rest:], out=best)
        return best

    def _cues(self, span: int) -> Numbers:
        """What cues cost beside their lines."""
        given, ticks = self._given, self._ticks
        size = self._count - span + 1
        starts, next_starts = given.starts[:size], self._next_starts[span:]
        word_ends = given.ends[span - 1 :]
        characters = self._over(span, self._characters) - given.spaces[:size]
        needed = self._needed(self._width(span), self._over(span, self._wide), characters)
        ends = ticks.ends(starts, word_ends, next_starts, needed)
        durations = ends - starts
        milliseconds = durations * 1000 // int(ticks.per_second)
        breaches = _shortfall(durations, np.full(size, ticks.min_duration))
        breaches += _shortfall(durations, needed) + (ends > next_starts - ticks.gap) * _BREACH
        cost: Numbers = (
            _COSTS.cue
            + self._cue_breaks[span:]
            + self._breaks_inside(span, self._inside)
            + np.maximum(_COSTS.brief_ms - milliseconds, 0) // _COSTS.lacking_ms
            + breaches
        )
        if span > 1:
            spoken = np.minimum(word_ends, next_starts - ticks.gap) - starts
            never = spoken > ticks.max_duration
            never |= self._breaks_inside(span, self._new_cues) > 0
            new_lines = self._breaks_inside(span, self._new_lines) > 0
            never |= new_lines & ~given.dashed[:size]
            cost = np.where(never, _NEVER, cost)
        return cost

    def _line_starts(self, first: int, end: int) -> tuple[int, ...]:
        """Where the lines of one cue begin, so that they cost what `_line_costs` found."""
        total = min(self._cue_width(first, end), _WIDEST)
        found: tuple[int, tuple[int, ...]] = (2 * _NEVER, (first,))
        for count in range(1, self._profile.max_line_count + 1):
            cost, starts = self._best_lines(first, end, count, self._last_lines)
            cost = max(cost - total * total // (_COSTS.balance * count), 0)
            if cost < found[0]:
                found = cost, starts
        return found[1]

    def _best_lines(
        self, first: int, end: int, count: int, lines: list[Numbers]
    ) -> tuple[int, tuple[int, ...]]:
        """The cheapest segmentation into `count` lines and where they begin."""
        if count == 1:
            fits = end - first <= len(lines)
            return (int(lines[end - first - 1][first]) if fits else _NEVER), (first,)
        found: tuple[int, tuple[int, ...]] = (_NEVER, (first,))
        for start in range(max(first + 1, end - len(lines)), end):
            cost = int(lines[end - start - 1][start]) + int(self._line_breaks[start])
            if cost < found[0]:
                rest, starts = self._best_lines(first, start, count - 1, self._upper_lines)
                if cost + rest < found[0]:
                    found = cost + rest, (*starts, start)
        return found

    def _cue_width(self, first: int, end: int) -> int:
        spaces = int(self._given.spaces[first])
        return int(self._columns[end] - self._columns[first]) - spaces


def _shortfall(durations: Numbers, needed: Numbers) -> Numbers:
    """The price of cues shorter than they have to be: the more they lack, the higher."""
    lacking = np.maximum(needed - durations, 0)
    share = lacking * _BREACH // np.maximum(needed, 1)
    return np.where(lacking > 0, _BREACH + _COSTS.lacking * share, 0)


def _running(values: NDArray[Any]) -> Numbers:
    """Sums of the values before each place, and of all."""
    sums = np.zeros(values.size + 1, np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


def _cheapest(costs: Sequence[Numbers], count: int) -> list[tuple[int, int]]:
    """The first chunk and the end of every cue, so that their costs sum to the least."""
    longest = len(costs)
    # by end: a row holds the costs of the cues that end there, longest first
    rows = np.full((count, longest), _NEVER)
    for span, cost in enumerate(costs, start=1):
        rows[span - 1 :, longest - span] = cost
    best = [_NEVER * count] * longest
    best[-1] = 0  # nothing costs nothing
    spans: list[int] = []
    for end, row in enumerate(rows.tolist()):
        sums = list(map(add, best[end : end + longest], row))
        least = min(sums)
        best.append(least)
        spans.append(longest - sums.index(least))
    found: list[tuple[int, int]] = []
    end = count
    while end:
        found.append((end - spans[end - 1], end))
        end -= spans[end - 1]
    return found[::-1]
