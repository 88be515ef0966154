"""How every cross-attention head hears a window's text: one run of the decoder for all heads.

What several heads give together is the mean of what each gives alone, whatever the method: so the
decoder runs once, and any set of heads can be tried.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from subalign.alignment.attention_maps import attention_matrix, softmax_over_positions
from subalign.alignment.dtw import batch_token_positions
from subalign.alignment.loudness import speech_levels
from subalign.alignment.teacher_forcing import capture_scores, whole_positions
from subalign.alignment.viterbi import time_words, word_attention
from subalign.alignment.words import WordTokens
from subalign.model import EncodedAudio, Whisper
from subalign.options import AlignmentOptions, KernelChoice
from subalign.tokenizer import Tokenizer

__all__ = [
    "BY_PATH",
    "Head",
    "HeadMaps",
    "HeardText",
    "TimedText",
    "all_heads",
    "hear_text",
    "spans_of",
]

Head = tuple[int, int]

BY_PATH = AlignmentOptions(method="dtw")
"""Heads by themselves are measured by the path through their attention alone."""


@dataclass(frozen=True, eq=False)
class TimedText:
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
        """The tokens of each word that are heard, as (words, 2): the first, and one past the last.

        They are counted in the window's text.
        """
        offset, ranges = 0, []
        for word in self.words:
            ranges.append((offset + word.spoken[0], offset + word.spoken[1]))
            offset += len(word.tokens)
        return np.array(ranges, dtype=np.int64).reshape(-1, 2)

    @property
    def timed(self) -> bool:
        """Whether the true time of any word is known."""
        return bool(np.isfinite(self.spans).all(axis=1).any())


@dataclass(frozen=True, eq=False)
class HeadMaps:
    """What each head alone gives for a window; `seconds` is the length of a position.

    By method dtw `maps` (heads, text tokens + 1, positions) tell where each text token is heard,
    and in the last row where the text ends, and `levels` is None. By method viterbi they are the
    words' attention (heads, words, positions), and `levels` the `speech_levels` of the mel frames.
    """

    text: TimedText
    heads: tuple[Head, ...]
    maps: Tensor
    seconds: float
    levels: NDArray[np.float64] | None = None

    def halved(self) -> "HeadMaps":
        """The same in half precision, for keeping many: its error is far below the noise."""
        return replace(self, maps=self.maps.half())


@dataclass(frozen=True, eq=False)
class HeardText:
    """The raw scores of heads: float32 (heads, tokens with the start and end, positions).

    `levels` is the `speech_levels` of the window's mel frames.
    """

    text: TimedText
    heads: tuple[Head, ...]
    scores: Tensor
    n_start: int
    seconds: float
    levels: NDArray[np.float64]

    def select(self, heads: Iterable[Head]) -> "HeardText":
        """The scores of some of the heads alone."""
        chosen = tuple(sorted(set(heads)))
        return replace(
            self, heads=chosen, scores=self.scores[[self.heads.index(head) for head in chosen]]
        )

    def weights(self, qk_scale: float) -> Tensor:
        """Attention weights (heads, text tokens, positions); each row sums to 1."""
        return softmax_over_positions(self.scores[:, self.n_start : -2], qk_scale)

    @torch.inference_mode()
    def maps(self, options: AlignmentOptions = BY_PATH) -> HeadMaps:
        """Every head's map by itself, for one of the methods viterbi and dtw.

        Raises:
            ValueError: another method, which chooses its heads itself.
        """
        if options.method == "viterbi":
            rows = self.scores[:, self.n_start : -1]
            alone = [
                torch.from_numpy(word_attention(row[None], self.text.words, options)).float()
                for row in rows
            ]
            return HeadMaps(self.text, self.heads, torch.stack(alone), self.seconds, self.levels)
        if options.method != "dtw":
            raise ValueError(f"method {options.method} chooses its heads itself")
        alone = [
            attention_matrix(
                scores[None],
                qk_scale=options.qk_scale,
                medfilt_width=options.filter_width,
                kernels=options.kernels,
            )[self.n_start : -1]
            for scores in self.scores
        ]
        return HeadMaps(self.text, self.heads, torch.stack(alone), self.seconds)


def spans_of(
    matrices: Sequence[Tensor],
    windows: Sequence[HeadMaps],
    kernels: KernelChoice = "auto",
    *,
    shift: float = 0.0,
) -> list[NDArray[np.float64]]:
    """When the words of each window are said, (words, 2) in seconds, as `time_texts` times them.

    Each matrix is a mean over some of its window's maps; the windows are of one method, for
    viterbi without long pauses, and for it alone there is a `shift` in seconds.
    """
    if any(window.levels is None for window in windows):
        return [
            np.asarray(positions[window.text.ranges] * window.seconds, dtype=np.float64)
            for positions, window in zip(
                batch_token_positions(matrices, kernels), windows, strict=True
            )
        ]
    return [
        _divided(matrix, window, shift) for matrix, window in zip(matrices, windows, strict=True)
    ]


def _divided(matrix: Tensor, window: HeadMaps, shift: float) -> NDArray[np.float64]:
    assert window.levels is not None
    attention = matrix.cpu().numpy().astype(np.float64)  # (words, positions)
    return time_words(attention, window.levels, window.text.words, window.seconds, shift).spans


def all_heads(model: Whisper) -> tuple[Head, ...]:
    """Every (layer, head) pair of the decoder, layer by layer."""
    return tuple(product(range(model.dims.n_text_layer), range(model.dims.n_text_head)))


@torch.inference_mode()
def hear_text(
    model: Whisper,
    tokenizer: Tokenizer,
    encoded: EncodedAudio,
    text: TimedText,
    num_frames: int,
    heads: Sequence[Head] | None = None,
) -> HeardText:
    """Make the decoder read a text in one encoded window, and keep the scores of `heads`, or all.

    `num_frames` is how many mel frames (10 ms) of the window are audio.

    Raises:
        ValueError: the text is too long for the decoder.
    """
    chosen = tuple(sorted(set(heads))) if heads is not None else all_heads(model)
    start = tokenizer.sot_sequence_including_notimestamps
    tokens = torch.tensor([[*start, *text.tokens, tokenizer.eot]], device=model.device)
    if tokens.shape[1] > model.dims.n_text_ctx:
        raise ValueError(
            f"a text takes {tokens.shape[1]} tokens with its start and end, but the decoder reads "
            f"{model.dims.n_text_ctx}"
        )
    with capture_scores(model.decoder, chosen) as capture:
        model.decoder.hidden(tokens, encoded)
    # (heads, tokens, positions)
    scores = capture.scores[0, :, :, : whole_positions(num_frames, model.dims)].float()
    seconds = model.dims.position_seconds
    levels = speech_levels(encoded.mel.numpy()[0, :, :num_frames])
    return HeardText(text, chosen, scores, len(tokenizer.sot_sequence), seconds, levels)
