"""Whisper's encoder and decoder (Radford et al. 2022, section 2.2), named as OpenAI's."""

import math
from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from subalign.errors import CheckpointError, UsageError
from subalign.model.attention import KeyValues, Linear, Memory, MultiHeadAttention, joined
from subalign.model.dimensions import ModelDimensions
from subalign.model.head_dumps import decode_dump
from subalign.model.kv_cache import DecoderCache, EncodedAudio
from subalign.model.timing_heads import TimingHeads, upper_half
from subalign.tokenizer.vocabulary import NON_LANGUAGE_SPECIALS, Vocabulary

__all__ = [
    "AudioEncoder",
    "ResidualAttentionBlock",
    "TextDecoder",
    "TokenEmbedding",
    "Whisper",
    "sinusoids",
]


def sinusoids(length: int, channels: int, max_timescale: float = 10_000.0) -> Tensor:
    """Positions as sines, then cosines (length, channels) (Vaswani et al. 2017, section 3.5)."""
    step = math.log(max_timescale) / (channels // 2 - 1)
    rates = torch.exp(-step * torch.arange(channels // 2))
    angles = torch.arange(length)[:, None] * rates[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class ResidualAttentionBlock(nn.Module):
    """Self-attention, cross-attention in a decoder, and a two-layer perceptron, each pre-normed."""

    def __init__(self, n_state: int, n_head: int, *, cross_attention: bool = False) -> None:
        super().__init__()
        self.attn = MultiHeadAttention(n_state, n_head)
        self.attn_ln = nn.LayerNorm(n_state)
        self.cross_attn = MultiHeadAttention(n_state, n_head) if cross_attention else None
        self.cross_attn_ln = nn.LayerNorm(n_state) if cross_attention else None
        self.mlp = nn.Sequential(
            Linear(n_state, 4 * n_state), nn.GELU(), Linear(4 * n_state, n_state)
        )
        self.mlp_ln = nn.LayerNorm(n_state)

    def forward(
        self,
        x: Tensor,
        cross_kv: Memory | None = None,
        update_cache: Callable[[KeyValues], KeyValues] | None = None,
        *,
        causal: bool = False,
    ) -> Tensor:
        """One layer over `x` (rows, tokens, n_state); the same shape comes back.

        `cross_kv` is what a decoder's cross-attention attends to. `update_cache` takes the new
        tokens' keys and values and returns those of all tokens so far.
        """
        normed = _norm(x, self.attn_ln)
        own_kv = self.attn.project(normed)
        if update_cache is not None:
            own_kv = update_cache(own_kv)
        x = x + self.attn(normed, own_kv, causal=causal)[0]
        if self.cross_attn is not None and self.cross_attn_ln is not None:
            x = x + self.cross_attn(_norm(x, self.cross_attn_ln), cross_kv)[0]
        up, _, down = self.mlp
        hidden = functional.gelu(up.product(_norm(x, self.mlp_ln)))  # type: ignore[operator]
        return x + down.product(hidden)  # type: ignore[no-any-return, operator]


def _norm(x: Tensor, layer: nn.LayerNorm) -> Tensor:
    # as in `Linear.product`, the module call would cost more than the work
    return functional.layer_norm(x, layer.normalized_shape, layer.weight, layer.bias, layer.eps)


class TokenEmbedding(nn.Embedding):
    """Tokens' vectors, which logits are read with too; `int8.Int8Embedding` can take its place."""

    def project(self, hidden: Tensor) -> Tensor:
        """Logits (..., n_vocab) of states (..., n_text_state)."""
        return functional.linear(hidden, self.weight)


class AudioEncoder(nn.Module):
    """Log-mel windows to one vector every 20 ms."""

    positional_embedding: Tensor

    def __init__(self, dims: ModelDimensions) -> None:
        super().__init__()
        n_state = dims.n_audio_state
        self.conv1 = nn.Conv1d(dims.n_mels, n_state, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(n_state, n_state, kernel_size=3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(dims.n_audio_ctx, n_state))
        self.blocks = nn.ModuleList(
            ResidualAttentionBlock(n_state, dims.n_audio_head) for _ in range(dims.n_audio_layer)
        )
        self.ln_post = nn.LayerNorm(n_state)

    def forward(self, mel: Tensor) -> Tensor:
        """(windows, n_mels, 2 * positions) to (windows, positions, n_audio_state)."""
        x = functional.gelu(self.conv1(mel))
        x = functional.gelu(self.conv2(x)).transpose(1, 2)  # (windows, positions, n_state)
        x = x + self.positional_embedding[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)  # type: ignore[no-any-return]


class TextDecoder(nn.Module):
    """Tokens and encoded windows to the next token's logits.

    `packed_memory` makes what the windows' keys and values are kept as.
    """

    packed_memory: Callable[[KeyValues], Memory]

    def __init__(self, dims: ModelDimensions) -> None:
        super().__init__()
        self.packed_memory = KeyValues.contiguous
        n_state = dims.n_text_state
        self.dims = dims
        self.token_embedding = TokenEmbedding(dims.n_vocab, n_state)
        self.positional_embedding = nn.Parameter(torch.empty(dims.n_text_ctx, n_state))
        self.blocks = nn.ModuleList(
            ResidualAttentionBlock(n_state, dims.n_text_head, cross_attention=True)
            for _ in range(dims.n_text_layer)
        )
        self.ln = nn.LayerNorm(n_state)
        nn.init.normal_(self.positional_embedding, std=0.01)

    def cross_attention_kv(self, features: Tensor) -> tuple[Memory, ...]:
        """Each layer's cross-attention keys and values of encoded windows."""
        # as in `Whisper.encode`; and 8-bit products have a scale for all that they are given
        windows = features.split(1) if features.device.type == "cpu" else (features,)  # type: ignore[no-untyped-call]
        return tuple(
            joined([self.packed_memory(block.cross_attn.project(part)) for part in windows])  # type: ignore[union-attr, operator]
            for block in self.blocks
        )

    def hidden(
        self, tokens: Tensor, encoded: EncodedAudio, cache: DecoderCache | None = None
    ) -> Tensor:
        """States (rows, tokens, n_text_state) that the logits are read from.

        `tokens` (rows, tokens) follow those in `cache`, which they are added to. `encoded` may
        hold fewer windows than there are rows: each then serves as many consecutive rows.
        """
        offset = cache.length if cache is not None else 0
        positions = self.positional_embedding[offset : offset + tokens.shape[1]]
        x = (self.token_embedding(tokens) + positions).to(encoded.features.dtype)
        for layer, (block, cross_kv) in enumerate(zip(self.blocks, encoded.cross, strict=True)):
            update_cache = partial(cache.extend, layer) if cache is not None else None
            x = block(x, cross_kv, update_cache, causal=True)
        if cache is not None:
            cache.length += tokens.shape[1]
        return self.ln(x)  # type: ignore[no-any-return]

    def logits(self, hidden: Tensor) -> Tensor:
        """float32 logits (..., n_vocab) of states (..., n_text_state)."""
        return self.token_embedding.project(hidden).float()

    def forward(
        self, tokens: Tensor, encoded: EncodedAudio, cache: DecoderCache | None = None
    ) -> Tensor:
        """Logits (rows, tokens, n_vocab) after each token; see `hidden`."""
        return self.logits(self.hidden(tokens, encoded, cache))


class Whisper(nn.Module):
    """A Whisper model with its name, vocabulary and alignment heads.

    `previous_text` is whether the model was trained to go on from the text before the window, and
    `short_windows` whether it was trained on windows that are not padded with silence.
    `alignment_heads` is a sparse boolean (n_text_layer, n_text_head) of the cross-attention heads
    that follow the speech, as openai-whisper uses them; by default the upper half of the layers. It
    stays in main memory on every device. `timing_pairs` are the heads that method viterbi times
    words by, and `timing_shift` what it adds to the times they give.
    """

    alignment_heads: Tensor

    def __init__(
        self,
        dims: ModelDimensions,
        *,
        name: str = "",
        vocabulary: Vocabulary | None = None,
        multilingual: bool | None = None,
        previous_text: bool = True,
        short_windows: bool = False,
    ) -> None:
        super().__init__()
        self.dims = dims
        self.name = name
        self.vocabulary = vocabulary
        self.multilingual = dims.n_vocab >= 51865 if multilingual is None else multilingual
        self.previous_text = previous_text
        self.short_windows = short_windows
        self.encoder = AudioEncoder(dims)
        self.decoder = TextDecoder(dims)
        self._timing = upper_half(dims.n_text_layer, dims.n_text_head)
        self.mark_alignment_heads(self._timing.pairs)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Whisper":
        # a sparse tensor cannot move to every device (MPS), and the heads are read on the host
        heads = self._buffers.pop("alignment_heads")
        try:
            return super()._apply(fn, recurse)  # type: ignore[no-any-return, no-untyped-call]
        finally:
            self._buffers["alignment_heads"] = heads

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.decoder.positional_embedding.device

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights and of what flows between the layers."""
        return self.decoder.positional_embedding.dtype

    @property
    def quantized(self) -> bool:
        """Whether the linear layers are in int8, so that there are no weights to save or train."""
        return not isinstance(self.decoder.token_embedding, TokenEmbedding)

    @property
    def num_languages(self) -> int:
        """How many language tokens the vocabulary has."""
        if self.vocabulary is None:
            return self.dims.n_vocab - 51765 - int(self.multilingual)
        return self.dims.n_vocab - len(self.vocabulary.ranks) - NON_LANGUAGE_SPECIALS

    @property
    def alignment_pairs(self) -> tuple[tuple[int, int], ...]:
        """The (layer, head) pairs that are marked as alignment heads, layer by layer."""
        return tuple((layer, head) for layer, head in self.alignment_heads.indices().T.tolist())

    def mark_alignment_heads(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Mark just these (layer, head) pairs.

        Raises:
            CheckpointError: a pair lies outside the model, or there is none.
        """
        shape = (self.dims.n_text_layer, self.dims.n_text_head)
        mask = torch.zeros(shape, dtype=torch.bool, device="cpu")
        for layer, head in self._own_heads(pairs, "alignment"):
            mask[layer, head] = True
        self.register_buffer("alignment_heads", mask.to_sparse().coalesce(), persistent=False)

    @property
    def timing_pairs(self) -> tuple[tuple[int, int], ...]:
        """The (layer, head) pairs that are marked as timing heads, layer by layer."""
        return self._timing.pairs

    @property
    def timing_shift(self) -> float:
        """Seconds that are added to the times that the timing heads give."""
        return self._timing.shift

    def mark_timing_heads(self, pairs: Iterable[tuple[int, int]], shift: float = 0.0) -> None:
        """Mark just these (layer, head) pairs for method viterbi, with their shift in seconds.

        Raises:
            CheckpointError: a pair lies outside the model, or there is none.
        """
        self._timing = TimingHeads(self._own_heads(pairs, "timing"), shift)

    def _own_heads(
        self, pairs: Iterable[tuple[int, int]], kind: str
    ) -> tuple[tuple[int, int], ...]:
        own = tuple(sorted(set(pairs)))
        n_layers, n_heads = self.dims.n_text_layer, self.dims.n_text_head
        for layer, head in own:
            if not (0 <= layer < n_layers and 0 <= head < n_heads):
                raise CheckpointError(
                    f"{kind.capitalize()} head ({layer}, {head}) is not one of the {n_layers} x "
                    f"{n_heads} heads of model {self.name or 'without a name'}."
                )
        if not own:
            raise CheckpointError(f"At least one {kind} head must be marked.")
        return own

    def set_alignment_heads(self, dump: bytes | str) -> None:
        """Mark the heads of a dump: base85 of gzip of one boolean byte a head, layer by layer.

        Raises:
            CheckpointError: the dump is damaged or made for another model.
        """
        pairs = decode_dump(dump, self.dims.n_text_layer, self.dims.n_text_head)
        self.mark_alignment_heads(pairs)

    def encode(self, mel: Tensor) -> EncodedAudio:
        """Encode windows (windows, n_mels, 2 * n_audio_ctx) once for all decoding of them.

        With `short_windows` they may have fewer frames.

        Raises:
            UsageError: the windows have another number of frames than the model takes.
        """
        frames, whole = mel.shape[2], self.dims.window_frames
        if frames > whole or (frames < whole and not self.short_windows):
            raise UsageError(f"This model takes windows of {whole} mel frames, not of {frames}.")
        windows = mel.to(self.device, self.dtype)
        # a processor is quicker with one at a time, which fits its cache, and needs less memory
        on_processor = self.device.type == "cpu"
        parts = windows.split(1) if on_processor else (windows,)  # type: ignore[no-untyped-call]
        features = torch.cat([self.encoder(part) for part in parts])
        return EncodedAudio(features, self.decoder.cross_attention_kv(features), mel.float().cpu())

    def new_cache(self, rows: int) -> DecoderCache:
        """An empty cache for `rows` sequences."""
        return DecoderCache(self.dims, rows, device=self.device, dtype=self.dtype)

    def forward(self, mel: Tensor, tokens: Tensor) -> Tensor:
        """Logits (windows, tokens, n_vocab) after each of `tokens` (windows, tokens)."""
        return self.decoder(tokens, self.encode(mel))  # type: ignore[no-any-return]
