"""The segments of a transcribed window and the words that are timed in them."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate, islice

from subalign.alignment.constraints import keep_order
from subalign.alignment.punctuation import words_with_punctuation
from subalign.alignment.words import WordTiming, WordTokens
from subalign.mel import FRAMES_PER_SECOND
from subalign.options import AlignmentOptions
from subalign.results import Segment, Word
from subalign.tokenizer import Tokenizer

__all__ = [
    "TimeWords",
    "keep_order_in_window",
    "text_tokens",
    "timed_segments",
    "with_words",
    "words_by_segment",
    "words_in_recording",
]

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
