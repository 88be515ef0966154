"""Word times by the best division of a window into words and pauses (method viterbi).

The path of dynamic time warping has no pauses in it, so a word's neighbours share them, and it
begins at the window's first position. Here a window is words, pauses between them, and perhaps
speech before and after that the text does not have. Which division is best is decided by the
attention of each word, the loudness of each position, and how long a word of so many letters
takes at the speed of the window.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from subalign.alignment.attention_maps import softmax_over_positions
from subalign.alignment.edges import edge_time, settle_edges
from subalign.alignment.loudness import speech_probability
from subalign.alignment.words import WordTokens
from subalign.characters import is_wide
from subalign.kernels.dispatch import median_filter
from subalign.kernels.word_spans import SpanCosts, word_spans
from subalign.mel import FRAMES_PER_SECOND
from subalign.options import AlignmentOptions

__all__ = ["Division", "divide", "spoken_length", "time_words", "word_attention"]

# All constants below were chosen on synthetic speech by bench/accuracy.py; positions are 20 ms.
_COSTS = SpanCosts(
    shortest=2, longest=100, tightness=15.0, shortest_pause=6, pause=4.0, unscripted=60.0
)

# positions for each unit of `spoken_length`: what any window's speed is kept between
_SLOWEST, _FASTEST = 4.0, 2.0

# attention below this share of what a word has on average is as good as none
_LEAST_ATTENTION = 0.2

# the lowest share of attention, and the lowest probability of speech or silence, that are told
_ATTENTION_FLOOR, _SPEECH_FLOOR = 0.1, 1e-4

# how much loudness counts beside attention
_LOUDNESS_WEIGHT = 0.5

# what speech costs a position that no word is given: inside the text, and before and after it
_UNSCRIPTED_INSIDE, _UNSCRIPTED_OUTSIDE = -5.0, -1.0


@dataclass(frozen=True, slots=True)
class Division:
    """When each word is said: `spans` (words, 2), and `heard` (words,), which of them are.

    Spans are in positions as `divide` gives them, in seconds as `time_words` does.

    A word is not heard where the attention tells nothing of it, or has no room of its own.
    """

    spans: NDArray[np.float64]
    heard: NDArray[np.bool_]


def word_attention(
    rows: Tensor, words: Sequence[WordTokens], options: AlignmentOptions
) -> NDArray[np.float64]:
    """How much each word attends to each position (words, positions): its rows sum to 1.

    `rows` (heads, text tokens, positions) are scores before the softmax; the mean over heads and
    over the tokens of a word that are spoken.
    """
    weights = softmax_over_positions(rows, options.qk_scale)
    weights = median_filter(weights, options.filter_width, options.kernels).mean(dim=0)
    by_token = weights.cpu().numpy().astype(np.float64)  # (tokens, positions); MPS has no float64
    offset = 0
    attention = []
    for word in words:
        first, end = word.spoken
        attention.append(by_token[offset + first : offset + max(end, first + 1)].mean(axis=0))
        offset += len(word.tokens)
    return np.stack(attention)  # (words, positions)


def time_words(
    attention: NDArray[np.float64],
    levels: NDArray[np.float64],
    words: Sequence[WordTokens],
    position_seconds: float,
    shift: float = 0.0,
) -> Division:
    """The best division, with edges where the sound sets in and ends, in seconds.

    `attention` is (words, positions), `levels` the `speech_levels` of the window's mel frames. The
    attention is moved by `shift` seconds first, below 0 to an earlier time, so that it lies on the
    sound.
    """
    attention = _moved(attention, shift / position_seconds)
    division = divide(attention, speech_probability(levels, attention.shape[1]), words)
    frames = np.rint(division.spans * (FRAMES_PER_SECOND * position_seconds))
    edges = settle_edges([(int(start), int(end)) for start, end in frames], levels)
    times = [(edge_time(start), edge_time(end)) for start, end in edges]
    return Division(np.array(times, np.float64).reshape(-1, 2), division.heard)


def _moved(attention: NDArray[np.float64], positions: float) -> NDArray[np.float64]:
    """Each row moved to later positions, by linear interpolation; what comes in is like the end."""
    if not positions:
        return attention
    at = np.arange(attention.shape[1])
    return np.stack([np.interp(at - positions, at, row) for row in attention])


def divide(
    attention: NDArray[np.float64], speech: NDArray[np.float64], words: Sequence[WordTokens]
) -> Division:
    """The best division by the words' attention (words, positions) and speech (positions,)."""
    n_words, n_positions = attention.shape
    heard = np.isfinite(attention).all(axis=1) & (np.ptp(attention, axis=1) > 0)
    shortest = min(_COSTS.shortest, n_positions // n_words)
    if shortest == 0:
        edges = np.linspace(0, n_positions, n_words + 1)
        return Division(np.stack([edges[:-1], edges[1:]], axis=1), np.zeros(n_words, bool))
    lengths = np.array([spoken_length(word.text) for word in words], np.float64)
    rate = np.clip((speech > 0.5).sum() / lengths.sum(), _FASTEST, _SLOWEST)
    expected = np.maximum(lengths * rate, _COSTS.shortest)
    even = np.where(heard[:, None], attention, 1 / n_positions)
    quiet = _LOUDNESS_WEIGHT * np.log(1 - speech + _SPEECH_FLOOR)
    spans = word_spans(
        _word_scores(even, expected, speech),
        np.maximum(quiet, _UNSCRIPTED_INSIDE),
        np.maximum(quiet, _UNSCRIPTED_OUTSIDE),
        expected,
        _costs(shortest, n_positions),
    )
    return Division(spans.astype(np.float64), heard)


def _costs(shortest: int, n_positions: int) -> SpanCosts:
    return SpanCosts(
        shortest=shortest,
        longest=min(_COSTS.longest, n_positions),
        tightness=_COSTS.tightness,
        shortest_pause=_COSTS.shortest_pause,
        pause=_COSTS.pause,
        unscripted=_COSTS.unscripted,
    )


def _word_scores(
    attention: NDArray[np.float64], expected: NDArray[np.float64], speech: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Logarithms of each word's share of each position (words, positions)."""
    # a long word spreads its attention thin: about 1 wherever a word is heard, short or long
    level = attention * expected[:, None]
    share = level / np.maximum(level.max(axis=0), _LEAST_ATTENTION)
    loud = _LOUDNESS_WEIGHT * np.log(speech + _SPEECH_FLOOR)
    return np.log(share + _ATTENTION_FLOOR) + loud  # type: ignore[no-any-return]


def spoken_length(text: str) -> int:
    """How long a word takes to say, in letters, and one more for the word itself.

    A digit stands for a word of four letters, a wide character (Chinese, Japanese, Korean) for a
    syllable of three.
    """
    return 1 + max(1, sum(map(_letters, text)))


def _letters(character: str) -> int:
    if character.isdigit():
        return 4
    if not character.isalpha():
        return 0
    return 3 if is_wide(character) else 1
