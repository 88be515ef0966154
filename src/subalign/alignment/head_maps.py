"""How every cross-attention head hears a window's text: one run of the decoder for all heads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from subalign.alignment.capture import capture_scores
from subalign.alignment.scores import attention_matrix, softmax_over_positions
from subalign.alignment.words import WordTokens
from subalign.model import EncodedAudio, Whisper
from subalign.options import AlignmentOptions
from subalign.tokenizer import Tokenizer

__all__ = ["BY_PATH", "Head", "HeadMaps", "HeardText", "TimedText", "all_heads", "hear_text"]

Head = tuple[int, int]

BY_PATH = AlignmentOptions(method="dtw")
"""Heads are measured by the path through their attention alone, whatever times words in the end."""


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
    """Each head's smoothed attention alone: `maps` (heads, text tokens + 1, positions).

    Row `i` tells where text token `i` is heard, the last row where the text ends. The mean over
    some heads is what `attention_matrix` gives for them. `seconds` is the length of a position.
    """

    text: TimedText
    heads: tuple[Head, ...]
    maps: Tensor
    seconds: float

    def halved(self) -> "HeadMaps":
        """The same in half precision, for keeping many: its error is far below the noise."""
        return replace(self, maps=self.maps.half())


@dataclass(frozen=True, eq=False)
class HeardText:
    """The raw scores of heads: float32 (heads, tokens with the start and end, positions)."""

    text: TimedText
    heads: tuple[Head, ...]
    scores: Tensor
    n_start: int
    seconds: float

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
        """Every head's map by itself."""
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
    n_positions = max(1, num_frames * model.dims.n_audio_ctx // model.dims.window_frames)
    # (heads, tokens, positions)
    scores = capture.scores[0, :, :, :n_positions].float()
    seconds = model.dims.position_seconds
    return HeardText(text, chosen, scores, len(tokenizer.sot_sequence), seconds)
