"""Method dtw: words as openai-whisper times them, by dynamic time warping through attention.

A path through the attention map gives each token its first position. Then follow openai-whisper's
corrections of words that attention makes too long (`transcribe` and `timing.py` there).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from subalign.alignment.segments import (
    TimeWords,
    text_tokens,
    words_by_segment,
    words_in_recording,
)
from subalign.alignment.teacher_forcing import TeacherForced, attention_matrix
from subalign.alignment.words import (
    WordSpans,
    WordTiming,
    WordTokens,
    merge_punctuation,
    split_words,
    token_ranges,
)
from subalign.kernels import dtw as kernel
from subalign.kernels.dispatch import dtw_paths
from subalign.model import FRAME_SECONDS, TimingHeads, Whisper
from subalign.options import AlignmentOptions, KernelChoice
from subalign.results import Segment, Word
from subalign.tokenizer import Tokenizer

__all__ = [
    "Dtw",
    "DurationThresholds",
    "SpeechRate",
    "cap_sentence_ends",
    "fit_segment",
    "token_positions",
]

POSITIONS_PER_SECOND = 1 / (2 * FRAME_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationThresholds:
    """Which words are too long to be believed; openai-whisper's numbers, not measured anew.

    `median` is that of the durations of a window's words.
    """

    # seconds: a median above this is no guide, as there are few words, or very slow ones
    longest_median: float = 0.7
    # medians that a word beside a pause or the end of a sentence may take, and that make a pause
    longest: float = 2
    pause: float = 4
    # seconds that a word may reach over its segment's bounds before the bounds are believed
    bound_tolerance: float = 0.5
    sentence_ends: frozenset[str] = frozenset(".。!！?？")


@dataclass(frozen=True)
class Dtw:
    """Word times by the path of the highest sum through the standardised attention of the heads."""

    medfilt_width: int = 7  # positions; openai-whisper's
    durations: DurationThresholds = DurationThresholds()

    uses_sound: ClassVar[bool] = False
    words_move_windows: ClassVar[bool] = True

    def heads(self, model: Whisper) -> TimingHeads:
        """The alignment heads, without a shift."""
        return TimingHeads(model.alignment_pairs)

    def warm_up(self, device: torch.device) -> None:
        """Compile the CPU's kernel, where it is not Triton's that is used."""
        if device.type != "cuda":
            kernel.warm_up()

    def attention_map(
        self,
        forced: TeacherForced,
        words: Sequence[WordTokens],
        options: AlignmentOptions,
    ) -> Tensor:
        """A row for each text token, and one for the text's end (tokens + 1, positions)."""
        matrix = attention_matrix(
            forced.scores,
            qk_scale=options.qk_scale,
            medfilt_width=options.medfilt_width or self.medfilt_width,
            kernels=options.kernels,
        )
        return matrix[forced.text_rows]

    def word_spans(
        self,
        maps: Sequence[Tensor],
        texts: Sequence[Sequence[WordTokens]],
        levels: Sequence[NDArray[np.float64]],
        *,
        shift: float = 0.0,
        kernels: KernelChoice = "auto",
    ) -> list[WordSpans]:
        """Each word from where its first spoken token begins to where its last one ends."""
        return [
            WordSpans(
                positions[token_ranges(words)] / POSITIONS_PER_SECOND, np.zeros(len(words), bool)
            )
            for positions, words in zip(token_positions(maps, kernels), texts, strict=True)
        ]

    def time_segments(
        self,
        segments: Sequence[Segment],
        tokenizer: Tokenizer,
        time_words: TimeWords,
        last_speech_end: float,
        options: AlignmentOptions,
    ) -> list[Segment]:
        """The segments of one window with words, times and bounds as openai-whisper has them.

        Words are rounded to 10 ms before the corrections beside pauses.
        """
        texts = [text_tokens(segment, tokenizer) for segment in segments]
        timings = time_words(split_words(tokenizer, [token for text in texts for token in text]))
        rate = SpeechRate.of(timings, self.durations)
        merged = merge_punctuation(
            cap_sentence_ends(timings, rate),
            options.prepend_punctuations,
            options.append_punctuations,
        )
        timed: list[Segment] = []
        own_words = words_by_segment(merged, [len(text) for text in texts])
        for segment, own in zip(segments, own_words, strict=True):
            words = words_in_recording(own, segment, decimals=2)
            fitted = fit_segment(segment, words, rate, last_speech_end)
            last_speech_end = fitted.end if fitted.words else last_speech_end
            timed.append(fitted)
        return timed


def token_positions(
    maps: Sequence[Tensor], kernels: KernelChoice = "auto"
) -> list[NDArray[np.int64]]:
    """The first position (tokens,) of each row of each map (tokens, positions).

    They are read off the monotonic path of the highest sum (dynamic time warping), so the first
    is 0 and they never decrease. Without any position they are all 0.
    """
    paths = dtw_paths([-rows for rows in maps], kernels)
    return [
        _first_positions(*path, n_tokens=rows.shape[0])
        for path, rows in zip(paths, maps, strict=True)
    ]


def _first_positions(
    tokens: NDArray[np.int64], positions: NDArray[np.int64], *, n_tokens: int
) -> NDArray[np.int64]:
    if positions.size == 0:
        return np.zeros(n_tokens, dtype=np.int64)
    enters = np.diff(tokens, prepend=-1) > 0
    return positions[enters]


@dataclass(frozen=True, slots=True)
class SpeechRate:
    """How long words take in a window: the median in seconds, and the limits drawn from it."""

    median: float
    thresholds: DurationThresholds = field(default=DurationThresholds(), repr=False)

    @property
    def longest(self) -> float:
        """Seconds that words beside a pause or a sentence's end are not believed to exceed."""
        return self.thresholds.longest * self.median

    @classmethod
    def of(
        cls, words: Sequence[WordTiming], thresholds: DurationThresholds = DurationThresholds()
    ) -> "SpeechRate":
        """The rate of these words; those without any length do not count."""
        durations = [word.duration for word in words if word.duration]
        median = float(np.median(durations)) if durations else 0.0
        return cls(min(thresholds.longest_median, median), thresholds)


def cap_sentence_ends(words: Sequence[WordTiming], rate: SpeechRate) -> list[WordTiming]:
    """Shorten closing marks from their end, and words after closing marks from their start.

    Wants words before their punctuation is merged.
    """
    capped = (_cap(previous, timing, rate) for previous, timing in pairwise(words))
    return [*words[:1], *capped]


def _cap(previous: WordTiming, timing: WordTiming, rate: SpeechRate) -> WordTiming:
    ends = rate.thresholds.sentence_ends
    if timing.duration <= rate.longest:
        return timing
    if timing.word in ends:
        return replace(timing, end=timing.start + rate.longest)
    if previous.word in ends:
        return replace(timing, start=timing.end - rate.longest)
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
    after_pause = first.end - last_speech_end > rate.thresholds.pause * rate.median
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
    if segment.start < first.end and segment.start - rate.thresholds.bound_tolerance > first.start:
        start = max(0.0, min(first.end - rate.median, segment.start))
        return segment, [replace(first, start=start), *words[1:]]
    return replace(segment, start=first.start), words


def _agree_on_end(
    segment: Segment, words: list[Word], rate: SpeechRate
) -> tuple[Segment, list[Word]]:
    """Believe the segment where its last word ends far after it, else the word."""
    last = words[-1]
    if segment.end > last.start and segment.end + rate.thresholds.bound_tolerance < last.end:
        end = max(last.start + rate.median, segment.end)
        return segment, [*words[:-1], replace(last, end=end)]
    return replace(segment, end=last.end), words
