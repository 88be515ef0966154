"""What each cross-attention head of a window gives alone, and what any set of them gives together.

The map of several heads is the mean of each one's own, by every method, so any set of heads can be
tried after one teacher-forced pass.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from subalign.alignment.methods import method_for
from subalign.alignment.teacher_forcing import TeacherForced, softmax_over_positions
from subalign.alignment.words import WordTokens, token_ranges
from subalign.options import AlignmentOptions

__all__ = [
    "BY_DTW",
    "Head",
    "HeadMaps",
    "HeadScores",
    "WindowText",
    "mean_error",
    "signed_errors",
    "word_spans",
]

Head = tuple[int, int]
"""(layer, head), both counted from 0."""

BY_DTW = AlignmentOptions(method="dtw")
"""Heads by themselves are measured by the path through their attention alone."""


@dataclass(frozen=True, eq=False)
class WindowText:
    """The words of one window and, where they are known, their true times.

    `spans` is (words, 2), start and end in seconds from the window's start; a row is NaN where
    nothing is known of the word, and all of them are where the text alone is known.
    """

    words: tuple[WordTokens, ...]
    spans: NDArray[np.float64]

    @property
    def tokens(self) -> list[int]:
        """The tokens of all words."""
        return [token for word in self.words for token in word.tokens]

    @property
    def ranges(self) -> NDArray[np.int64]:
        """Each word's spoken tokens in the window's text (words, 2): the first, one past the last.

        Punctuation beside a word is not spoken.
        """
        return token_ranges(self.words)

    @property
    def timed(self) -> bool:
        """Whether the true time of any word is known."""
        return bool(np.isfinite(self.spans).all(axis=1).any())


@dataclass(frozen=True, eq=False)
class HeadMaps:
    """The map (heads, rows, positions) that each head alone gives for a window by a method.

    `levels` are the `speech_levels` of the window's mel frames, and `options` name the method.
    """

    text: WindowText
    heads: tuple[Head, ...]
    maps: Tensor
    levels: NDArray[np.float64]
    options: AlignmentOptions = BY_DTW

    def halved(self) -> "HeadMaps":
        """The same in half precision, for keeping many: its error is far below the noise."""
        return replace(self, maps=self.maps.half())

    def errors(self, spans: NDArray[np.float64]) -> NDArray[np.float64]:
        """Signed errors (words, 2) in seconds of the starts and ends in `spans` (words, 2).

        NaN stands where no truth is known, and for the window's first start where the method does
        not use the sound: its words begin at 0.
        """
        errors = spans - self.text.spans
        if not method_for(self.options).uses_sound:
            errors[self.text.ranges[:, 0] == 0, 0] = np.nan
        return errors


@dataclass(frozen=True, eq=False)
class HeadScores:
    """The raw scores of `heads` for one window, and the `speech_levels` of its mel frames.

    `forced` holds the scores (heads, tokens with the start and end, positions); `seconds` is the
    length of a position.
    """

    text: WindowText
    heads: tuple[Head, ...]
    forced: TeacherForced
    seconds: float
    levels: NDArray[np.float64]

    def select(self, heads: Iterable[Head]) -> "HeadScores":
        """The scores of some of the heads alone."""
        chosen = tuple(sorted(set(heads)))
        scores = self.forced.scores[[self.heads.index(head) for head in chosen]]
        return replace(self, heads=chosen, forced=replace(self.forced, scores=scores))

    def weights(self, qk_scale: float) -> Tensor:
        """Attention weights (heads, text tokens, positions); each row sums to 1."""
        rows = self.forced.scores[:, self.forced.text_rows]
        return softmax_over_positions(rows[:, :-1], qk_scale)

    @torch.inference_mode()
    def maps(self, options: AlignmentOptions = BY_DTW) -> HeadMaps:
        """Every head's map by itself, by the options' method."""
        method = method_for(options)
        alone = [
            method.attention_map(replace(self.forced, scores=own[None]), self.text.words, options)
            for own in self.forced.scores
        ]
        return HeadMaps(self.text, self.heads, torch.stack(alone).float(), self.levels, options)


def word_spans(
    maps: Sequence[Tensor], windows: Sequence[HeadMaps], *, shift: float = 0.0
) -> list[NDArray[np.float64]]:
    """Start and end of the words of each window, (words, 2) in seconds, as the method times them.

    Each map (rows, positions) is a mean over some of its window's; the windows are of one method.
    Where it uses the sound, they are without long pauses, and `shift` (seconds) moves the times.
    """
    options = windows[0].options
    found = method_for(options).word_spans(
        maps,
        [window.text.words for window in windows],
        [window.levels for window in windows],
        shift=shift,
        kernels=options.kernels,
    )
    return [words.spans for words in found]


def signed_errors(
    windows: Sequence[HeadMaps], indices: Sequence[int], *, shift: float = 0.0
) -> NDArray[np.float64]:
    """Errors (2 x words,) in seconds of all starts and ends, by the heads at these indices.

    NaN stands where `HeadMaps.errors` has it.
    """
    # floats are added in the order of the maps, so that the order of the heads does not matter
    maps = [window.maps[sorted(indices)].float().mean(dim=0) for window in windows]
    spans = word_spans(maps, windows, shift=shift)
    return np.concatenate(
        [window.errors(found).ravel() for window, found in zip(windows, spans, strict=True)]
    )


def mean_error(windows: Sequence[HeadMaps], indices: Sequence[int], *, shift: float = 0.0) -> float:
    """The mean absolute error (seconds) of all starts and ends, by the heads at these indices.

    Words without a true time do not count; NaN where none has one.
    """
    return float(np.nanmean(np.abs(signed_errors(windows, indices, shift=shift))))
