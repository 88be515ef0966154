"""Words with times for known text, in a batch of windows: one run of the decoder for all."""

from collections.abc import Sequence

import torch
from torch import Tensor

from subalign.alignment.capture import capture_scores
from subalign.alignment.path import batch_token_positions
from subalign.alignment.scores import attention_matrix
from subalign.alignment.words import WordTiming, time_words
from subalign.mel import FRAMES_PER_SECOND
from subalign.model import EncodedAudio, ModelDimensions, Whisper
from subalign.options import AlignmentOptions
from subalign.tokenizer import Tokenizer

__all__ = ["align_windows"]


def align_windows(
    model: Whisper,
    tokenizer: Tokenizer,
    encoded: EncodedAudio,
    text_tokens: Sequence[Sequence[int]],
    num_frames: Sequence[int],
    options: AlignmentOptions = AlignmentOptions(),
) -> list[list[WordTiming]]:
    """The words of every window's text, timed in seconds from the window's start.

    Args:
        model: whose alignment heads are asked.
        tokenizer: for the language and task of the text.
        encoded: a batch of windows.
        text_tokens: each window's text, without special tokens; may be empty.
        num_frames: how many mel frames (10 ms) of each window are audio.
        options: scale, filter width, kernels.

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
    scores, states = _force(model, tokenizer, encoded, texts)
    heard = []
    for row, window in enumerate(spoken):
        # one position at least: times then are 0
        n_positions = max(1, _positions(num_frames[window], model.dims))
        # (heads, tokens with the start sequence and the end, positions)
        heard.append(scores[row, :, : _length(tokenizer, texts[row]), :n_positions])
    boundaries = _boundaries(heard, model.dims, len(tokenizer.sot_sequence), options)
    for row, window in enumerate(spoken):
        probabilities = _probabilities(model, tokenizer, states[row], texts[row])
        words[window] = time_words(tokenizer, texts[row], boundaries[row], probabilities)
    return words


def _positions(frames: int, dims: ModelDimensions) -> int:
    """Whole audio positions in a number of mel frames."""
    return frames * dims.n_audio_ctx // dims.window_frames


def _length(tokenizer: Tokenizer, text: Sequence[int]) -> int:
    return len(tokenizer.sot_sequence_including_notimestamps) + len(text) + 1


@torch.inference_mode()
def _force(
    model: Whisper, tokenizer: Tokenizer, encoded: EncodedAudio, texts: Sequence[Sequence[int]]
) -> tuple[Tensor, Tensor]:
    """Make the decoder read the texts.

    Returns the scores (windows, heads, tokens, positions) and states (windows, tokens, n_state).
    Shorter texts are filled up: causal attention keeps the filling out of the rows before it.
    """
    longest = max(_length(tokenizer, text) for text in texts)
    if longest > model.dims.n_text_ctx:
        raise ValueError(
            f"a text takes {longest} tokens with its start and end, but the decoder reads "
            f"{model.dims.n_text_ctx}"
        )
    start = tokenizer.sot_sequence_including_notimestamps
    tokens = torch.full((len(texts), longest), tokenizer.eot)
    for row, text in enumerate(texts):
        tokens[row, : len(start) + len(text)] = torch.tensor([*start, *text])
    with capture_scores(model.decoder, model.alignment_pairs) as capture:
        states = model.decoder.hidden(tokens.to(model.device), encoded)
    return capture.scores, states


@torch.inference_mode()
def _boundaries(
    scores: Sequence[Tensor], dims: ModelDimensions, n_start: int, options: AlignmentOptions
) -> list[list[float]]:
    """Per window the seconds at which each text token begins, and at which the last one ends."""
    matrices = [
        attention_matrix(
            of_window,
            qk_scale=options.qk_scale,
            medfilt_width=options.medfilt_width,
            kernels=options.kernels,
        )
        for of_window in scores
    ]
    # a row tells where the token after it is heard, so text is heard from the last start token on
    text_rows = [matrix[n_start:-1] for matrix in matrices]
    positions_per_second = FRAMES_PER_SECOND * dims.n_audio_ctx / dims.window_frames
    return [
        [position / positions_per_second for position in positions.tolist()]
        for positions in batch_token_positions(text_rows, options.kernels)
    ]


@torch.inference_mode()
def _probabilities(
    model: Whisper, tokenizer: Tokenizer, states: Tensor, text: Sequence[int]
) -> list[float]:
    """Each text token's probability among the ordinary tokens; 0 where the model gives NaN."""
    n_start = len(tokenizer.sot_sequence)
    logits = model.decoder.logits(states[n_start : n_start + len(text)])[:, : tokenizer.eot]
    chosen = torch.tensor(text, device=logits.device)[:, None]
    probabilities = logits.softmax(dim=-1).gather(1, chosen)  # (tokens, 1)
    return probabilities[:, 0].nan_to_num(0.0).tolist()
