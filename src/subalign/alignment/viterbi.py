"""Method viterbi: the best segmentation of a window into words and silences.

The path of dynamic time warping has no pauses in it, so a word's neighbours share them, and it
begins at the window's first position. Here a window is words, silences between them, and perhaps
speech before, between and after them that the text does not have. A Viterbi search over whole words
(a semi-Markov model) finds the segmentation that fits best the attention of each word, the loudness
of each position, and how long a word of so many letters takes at the speed of the window.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from subalign.alignment.boundaries import EdgeThresholds, edge_time, settle_edges
from subalign.alignment.segments import TimeWords, timed_segments
from subalign.alignment.teacher_forcing import TeacherForced, word_attention
from subalign.alignment.words import WordSpans, WordTokens, letter_count
from subalign.kernels import hmm, word_segmentation
from subalign.kernels.word_segmentation import SegmentationCosts, best_segmentation
from subalign.mel.loudness import speech_probability
from subalign.model import FRAME_SECONDS, TimingHeads, Whisper
from subalign.options import AlignmentOptions, KernelChoice
from subalign.results import Segment
from subalign.tokenizer import Tokenizer

__all__ = ["Viterbi", "ViterbiThresholds", "segment_words", "spoken_length", "time_words"]

FRAMES_PER_POSITION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ViterbiThresholds:
    """Numbers of this module; positions are 20 ms, scores and costs natural logarithms.

    Chosen by `bench/accuracy.py` on 140 clean clips of four synthetic voices, where each part was
    measured by what it brought (bench/README.md), but for `untranscribed_floor`: on 309 words of
    telephone speech (wuw2).
    """

    # positions of the median filter along attention: each wider one was worse
    medfilt_width: int = 1
    # positions that a word takes, and by how much a length other than expected costs
    shortest: int = 2
    longest: int = 100
    tightness: float = 15.0
    # positions of a silence between words, and what it costs to begin one
    shortest_silence: int = 6
    silence_start: float = 4.0
    # what it costs that speech before the first or after the last word is not in the text, and half
    # of what it costs between two: the first of a sentence may attend to where the window begins
    untranscribed: float = 60.0
    # the least score of a position that no word is given: in a silence, in such speech
    silence_floor: float = -5.0
    untranscribed_floor: float = -1.0
    # positions a letter of `spoken_length`, between which the speed of any window is kept
    fastest: float = 2.0
    slowest: float = 4.0
    # attention below this share of a word's mean is as good as none
    least_attention: float = 0.2
    # added to shares of attention and to probabilities of speech and silence: none is impossible
    attention_floor: float = 0.1
    speech_floor: float = 1e-4
    # how much loudness counts beside attention, and the probability that makes a position speech
    loudness_weight: float = 0.5
    speech: float = 0.5

    def costs(self, shortest: int, n_positions: int) -> SegmentationCosts:
        """What the search takes for a window of so many positions."""
        return SegmentationCosts(
            shortest=shortest,
            longest=min(self.longest, n_positions),
            tightness=self.tightness,
            shortest_silence=self.shortest_silence,
            silence_start=self.silence_start,
            untranscribed=self.untranscribed,
        )


@dataclass(frozen=True)
class Viterbi:
    """Word times by the best segmentation, with edges where the sound sets in and ends."""

    thresholds: ViterbiThresholds = ViterbiThresholds()
    edges: EdgeThresholds = field(default_factory=EdgeThresholds)

    uses_sound: ClassVar[bool] = True
    words_move_windows: ClassVar[bool] = False

    def heads(self, model: Whisper) -> TimingHeads:
        """The timing heads with their shift."""
        return TimingHeads(model.timing_pairs, model.timing_shift)

    def warm_up(self, device: torch.device) -> None:
        """Compile the kernels, which are the CPU's beside every device."""
        word_segmentation.warm_up()
        hmm.warm_up()

    def attention_map(
        self,
        forced: TeacherForced,
        words: Sequence[WordTokens],
        options: AlignmentOptions,
    ) -> Tensor:
        """A row for each word (words, positions), float64 in main memory."""
        attention = word_attention(
            forced.scores[:, forced.text_rows],
            words,
            qk_scale=options.qk_scale,
            medfilt_width=options.medfilt_width or self.thresholds.medfilt_width,
            kernels=options.kernels,
        )
        return torch.from_numpy(attention)

    def word_spans(
        self,
        maps: Sequence[Tensor],
        texts: Sequence[Sequence[WordTokens]],
        levels: Sequence[NDArray[np.float64]],
        *,
        shift: float = 0.0,
        kernels: KernelChoice = "auto",
    ) -> list[WordSpans]:
        """The words of each window in its best segmentation."""
        return [
            time_words(
                attention.cpu().numpy().astype(np.float64),
                own_levels,
                words,
                shift=shift,
                thresholds=self.thresholds,
                edges=self.edges,
            )
            for attention, words, own_levels in zip(maps, texts, levels, strict=True)
        ]

    def time_segments(
        self,
        segments: Sequence[Segment],
        tokenizer: Tokenizer,
        time_words: TimeWords,
        last_speech_end: float,
        options: AlignmentOptions,
    ) -> list[Segment]:
        """The segments of one window with their words."""
        return timed_segments(segments, tokenizer, time_words, options)


def time_words(
    attention: NDArray[np.float64],
    levels: NDArray[np.float64],
    words: Sequence[WordTokens],
    *,
    shift: float = 0.0,
    thresholds: ViterbiThresholds = ViterbiThresholds(),
    edges: EdgeThresholds = EdgeThresholds(),
) -> WordSpans:
    """The best segmentation, with edges where the sound sets in and ends, in seconds.

    `attention` is (words, positions), `levels` the `speech_levels` of the window's mel frames. The
    attention is moved by `shift` seconds first, below 0 to an earlier time, so that it lies on the
    sound.
    """
    attention = _moved(attention, shift / (FRAMES_PER_POSITION * FRAME_SECONDS))
    speech = speech_probability(levels, attention.shape[1])
    found = segment_words(attention, speech, words, thresholds)
    frames = np.rint(found.spans * FRAMES_PER_POSITION)
    settled = settle_edges([(int(start), int(end)) for start, end in frames], levels, edges)
    times = [(edge_time(start), edge_time(end)) for start, end in settled]
    return WordSpans(np.array(times, np.float64).reshape(-1, 2), found.estimated)


def _moved(attention: NDArray[np.float64], positions: float) -> NDArray[np.float64]:
    """Each row moved to later positions, by linear interpolation; what comes in is like the end."""
    if not positions:
        return attention
    at = np.arange(attention.shape[1])
    return np.stack([np.interp(at - positions, at, row) for row in attention])


def segment_words(
    attention: NDArray[np.float64],
    speech: NDArray[np.float64],
    words: Sequence[WordTokens],
    thresholds: ViterbiThresholds = ViterbiThresholds(),
) -> WordSpans:
    """Viterbi (semi-Markov) segmentation of a window into words and silences, in positions.

    By the words' attention (words, positions) and the probability of speech (positions,).
    """
    n_words, n_positions = attention.shape
    attended = np.isfinite(attention).all(axis=1) & (np.ptp(attention, axis=1) > 0)
    shortest = min(thresholds.shortest, n_positions // n_words)
    if shortest == 0:
        edges = np.linspace(0, n_positions, n_words + 1)
        return WordSpans(np.stack([edges[:-1], edges[1:]], axis=1), np.ones(n_words, bool))
    lengths = np.array([spoken_length(word.text) for word in words], np.float64)
    spoken = (speech > thresholds.speech).sum()
    rate = np.clip(spoken / lengths.sum(), thresholds.fastest, thresholds.slowest)
    expected = np.maximum(lengths * rate, thresholds.shortest)
    even = np.where(attended[:, None], attention, 1 / n_positions)
    quiet = thresholds.loudness_weight * np.log(1 - speech + thresholds.speech_floor)
    spans = best_segmentation(
        _word_scores(even, expected, speech, thresholds),
        np.maximum(quiet, thresholds.silence_floor),
        np.maximum(quiet, thresholds.untranscribed_floor),
        expected,
        thresholds.costs(shortest, n_positions),
    )
    return WordSpans(spans.astype(np.float64), ~attended)


def _word_scores(
    attention: NDArray[np.float64],
    expected: NDArray[np.float64],
    speech: NDArray[np.float64],
    thresholds: ViterbiThresholds,
) -> NDArray[np.float64]:
    """Logarithms of each word's share of each position (words, positions)."""
    # a long word spreads its attention thin: about 1 wherever a word is spoken, short or long
    level = attention * expected[:, None]
    share = level / np.maximum(level.max(axis=0), thresholds.least_attention)
    loud = thresholds.loudness_weight * np.log(speech + thresholds.speech_floor)
    return np.log(share + thresholds.attention_floor) + loud  # type: ignore[no-any-return]


def spoken_length(text: str) -> int:
    """How long a word takes to say, in letters (`letter_count`), and one more for the word."""
    return 1 + max(1, sum(map(letter_count, text)))
