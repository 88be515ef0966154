"""Words with times for known tokens, in a batch of windows, as openai-whisper times them."""

from collections.abc import Sequence

import torch

from subalign.alignment.forcing import ForcedText, force
from subalign.alignment.path import batch_token_positions
from subalign.alignment.scores import attention_matrix
from subalign.alignment.words import WordTiming, time_words
from subalign.mel import FRAMES_PER_SECOND
from subalign.model import EncodedAudio, ModelDimensions, Whisper
from subalign.options import AlignmentOptions
from subalign.tokenizer import Tokenizer

__all__ = ["align_windows", "positions_per_second", "token_boundaries"]


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
    forced = force(model, tokenizer, encoded, texts, frames, heads)
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
    forced: Sequence[ForcedText], dims: ModelDimensions, options: AlignmentOptions
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
