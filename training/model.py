"""The package's model as it is trained: on crops of windows, with a CTC head beside the decoder."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from subalign.model import ModelDimensions, MultiHeadAttention, Whisper, explicit_attention
from subalign.model import load_whisper as load_checkpoint
from subalign.model.kv_cache import EncodedAudio
from subalign.tokenizer import Tokenizer, get_tokenizer
from subalign.tokenizer.vocabulary import NON_LANGUAGE_SPECIALS
from training.config import ModelConfig
from training.data.batches import Batch
from training.data.targets import LETTERS

__all__ = ["Heard", "TrainedModel", "make_model", "tokenizer_of_model"]

_LANGUAGES = 99
_EMBEDDING_SPREAD = 0.02
_CACHED_SCORES = 1_500_000


@dataclass(frozen=True, slots=True)
class Heard:
    """What a batch gives, all before the softmax.

    `logits` (windows, tokens, n_vocab), `letters` (windows, positions, 29), `scores` (windows,
    alignment heads, tokens, positions).
    """

    logits: Tensor
    letters: Tensor
    scores: Tensor


class TrainedModel(nn.Module):
    """A `Whisper` and what only training needs."""

    def __init__(self, whisper: Whisper, alignment_heads: int) -> None:
        super().__init__()
        self.whisper = whisper
        self.letters = nn.Linear(whisper.dims.n_audio_state, len(LETTERS) + 1)
        self.alignment_heads = alignment_heads
        last = whisper.dims.n_text_layer - 1
        heads = [(last, head) for head in range(alignment_heads)]
        whisper.mark_alignment_heads(heads)
        whisper.mark_timing_heads(heads)  # which are trained to lie on the words

    def forward(self, batch: Batch) -> Heard:
        whisper = self.whisper
        features = self.encode(batch.mel, batch.places)
        encoded = EncodedAudio(features, whisper.decoder.cross_attention_kv(features), batch.mel)
        with _scores(whisper) as captured:
            logits = whisper.decoder(batch.inputs, encoded)
        # (windows, heads, tokens, positions)
        scores = captured[0][:, : self.alignment_heads]
        return Heard(logits, self.letters(features), scores)

    def encode(self, mel: Tensor, places: Tensor) -> Tensor:
        """Features (windows, positions, n_state) of crops that begin at `places` (windows,)."""
        encoder = self.whisper.encoder
        x = functional.gelu(encoder.conv1(mel))
        x = functional.gelu(encoder.conv2(x)).transpose(1, 2)  # (windows, positions, n_state)
        steps = torch.arange(x.shape[1], device=places.device)
        x = x + encoder.positional_embedding[places[:, None] + steps]
        for block in encoder.blocks:
            x = x + _attend(block.attn, block.attn_ln(x))
            x = x + block.mlp(block.mlp_ln(x))
        return encoder.ln_post(x)  # type: ignore[no-any-return]


def _attend(attention: MultiHeadAttention, x: Tensor) -> Tensor:
    """Self-attention of `x` (windows, positions, n_state), on a CPU in bfloat16 by pieces.

    What fits in a core's cache takes half the time of the fused path there, and trains as well.
    """
    if x.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return attention(x)[0]
    windows, positions, n_state = x.shape
    heads = max(1, _CACHED_SCORES // positions**2)
    keys, values = attention.project(x)  # (windows, heads, positions, d_head) each
    # (windows, heads, positions, d_head)
    query = attention.query(x).view(windows, positions, attention.n_head, -1).transpose(1, 2)
    query = query * query.shape[-1] ** -0.5
    pieces = zip(*(part.flatten(0, 1).split(heads) for part in (query, keys, values)), strict=True)
    # (windows * heads, positions, d_head)
    output = torch.cat([(q @ k.transpose(1, 2)).softmax(dim=-1) @ v for q, k, v in pieces])
    output = output.view(windows, attention.n_head, positions, -1).transpose(1, 2)
    return attention.out(output.reshape(windows, positions, n_state))  # type: ignore[no-any-return]


@contextmanager
def _scores(whisper: Whisper) -> Iterator[list[Tensor]]:
    """Collect the last layer's cross-attention scores, with their gradients."""
    attention = whisper.decoder.blocks[-1].cross_attn
    assert isinstance(attention, MultiHeadAttention)
    captured: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: tuple[Tensor, Tensor]) -> None:
        captured.append(output[1])

    handle = attention.register_forward_hook(keep)
    try:
        with explicit_attention([attention]):
            yield captured
    finally:
        handle.remove()


def make_model(config: ModelConfig) -> TrainedModel:
    """A model to begin with, in float32: a checkpoint's weights, or fresh ones.

    Where the checkpoint has fewer layers than `config`, it grows.
    """
    if config.start:
        whisper = load_checkpoint(config.start, device="cpu", compute="float32")
        whisper.name = config.name
        whisper = _grown(whisper, config)
    else:
        whisper = _fresh(config)
    whisper.requires_grad_(True)
    return TrainedModel(whisper, config.alignment_heads)


def tokenizer_of_model(whisper: Whisper) -> Tokenizer:
    """The tokenizer of an English-only model that carries its vocabulary."""
    assert whisper.vocabulary is not None
    return get_tokenizer(
        whisper.vocabulary, multilingual=False, num_languages=whisper.num_languages
    )


def _grown(whisper: Whisper, config: ModelConfig) -> Whisper:
    """The same model with no fewer layers than `config` has; new ones change nothing at first.

    In the encoder they come last, in the decoder before the last, whose heads are guided.
    """
    dims = whisper.dims
    larger = dataclasses.replace(
        dims,
        n_audio_layer=max(dims.n_audio_layer, config.encoder_layers),
        n_text_layer=max(dims.n_text_layer, config.decoder_layers),
    )
    if larger == dims:
        return whisper
    grown = Whisper(
        larger,
        name=whisper.name,
        vocabulary=whisper.vocabulary,
        multilingual=whisper.multilingual,
        previous_text=whisper.previous_text,
        short_windows=whisper.short_windows,
    )
    last, new_last = dims.n_text_layer - 1, larger.n_text_layer - 1
    moved = (f"decoder.blocks.{last}.", f"decoder.blocks.{new_last}.")
    weights = {
        moved[1] + name.removeprefix(moved[0]) if name.startswith(moved[0]) else name: weight
        for name, weight in whisper.state_dict().items()
    }
    grown.load_state_dict(weights, strict=False)
    for block in (
        *grown.encoder.blocks[dims.n_audio_layer :],
        *grown.decoder.blocks[last:new_last],
    ):
        _silence(block)
    return grown


def _silence(block: nn.Module) -> None:
    """Make a block add nothing to what passes it."""
    for name, module in block.named_modules():
        if name.endswith((".out", "mlp.2")):
            assert isinstance(module, nn.Linear)
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)


def _fresh(config: ModelConfig) -> Whisper:
    vocabulary = load_checkpoint(config.vocabulary, device="cpu").vocabulary
    assert vocabulary is not None
    dims = ModelDimensions(
        n_mels=80,
        n_audio_ctx=1500,
        n_audio_state=config.width,
        n_audio_head=config.heads,
        n_audio_layer=config.encoder_layers,
        n_vocab=len(vocabulary.ranks) + _LANGUAGES + NON_LANGUAGE_SPECIALS,
        n_text_ctx=448,
        n_text_state=config.width,
        n_text_head=config.heads,
        n_text_layer=config.decoder_layers,
    )
    whisper = Whisper(
        dims, name=config.name, vocabulary=vocabulary, multilingual=False, short_windows=True
    )
    # the logits are read with the same weights: the default spread of 1 would be far too wide
    nn.init.normal_(whisper.decoder.token_embedding.weight, std=_EMBEDDING_SPREAD)
    return whisper
