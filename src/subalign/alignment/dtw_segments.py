"""Words with times for the segments of a window, as openai-whisper times them."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from subalign.alignment.dtw_words import align_windows
from subalign.alignment.durations import SpeechRate, cap_sentence_ends, fit_segment
from subalign.alignment.punctuation import merge_punctuation
from subalign.alignment.words import WordTiming
from subalign.mel import FRAMES_PER_SECOND
from subalign.model import EncodedAudio, Whisper
from subalign.options import AlignmentOptions
from subalign.results import Segment, Word
from subalign.tokenizer import Tokenizer

__all__ = ["in_recording", "text_tokens", "time_segments_by_dtw", "words_by_segment"]


def time_segments_by_dtw(
    model: Whisper,
    tokenizer: Tokenizer,
    segments: Sequence[Segment],
    encoded: EncodedAudio,
    num_frames: int,
    last_speech_end: float,
    options: AlignmentOptions,
) -> list[Segment]:
    """The same segments with words, and with start and end moved to them.

    Times are openai-whisper's, with its faults: see `align_windows`. `encoded` is the one window
    that the segments were decoded from, `num_frames` how many mel frames of it are audio, and
    `last_speech_end` when the words before the window ended, in seconds. Words are rounded to
    10 ms before the corrections beside pauses.
    """
    texts = [text_tokens(segment, tokenizer) for segment in segments]
    whole_text = [token for text in texts for token in text]
    [words] = align_windows(model, tokenizer, encoded, [whole_text], [num_frames], options)
    rate = SpeechRate.of(words)
    words = merge_punctuation(
        cap_sentence_ends(words, rate),
        options.prepend_punctuations,
        options.append_punctuations,
    )
    timed: list[Segment] = []
    own_words = words_by_segment(words, [len(text) for text in texts])
    for segment, timings in zip(segments, own_words, strict=True):
        own = in_recording(timings, segment, decimals=2)
        fitted = fit_segment(segment, own, rate, last_speech_end)
        last_speech_end = fitted.end if fitted.words else last_speech_end
        timed.append(fitted)
    return timed


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


def in_recording(
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
