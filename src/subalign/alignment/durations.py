"""Corrections of words that attention makes too long: at sentence ends, and beside pauses.

Attention has nothing to follow in a pause, so the word before or after it takes the pause in. The
rules and their limits are openai-whisper's, so that ordinary recordings get the same times.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from subalign.alignment.words import WordTiming
from subalign.results import Segment, Word

__all__ = ["SpeechRate", "cap_sentence_ends", "fit_segment"]

SENTENCE_END_MARKS = frozenset(".。!！?？")

# the median is no guide above this (seconds): few words, or very slow ones
LONGEST_MEDIAN = 0.7

# how far (seconds) a word may reach over its segment's bounds before the bounds are believed
BOUND_TOLERANCE = 0.5


@dataclass(frozen=True, slots=True)
class SpeechRate:
    """How long words take in a window: the median in seconds, and the limit drawn from it."""

    median: float

    @property
    def longest(self) -> float:
        """Words beside a pause or a sentence's end are not believed to take longer."""
        return 2 * self.median

    @classmethod
    def of(cls, words: Sequence[WordTiming]) -> "SpeechRate":
        """The rate of these words; those without any length do not count."""
        durations = [word.duration for word in words if word.duration]
        return cls(min(LONGEST_MEDIAN, float(np.median(durations))) if durations else 0.0)


def cap_sentence_ends(words: Sequence[WordTiming], rate: SpeechRate) -> list[WordTiming]:
    """Shorten closing marks from their end, and words after closing marks from their start.

    Wants words before their punctuation is merged.
    """
    capped = (_cap(previous, timing, rate.longest) for previous, timing in pairwise(words))
    return [*words[:1], *capped]


def _cap(previous: WordTiming, timing: WordTiming, longest: float) -> WordTiming:
    if timing.duration <= longest:
        return timing
    if timing.word in SENTENCE_END_MARKS:
        return replace(timing, end=timing.start + longest)
    if previous.word in SENTENCE_END_MARKS:
        return replace(timing, start=timing.end - longest)
    return timing


def fit_segment(
    segment: Segment, words: Sequence[Word], rate: SpeechRate, last_speech_end: float
) -> Segment:
    """Give a segment its words, and make its bounds and theirs agree.

    `last_speech_end` is when the words before this segment ended, in seconds like all times here.
    """
    if not words:
        return replace(segment, words=())
    timed = _shorten_after_pause(words, rate, last_speech_end)
    segment, timed = _agree_on_start(segment, timed, rate)
    segment, timed = _agree_on_end(segment, timed, rate)
    return replace(segment, words=tuple(timed))


def _shorten_after_pause(
    words: Sequence[Word], rate: SpeechRate, last_speech_end: float
) -> list[Word]:
    """Limit the first word after a pause, and the second if it is long too."""
    first, rest = words[0], list(words[1:])
    after_pause = first.end - last_speech_end > 4 * rate.median
    first_is_long = first.end - first.start > rate.longest
    two_are_long = bool(rest) and rest[0].end - first.start > 2 * rate.longest
    if not (after_pause and (first_is_long or two_are_long)):
        return [first, *rest]
    if rest and rest[0].end - rest[0].start > rate.longest:
        # half the time since the recording's start: the first word keeps some of it
        boundary = max(rest[0].end / 2, rest[0].end - rate.longest)
        first = replace(first, end=boundary)
        rest[0] = replace(rest[0], start=boundary)
    return [replace(first, start=max(0.0, first.end - rate.longest)), *rest]


def _agree_on_start(
    segment: Segment, words: list[Word], rate: SpeechRate
) -> tuple[Segment, list[Word]]:
    """Believe the segment where its first word starts far before it, else the word."""
    first = words[0]
    if segment.start < first.end and segment.start - BOUND_TOLERANCE > first.start:
        start = max(0.0, min(first.end - rate.median, segment.start))
        return segment, [replace(first, start=start), *words[1:]]
    return replace(segment, start=first.start), words


def _agree_on_end(
    segment: Segment, words: list[Word], rate: SpeechRate
) -> tuple[Segment, list[Word]]:
    """Believe the segment where its last word ends far after it, else the word."""
    last = words[-1]
    if segment.end > last.start and segment.end + BOUND_TOLERANCE < last.end:
        end = max(last.start + rate.median, segment.end)
        return segment, [*words[:-1], replace(last, end=end)]
    return replace(segment, end=last.end), words
