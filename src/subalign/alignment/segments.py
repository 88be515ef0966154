"""The segments of a transcribed window, the words that are timed in them, and their order.

What every word's time fulfils, whatever found it, is order, no overlap, and a least duration.
`keep_order` is for the words of a window or recording that nearly fulfil it: it changes as little
as it can. `make_room` is for a whole transcript, in which many words in a row may have no length at
all: pauses and neighbours give way to them.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.words import WordTiming, WordTokens, words_with_punctuation
from subalign.mel import FRAMES_PER_SECOND
from subalign.options import AlignmentOptions
from subalign.results import Segment, Word
from subalign.tokenizer import Tokenizer

__all__ = [
    "DurationConstraints",
    "TimeWords",
    "keep_order",
    "keep_order_in_window",
    "make_room",
    "text_tokens",
    "timed_segments",
    "with_words",
    "words_by_segment",
    "words_in_recording",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationConstraints:
    """How long words last; chosen, not measured: a position of the encoder is 20 ms."""

    # seconds that a word lasts at least, and what rounding times to milliseconds may take of it
    least: float = 0.02
    rounding: float = 0.001
    # share of `least` that a word keeps of its own time, or it is estimated
    own_share: float = 0.5
    # share of its length that a word keeps beside words without room, where there is a way
    kept_share: float = 0.5


def keep_order(
    words: Sequence[Word],
    first: float,
    last: float,
    constraints: DurationConstraints = DurationConstraints(),
) -> list[Word]:
    """The same words, each of the least duration or more, in order and without overlap.

    All lie between `first` and `last` (seconds), in whole milliseconds; what fulfils this already
    is left as it is. A word that had no time of its own, or cannot keep any of it, takes it from
    its neighbours and becomes `estimated`. Where the words cannot all have their least duration,
    they share the time evenly.
    """
    least = constraints.least
    room = round(last - first, 3)
    if room < least * len(words):
        step = max(0.0, room) / max(1, len(words))
        return [
            replace(word, start=first + step * n, end=first + step * (n + 1), estimated=True)
            for n, word in enumerate(words)
        ]
    spans: list[tuple[float, float]] = []
    free = first
    for word in words:
        start = max(word.start, free)
        free = max(word.end, start + least)
        spans.append((start, free))
    free = last
    for n in range(len(spans) - 1, -1, -1):
        start, end = spans[n]
        end = min(end, free)
        free = max(first, min(start, end - least))
        spans[n] = free, end
    return [_moved(word, *span, constraints) for word, span in zip(words, spans, strict=True)]


def _moved(word: Word, start: float, end: float, constraints: DurationConstraints) -> Word:
    kept = min(end, word.end) - max(start, word.start)
    return replace(
        word,
        start=round(start, 3),
        end=round(end, 3),
        estimated=word.estimated or kept < constraints.own_share * constraints.least,
    )


def make_room(
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    duration: float,
    constraints: DurationConstraints = DurationConstraints(),
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (words,) in which every word lasts long enough, in order and without overlap.

    That is the least duration and what rounding takes. The words must be in order already and not
    overlap, but may have no length. Around words that are too short, pauses and neighbours give
    way: as few of them as will do, and no word keeps less than `kept_share` of its length. What has
    no short word near stays as it is. All words end up between 0 and `duration` seconds, which they
    share evenly where there is no room for more.
    """
    n, least = starts.size, constraints.least + constraints.rounding
    if n * least >= duration:
        edges = np.linspace(0.0, max(duration, 0.0), n + 1)
        return edges[:-1], edges[1:]
    starts, ends = np.clip(starts, 0.0, duration), np.clip(ends, 0.0, duration)
    needs = np.maximum(least, constraints.kept_share * (ends - starts))
    if needs.sum() >= duration:
        needs = np.full(n, least)
    index = 0
    while index < n:
        if ends[index] - starts[index] >= least:
            index += 1
            continue
        first, last, begin, end = _region(index, starts, ends, needs, duration)
        _share(starts, ends, needs, first, last, begin, end)
        index = last
    return starts, ends


def _region(
    index: int,
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    needs: NDArray[np.float64],
    duration: float,
) -> tuple[int, int, float, float]:
    """Words `first` to before `last` around `index` that fit between `begin` and `end`."""
    n = starts.size
    first, last = index, index + 1
    needed = float(needs[index])
    while True:
        begin = float(ends[first - 1]) if first else 0.0
        end = float(starts[last]) if last < n else duration
        if end - begin >= needed:
            return first, last, begin, end
        # the side whose words are nearer gives way first
        left = starts[index] - ends[first - 1] if first else np.inf
        right = starts[last] - ends[index] if last < n else np.inf
        if left <= right:
            first -= 1
            needed += float(needs[first])
        else:
            needed += float(needs[last])
            last += 1


def _share(
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    needs: NDArray[np.float64],
    first: int,
    last: int,
    begin: float,
    end: float,
) -> None:
    """Give each of the words what it needs, and the rest to words and pauses by their length."""
    words = slice(first, last)
    pauses = starts[words] - np.concatenate([[begin], ends[words][:-1]])
    spare = ends[words] - starts[words] - needs[words]
    # (words, pause before and word)
    lengths = np.maximum(np.stack([pauses, spare], axis=1), 0.0)
    total = float(lengths.sum()) + max(0.0, end - float(ends[last - 1]))
    rest = end - begin - float(needs[words].sum())
    if total > 0:
        lengths *= rest / total
    else:
        lengths[:, 1] = rest / (last - first)
    lengths[:, 1] += needs[words]
    edges = begin + np.cumsum(lengths)
    starts[words] = edges[::2]
    ends[words] = np.minimum(edges[1::2], end)


TimeWords = Callable[[Sequence[WordTokens]], list[WordTiming]]
"""Times the given words of one window: one timing a word, seconds from the window's start."""


def timed_segments(
    segments: Sequence[Segment],
    tokenizer: Tokenizer,
    time_words: TimeWords,
    options: AlignmentOptions,
) -> list[Segment]:
    """The segments of one window with words, from the first word's start to the last word's end."""
    texts = [text_tokens(segment, tokenizer) for segment in segments]
    words = words_with_punctuation(
        tokenizer,
        [token for text in texts for token in text],
        options.prepend_punctuations,
        options.append_punctuations,
    )
    own_words = words_by_segment(time_words(words), [len(text) for text in texts])
    return [
        with_words(segment, words_in_recording(timings, segment))
        for segment, timings in zip(segments, own_words, strict=True)
    ]


def text_tokens(segment: Segment, tokenizer: Tokenizer) -> list[int]:
    """The segment's tokens without timestamps and other special ones."""
    return [token for token in segment.tokens if token < tokenizer.eot]


def words_by_segment(
    words: Sequence[WordTiming], token_counts: Sequence[int]
) -> list[list[WordTiming]]:
    """Deal the words of a window to its segments, which have so many text tokens each.

    A word belongs to the segment of its first token. openai-whisper counts the tokens of each
    segment's words anew instead, so that one word across a border shifts words from all
    following segments into those before.
    """
    ends = list(accumulate(token_counts))
    dealt: list[list[WordTiming]] = [[] for _ in token_counts]
    first_tokens = accumulate((len(timing.tokens) for timing in words), initial=0)
    for timing, first_token in zip(words, first_tokens, strict=False):
        dealt[bisect_right(ends, first_token)].append(timing)
    return dealt


def words_in_recording(
    timings: Sequence[WordTiming], segment: Segment, *, decimals: int = 3
) -> list[Word]:
    """Words whose times count from the recording's start, with so many decimals of a second."""
    offset = segment.seek / FRAMES_PER_SECOND
    return [
        Word(
            text=timing.word,
            start=round(offset + timing.start, decimals),
            end=round(offset + timing.end, decimals),
            probability=timing.probability,
            estimated=timing.estimated,
        )
        for timing in timings
        if timing.word
    ]


def with_words(segment: Segment, words: Sequence[Word]) -> Segment:
    """The segment with these words, from the start of the first to the end of the last."""
    if not words:
        return replace(segment, words=())
    return replace(segment, words=tuple(words), start=words[0].start, end=words[-1].end)


def keep_order_in_window(
    segments: Sequence[Segment], num_frames: int, last_speech_end: float
) -> list[Segment]:
    """The segments of a window with `keep_order` for all its words.

    The words lie between `last_speech_end`, when those before the window ended (seconds), and the
    window's last frame of audio.
    """
    if not segments:
        return []
    window_start = segments[0].seek / FRAMES_PER_SECOND
    window_end = window_start + num_frames / FRAMES_PER_SECOND
    words = [word for segment in segments for word in segment.words or ()]
    ordered = iter(keep_order(words, min(last_speech_end, window_end), window_end))
    return [
        _with_moved_words(segment, list(islice(ordered, len(segment.words or ()))))
        for segment in segments
    ]


def _with_moved_words(segment: Segment, words: Sequence[Word]) -> Segment:
    """A bound that was at a word goes with it."""
    if not words or segment.words is None:
        return segment
    first, last = segment.words[0], segment.words[-1]
    start = words[0].start if segment.start == first.start else segment.start
    end = words[-1].end if segment.end == last.end else segment.end
    return replace(
        segment,
        words=tuple(words),
        start=min(start, words[0].start),
        end=max(end, words[-1].end),
    )
