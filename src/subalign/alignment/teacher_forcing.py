"""Teacher forcing: the decoder reads known text, and shows its attention and token probabilities.

`teacher_force` gives the cross-attention scores of chosen heads and each token's probability, which
word times come from; `token_likelihoods` gives what verification compares. Nothing else in the
package runs the decoder over known text.

From the scores becomes one map, which has a row a token (`attention_matrix`), or a word
(`word_attention`), that says at which positions it is spoken. Rows are softmax weights over
positions, smoothed by a median filter along them and averaged over heads; for dynamic time warping,
as openai-whisper has it, they are standardised over tokens as well.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn, std_mean, zeros_like
from torch.utils.hooks import RemovableHandle

from subalign.alignment.words import WordTokens
from subalign.errors import UsageError
from subalign.kernels.dispatch import median_filter
from subalign.model import EncodedAudio, ModelDimensions, Whisper, explicit_attention
from subalign.model.whisper import TextDecoder
from subalign.options import KernelChoice
from subalign.tokenizer import Tokenizer

__all__ = [
    "ScoreCapture",
    "TeacherForced",
    "TokenLikelihoods",
    "attention_matrix",
    "capture_scores",
    "check_heads",
    "softmax_over_positions",
    "standardise_over_tokens",
    "teacher_force",
    "text_room",
    "token_likelihoods",
    "whole_positions",
    "word_attention",
]


@dataclass(frozen=True, slots=True)
class TeacherForced:
    """One window's text, read with the window's audio.

    `scores` (heads, tokens, positions) are the attention's before the softmax, of the start
    sequence, the text and the end, cut to the positions that hold audio; `n_start` is how many
    tokens stand before the last token of the start sequence. `probabilities` has one number for
    each text token: its probability among the ordinary tokens, 0 where the model gives NaN.
    """

    scores: Tensor
    n_start: int
    probabilities: tuple[float, ...]

    @property
    def text_rows(self) -> slice:
        """The rows of `scores` that say where each text token is spoken, and where the text ends.

        A token's row attends to where the token after it is spoken, so the first is the last start
        token's.
        """
        return slice(self.n_start, -1)


@dataclass(frozen=True, eq=False)
class TokenLikelihoods:
    """How likely the model finds tokens of a text, and what it would have decoded instead.

    `logs` (tokens,) are the log-probabilities of the tokens asked for among the ordinary tokens and
    the end, 0 where the model gives NaN; `likeliest` (tokens + 1,) is the most probable token in
    the place of each one, and after the last.
    """

    logs: NDArray[np.float64]
    likeliest: NDArray[np.int64]


def check_heads(model: Whisper, heads: Iterable[tuple[int, int]]) -> None:
    """Refuse (layer, head) pairs that the model does not have.

    Raises:
        UsageError: a pair lies outside the decoder.
    """
    n_layers, n_heads = model.dims.n_text_layer, model.dims.n_text_head
    for layer, head in heads:
        if not (0 <= layer < n_layers and 0 <= head < n_heads):
            raise UsageError(
                f"`heads` {layer}:{head} is not among the {n_layers} x {n_heads} heads of "
                f"{model.name or 'the model'}, which are counted from 0."
            )


def text_room(model: Whisper, tokenizer: Tokenizer) -> int:
    """How many text tokens the decoder can read at once."""
    return model.dims.n_text_ctx - len(tokenizer.sot_sequence_including_notimestamps) - 1


def whole_positions(frames: int, dims: ModelDimensions) -> int:
    """Whole audio positions in a number of mel frames, and one at least."""
    return max(1, frames * dims.n_audio_ctx // dims.window_frames)


@torch.inference_mode()
def teacher_force(
    model: Whisper,
    tokenizer: Tokenizer,
    encoded: EncodedAudio,
    texts: Sequence[Sequence[int]],
    num_frames: Sequence[int],
    heads: Iterable[tuple[int, int]],
) -> list[TeacherForced]:
    """Read every window's text in one run of the decoder; on a processor window by window.

    `texts` are tokens without special ones, `num_frames` how many mel frames of each window are
    audio, and `heads` the (layer, head) pairs whose scores are wanted; they come layer by layer.
    Shorter texts are filled up: causal attention keeps the filling out of the rows before it.

    Raises:
        ValueError: a text is too long for the decoder.
    """
    pairs = tuple(heads)
    # a processor gains nothing by a batch, whose float32 keys, values and scores need memory
    size = 1 if model.device.type == "cpu" else max(1, len(texts))
    forced = []
    for first in range(0, len(texts), size):
        part = slice(first, first + size)
        own = encoded.select(part)
        forced += _teacher_force(model, tokenizer, own, texts[part], num_frames[part], pairs)
    return forced


def _teacher_force(
    model: Whisper,
    tokenizer: Tokenizer,
    encoded: EncodedAudio,
    texts: Sequence[Sequence[int]],
    num_frames: Sequence[int],
    heads: Sequence[tuple[int, int]],
) -> list[TeacherForced]:
    tokens, n_start = _input_tokens(model, tokenizer, texts, with_end=True)
    with capture_scores(model.decoder, heads) as capture:
        states = model.decoder.hidden(tokens, encoded)
    forced = []
    for row, text in enumerate(texts):
        positions = whole_positions(num_frames[row], model.dims)
        # (heads, tokens, positions)
        scores = capture.scores[row, :, : n_start + len(text) + 2, :positions]
        of_text = states[row, n_start : n_start + len(text)]  # (tokens, n_state)
        probabilities = _probabilities(model, of_text, text, tokenizer.eot)
        forced.append(TeacherForced(scores, n_start, probabilities))
    return forced


@torch.inference_mode()
def token_likelihoods(
    model: Whisper,
    tokenizer: Tokenizer,
    encoded: EncodedAudio,
    texts: Sequence[Sequence[int]],
    first: Sequence[int] | None = None,
) -> list[TokenLikelihoods]:
    """Read texts (tokens without special ones) in one run of the decoder, for their likelihood.

    Of each text that of all its tokens, or from its `first` on: to score the vocabulary is most of
    the work. There may be more texts than windows in `encoded`: each window then serves as many in
    a row.

    Raises:
        ValueError: a text is too long for the decoder.
    """
    tokens, n_start = _input_tokens(model, tokenizer, texts, with_end=False)
    states = model.decoder.hidden(tokens, encoded)
    likelihoods = []
    for row, (text, begin) in enumerate(zip(texts, first or [0] * len(texts), strict=True)):
        # the state of a token foretells the next
        logits = model.decoder.logits(states[row, n_start + begin : n_start + len(text) + 1])
        logs = logits[:, : tokenizer.eot + 1].log_softmax(dim=-1)  # (tokens + 1, ordinary + 1)
        of_text = logs[:-1].gather(1, _column(text[begin:], logs))[:, 0].double().nan_to_num(0.0)
        likeliest = logs.argmax(dim=-1)
        likelihoods.append(TokenLikelihoods(of_text.cpu().numpy(), likeliest.cpu().numpy()))
    return likelihoods


def _input_tokens(
    model: Whisper, tokenizer: Tokenizer, texts: Sequence[Sequence[int]], *, with_end: bool
) -> tuple[Tensor, int]:
    """What the decoder reads (windows, tokens), and how many tokens stand before the last start's.

    The end is a row of the attention matrix, but nothing that a text's probability needs.
    """
    start = tokenizer.sot_sequence_including_notimestamps
    longest = len(start) + max(map(len, texts), default=0) + with_end
    if longest > model.dims.n_text_ctx:
        raise ValueError(
            f"a text takes {longest} tokens with its start and end, but the decoder reads "
            f"{model.dims.n_text_ctx}"
        )
    tokens = torch.full((len(texts), longest), tokenizer.eot)
    for row, text in enumerate(texts):
        tokens[row, : len(start) + len(text)] = torch.tensor([*start, *text])
    return tokens.to(model.device), len(start) - 1


def _probabilities(
    model: Whisper, states: Tensor, text: Sequence[int], n_ordinary: int
) -> tuple[float, ...]:
    logits = model.decoder.logits(states)[:, :n_ordinary]
    probabilities = logits.softmax(dim=-1).gather(1, _column(text, logits))  # (tokens, 1)
    return tuple(probabilities[:, 0].nan_to_num(0.0).tolist())


def _column(text: Sequence[int], like: Tensor) -> Tensor:
    """The tokens (tokens, 1), on the device of `like`."""
    return torch.tensor(text, device=like.device, dtype=torch.long)[:, None]


# PyTorch numbers hooks without a lock: two threads could get one number, and lose a hook
_registering = Lock()


class ScoreCapture:
    """What `capture_scores` has seen in the latest forward pass."""

    def __init__(self) -> None:
        self._by_layer: dict[int, Tensor] = {}

    @property
    def scores(self) -> Tensor:
        """Scores before the softmax, float32 (windows, heads, tokens, positions).

        Heads come layer by layer.

        Raises:
            RuntimeError: no forward pass has run in this context.
        """
        if not self._by_layer:
            raise RuntimeError("no scores were captured: the decoder did not run in this context")
        return torch.cat([self._by_layer[layer] for layer in sorted(self._by_layer)], dim=1)

    def take(self, layer: int, scores: Tensor) -> None:
        """Keep the scores of a layer's chosen heads."""
        self._by_layer[layer] = scores


_current: ContextVar[ScoreCapture | None] = ContextVar("score_capture", default=None)


@contextmanager
def capture_scores(
    decoder: TextDecoder, heads: Iterable[tuple[int, int]]
) -> Iterator[ScoreCapture]:
    """Capture the scores of these (layer, head) pairs in forward passes of this context.

    Only the layers of these heads take the explicit path of attention, and only here: calls from
    other threads stay fused and are not captured. Of nested captures the innermost gets the
    scores. The hooks are removed on any exit.
    """
    by_layer: defaultdict[int, list[int]] = defaultdict(list)
    for layer, head in sorted(set(heads)):
        by_layer[layer].append(head)
    attentions = {layer: _cross_attention(decoder, layer) for layer in by_layer}
    capture = ScoreCapture()
    with ExitStack() as stack:
        for layer, attention in attentions.items():
            handle = _register(attention, _hook(capture, layer, by_layer[layer]))
            stack.callback(handle.remove)
        stack.enter_context(explicit_attention(attentions.values()))
        stack.callback(_current.reset, _current.set(capture))
        yield capture


def _cross_attention(decoder: TextDecoder, layer: int) -> nn.Module:
    attention = decoder.blocks[layer].cross_attn
    assert isinstance(attention, nn.Module)
    return attention


def _register(module: nn.Module, hook: Callable[..., None]) -> RemovableHandle:
    with _registering:
        return module.register_forward_hook(hook)


def _hook(capture: ScoreCapture, layer: int, heads: Sequence[int]) -> Callable[..., None]:
    def take(_module: nn.Module, _inputs: Any, output: tuple[Tensor, Tensor | None]) -> None:
        scores = output[1]
        # hooks see every thread's calls
        if _current.get() is capture and scores is not None:
            capture.take(layer, scores[:, heads].detach())

    return take


def attention_matrix(
    scores: Tensor, *, qk_scale: float, medfilt_width: int, kernels: KernelChoice = "auto"
) -> Tensor:
    """The mean of the heads' standardised and smoothed attention (tokens, positions), float32.

    `scores` (heads, tokens, positions) are those before the softmax, cut to the positions that
    hold audio. After openai-whisper's word timing.
    """
    weights = softmax_over_positions(scores, qk_scale)
    weights = standardise_over_tokens(weights)
    weights = median_filter(weights, medfilt_width, kernels)
    return weights.mean(dim=0)


def word_attention(
    scores: Tensor,
    words: Sequence[WordTokens],
    *,
    qk_scale: float,
    medfilt_width: int,
    kernels: KernelChoice = "auto",
) -> NDArray[np.float64]:
    """How much each word attends to each position (words, positions): its rows sum to 1.

    `scores` (heads, text tokens, positions) are those before the softmax; the mean over heads and
    over the tokens of a word that are spoken.
    """
    weights = softmax_over_positions(scores, qk_scale)
    weights = median_filter(weights, medfilt_width, kernels).mean(dim=0)
    by_token = weights.cpu().numpy().astype(np.float64)  # (tokens, positions); MPS has no float64
    offset = 0
    attention = []
    for word in words:
        first, end = word.spoken
        attention.append(by_token[offset + first : offset + max(end, first + 1)].mean(axis=0))
        offset += len(word.tokens)
    return np.stack(attention)  # (words, positions)


def softmax_over_positions(scores: Tensor, qk_scale: float) -> Tensor:
    """Attention weights: each token's scores, times `qk_scale`, sum to 1 over the positions."""
    return (scores.float() * qk_scale).softmax(dim=-1)


def standardise_over_tokens(weights: Tensor) -> Tensor:
    """Mean 0 and population standard deviation 1 over the tokens, at each position of each head.

    Where all tokens weigh the same there is nothing to tell them apart, and the result is 0.
    """
    deviation, mean = std_mean(weights, dim=-2, correction=0, keepdim=True)
    return ((weights - mean) / deviation).where(deviation > 0, zeros_like(weights))
