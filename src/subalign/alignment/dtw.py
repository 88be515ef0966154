"""Words with times for known tokens, in a batch of windows, as openai-whisper times them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from subalign.alignment.attention_maps import attention_matrix
from subalign.alignment.punctuation import merge_punctuation
from subalign.alignment.teacher_forcing import TeacherForced, teacher_force
from subalign.alignment.words import WordTiming, time_words
from subalign.kernels.dispatch import dtw_paths
from subalign.mel import FRAMES_PER_SECOND
from subalign.model import EncodedAudio, ModelDimensions, Whisper
from subalign.options import AlignmentOptions, KernelChoice
from subalign.results import Segment, Word
from subalign.tokenizer import Tokenizer

__all__ = [
    "SpeechRate",
    "align_windows",
    "batch_token_positions",
    "cap_sentence_ends",
    "fit_segment",
    "in_recording",
    "positions_per_second",
    "text_tokens",
    "time_segments_by_dtw",
    "token_boundaries",
    "token_positions",
    "words_by_segment",
]


def align_windows(
    model: Whisper,
    tokenizer: Tokenizer,
    encoded: EncodedAudio,
    text_tokens: Sequence[Sequence[int]],
    num_frames: Sequence[int],
    options: AlignmentOptions = AlignmentOptions(method="dtw"),
) -> list[list[WordTiming]]:
    """The words of every window's text, timed in seconds from the window's start.

    Words are those of `Tokenizer.split_to_word_tokens`, punctuation apart, and their times are
    openai-whisper's, with its faults: the first begins at 0, and some have no length.

    Args:
        model: whose alignment heads are asked.
        tokenizer: for the language and task of the text.
        encoded: a batch of windows.
        text_tokens: each window's text, without special tokens; may be empty.
        num_frames: how many mel frames (10 ms) of each window are audio.
        options: heads, scale, filter width, kernels. The method is always dtw.

    Raises:
        ValueError: the arguments do not hold equally many windows, or a text is too long for the
            decoder.
    """
    if not encoded.windows == len(text_tokens) == len(num_frames):
        raise ValueError(
            f"{encoded.windows} encoded windows, {len(text_tokens)} texts and {len(num_frames)} "
            "lengths cannot be aligned with each other"
        )
    spoken = [window for window, tokens in enumerate(text_tokens) if tokens]
    words: list[list[WordTiming]] = [[] for _ in text_tokens]
    if not spoken:
        return words
    if len(spoken) < len(text_tokens):
        encoded = encoded.select(torch.tensor(spoken, device=encoded.features.device))
    texts = [text_tokens[window] for window in spoken]
    frames = [num_frames[window] for window in spoken]
    heads = options.heads or model.alignment_pairs
    forced = teacher_force(model, tokenizer, encoded, texts, frames, heads)
    boundaries = token_boundaries(forced, model.dims, options)
    for row, window in enumerate(spoken):
        words[window] = time_words(
            tokenizer, texts[row], boundaries[row], forced[row].probabilities
        )
    return words


def positions_per_second(dims: ModelDimensions) -> float:
    """Audio positions in a second: 50 in every known model."""
    return FRAMES_PER_SECOND * dims.n_audio_ctx / dims.window_frames


@torch.inference_mode()
def token_boundaries(
    forced: Sequence[TeacherForced], dims: ModelDimensions, options: AlignmentOptions
) -> list[list[float]]:
    """Per window the seconds at which each text token begins, and at which the last one ends."""
    matrices = [
        attention_matrix(
            text.scores,
            qk_scale=options.qk_scale,
            medfilt_width=options.medfilt_width or 7,
            kernels=options.kernels,
        )
        for text in forced
    ]
    rows = [matrix[text.text_rows] for matrix, text in zip(matrices, forced, strict=True)]
    rate = positions_per_second(dims)
    return [
        [position / rate for position in positions.tolist()]
        for positions in batch_token_positions(rows, options.kernels)
    ]


def token_positions(matrix: Tensor, kernels: KernelChoice = "auto") -> NDArray[np.int64]:
    """The first position (tokens,) of each row of `matrix` (tokens, positions).

    They are read off the monotonic path of the highest sum (dynamic time warping), so the first
    is 0 and they never decrease. Without any position they are all 0.
    """
    [positions] = batch_token_positions([matrix], kernels)
    return positions


def batch_token_positions(
    matrices: Sequence[Tensor], kernels: KernelChoice = "auto"
) -> list[NDArray[np.int64]]:
    """`token_positions` of several matrices, which may differ in size, at once."""
    paths = dtw_paths([-matrix for matrix in matrices], kernels)
    return [
        _first_positions(*path, n_tokens=matrix.shape[0])
        for path, matrix in zip(paths, matrices, strict=True)
    ]


def _first_positions(
    tokens: NDArray[np.int64], positions: NDArray[np.int64], *, n_tokens: int
) -> NDArray[np.int64]:
    if positions.size == 0:
        return np.zeros(n_tokens, dtype=np.int64)
    enters = np.diff(tokens, prepend=-1) > 0
    return positions[enters]


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
