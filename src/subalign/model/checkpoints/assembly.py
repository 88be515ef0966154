"""From stored tensors to a `Whisper`, without ever holding the weights twice."""

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from subalign.errors import CheckpointError
from subalign.model.checkpoints.tensors import StoredTensor, check_tensors
from subalign.model.devices import TensorOptions, give_back_memory
from subalign.model.dimensions import ModelDimensions
from subalign.model.int8 import quantize
from subalign.model.registry import OfficialModel, official_models
from subalign.model.timing_heads import HeadChoice, choose_heads, heads_by_name
from subalign.model.whisper import Whisper
from subalign.tokenizer.vocabulary import NON_LANGUAGE_SPECIALS, Vocabulary, read_ctranslate2

__all__ = ["ENCODER_POSITIONS", "build_model", "mark_choice", "mark_heads", "official_vocabulary"]

# computed where a checkpoint leaves it out
ENCODER_POSITIONS = "encoder.positional_embedding"

# OpenAI's vocabulary sizes, special tokens included, and how many ordinary tokens each has
_OFFICIAL_RANKS = {51864: 50256, 51865: 50257, 51866: 50257}
# Whisper's languages; English-only models have tokens for those of the first version too
_LANGUAGES, _ENGLISH_ONLY_LANGUAGES = (99, 100), (99,)

# tensors in a layer of the encoder and of the decoder
_LAYER_TENSORS = 15, 24

_log = logging.getLogger("subalign")


class _Unallocated(TorchFunctionMode):
    """Let `torch.empty`, which every weight starts as, take no memory and no values here.

    The mode holds in this thread only. Buffers are computed as ever.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        settings = dict(kwargs or {})
        if func is torch.empty:
            settings["device"] = "meta"
        elif getattr(func, "__module__", "") == nn.init.__name__:
            return settings["tensor"] if "tensor" in settings else args[0]
        return func(*args, **settings)


def build_model(
    dims: ModelDimensions,
    stored: Mapping[str, StoredTensor],
    *,
    source: Path,
    name: str,
    vocabulary: Vocabulary,
    multilingual: bool | None,
    target: TensorOptions,
) -> Whisper:
    """A model in evaluation mode with these weights, copied and converted one by one.

    `source` is the file or folder that messages name.

    Raises:
        CheckpointError: the weights or the vocabulary do not fit the dimensions.
    """
    target = target.for_width(dims.n_text_state)
    _check_vocabulary(dims, vocabulary, multilingual, source)
    encoder, decoder = _LAYER_TENSORS
    if encoder * dims.n_audio_layer + decoder * dims.n_text_layer > len(stored):
        layers = f"{dims.n_audio_layer} + {dims.n_text_layer}"
        raise CheckpointError(
            f"{source} holds {len(stored)} tensors, too few for its stated {layers} layers: "
            "fetch the checkpoint again."
        )
    _check_size(dims, source)
    # a folder's name need not be text that can be written
    name = name.encode(errors="replace").decode()
    with _Unallocated():
        model = Whisper(dims, name=name, vocabulary=vocabulary, multilingual=multilingual)
    expected = model.state_dict()
    shapes = {key: tuple(tensor.shape) for key, tensor in expected.items()}
    check_tensors(stored, shapes, optional=(ENCODER_POSITIONS,), source=source)

    def read(key: str, dtype: torch.dtype | None = None) -> Tensor:
        weights = stored[key].read() if key in stored else expected[key]
        if dtype is not None:
            # a copy even where nothing changes: the file may be replaced while the model lives
            weights = weights.to(target.device, dtype, copy=True).contiguous()
        if not torch.isfinite(weights.sum(dtype=torch.float32)):
            raise CheckpointError(
                f"{source} holds weights that are no numbers, or too large ({key}): it is damaged; "
                "fetch it again."
            )
        return weights

    if target.compute == "int8":
        quantize(model, read)
        give_back_memory()
    weights = {key: read(key, target.dtype) for key in model.state_dict()}
    model.load_state_dict(weights, assign=True)
    return model.requires_grad_(False).eval()


def mark_heads(
    model: Whisper,
    stated: Sequence[tuple[int, int]] | None,
    *,
    official: OfficialModel | None,
    source: Path,
) -> None:
    """Mark alignment and timing heads: the `official` model's, else those that `source` states.

    Where neither is known, those of the official model of the same shape, with a warning.
    """
    choice = choose_heads(model.dims, stated) if official is None else heads_by_name(official)
    mark_choice(model, choice)
    if choice.taken_for is not None:
        _log.warning(
            "%s names no heads of its own: by its shape it is taken for %s and gets the heads of "
            "that model.",
            source,
            choice.taken_for.name,
        )
    elif stated and choice.alignment is None:
        # distilled models often keep their teacher's list
        _log.warning(
            "%s names alignment heads that the model does not have: words are timed by all heads "
            "of the upper half of its layers.",
            source,
        )


def mark_choice(model: Whisper, choice: HeadChoice) -> None:
    """Mark the heads that are chosen; without, the model keeps the upper half of its layers."""
    if choice.alignment is not None:
        model.mark_alignment_heads(choice.alignment)
    if choice.timing is not None:
        model.mark_timing_heads(choice.timing.pairs, choice.timing.shift)


def _check_size(dims: ModelDimensions, source: Path) -> None:
    """Refuse weights that stand for many times their files' bytes, before memory is taken."""
    files = [file for file in source.iterdir() if file.is_file()] if source.is_dir() else [source]
    layers = 12 * dims.n_audio_layer + 16 * dims.n_text_layer
    weights = dims.n_text_state * (dims.n_text_state * layers + dims.n_vocab)
    # scaled integers take a byte each
    if weights > sum(file.stat().st_size for file in files):
        raise CheckpointError(
            f"{source} is too small for the {weights:,} weights that its stated dimensions make: "
            "fetch the checkpoint again."
        )


def _check_vocabulary(
    dims: ModelDimensions, vocabulary: Vocabulary, multilingual: bool | None, source: Path
) -> None:
    ranks = len(vocabulary.ranks)
    languages = dims.n_vocab - ranks - NON_LANGUAGE_SPECIALS
    possible = _ENGLISH_ONLY_LANGUAGES if multilingual is False else _LANGUAGES
    fits = languages in possible and _OFFICIAL_RANKS.get(dims.n_vocab, ranks) == ranks
    if not fits:
        raise CheckpointError(
            f"The vocabulary of {source} has {ranks} tokens, which does not fit the {dims.n_vocab} "
            "that the model predicts: put the vocabulary beside it that it was trained with."
        )


def official_vocabulary(dims: ModelDimensions, source: Path) -> Vocabulary:
    """OpenAI's vocabulary for models of this size.

    Raises:
        CheckpointError: no official vocabulary has this size.
    """
    multilingual = {
        official.dims.n_vocab: official.multilingual for official in official_models().values()
    }
    if dims.n_vocab not in multilingual:
        raise CheckpointError(
            f"{source} carries no vocabulary, and no official one has {dims.n_vocab} tokens: put "
            "the model's vocab.tiktoken beside it."
        )
    # OpenAI's own names (openai/whisper, MIT)
    name = "multilingual" if multilingual[dims.n_vocab] else "gpt2"
    folder = resources.files("subalign") / "assets" / "vocabularies"
    return read_ctranslate2(Path(str(folder / f"{name}.txt.gz")))
