"""openai-whisper with our weights and vocabularies, as the oracle of the parity tests."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from unittest.mock import patch

import tiktoken
import torch
import whisper
import whisper.model
import whisper.tokenizer
import whisper.transcribe

from subalign.model import ModelDimensions, Whisper
from subalign.model.whisper import sinusoids
from subalign.tokenizer.vocabulary import Vocabulary, read_tiktoken

TINY_EN = ModelDimensions(80, 1500, 384, 6, 4, 51864, 448, 384, 6, 4)
TINY = ModelDimensions(80, 1500, 384, 6, 4, 51865, 448, 384, 6, 4)


def peer_of(model: Whisper) -> whisper.model.Whisper:
    """openai-whisper's model with the same weights and alignment heads."""
    peer = whisper.model.Whisper(whisper.model.ModelDimensions(**asdict(model.dims)))
    peer.load_state_dict(model.state_dict(), assign=True)  # one copy in memory
    peer.register_buffer("alignment_heads", model.alignment_heads, persistent=False)
    return peer.eval()


def peer_tokenizer(
    vocabulary: Vocabulary, num_languages: int, language: str | None, task: str | None
) -> whisper.tokenizer.Tokenizer:
    """openai-whisper's tokenizer over any vocabulary."""
    specials = [
        "<|endoftext|>",
        "<|startoftranscript|>",
        *(f"<|{code}|>" for code in list(whisper.tokenizer.LANGUAGES)[:num_languages]),
        "<|translate|>",
        "<|transcribe|>",
        "<|startoflm|>",
        "<|startofprev|>",
        "<|nospeech|>",
        "<|notimestamps|>",
        *(f"<|{i * 0.02:.2f}|>" for i in range(1501)),
    ]
    first = len(vocabulary.ranks)
    encoding = tiktoken.Encoding(
        "peer",
        pat_str=vocabulary.split_pattern,
        mergeable_ranks=dict(vocabulary.ranks),
        special_tokens={text: first + i for i, text in enumerate(specials)},
    )
    return whisper.tokenizer.Tokenizer(
        encoding=encoding, num_languages=num_languages, language=language, task=task
    )


@contextmanager
def peer_vocabulary(model: Whisper) -> Iterator[None]:
    """Make openai-whisper use `model`'s vocabulary in `transcribe` and `decode`; stable-ts too."""
    assert model.vocabulary is not None
    vocabulary = model.vocabulary

    def get_tokenizer(
        multilingual: bool,
        *,
        num_languages: int,
        language: str | None = None,
        task: str | None = None,
    ) -> whisper.tokenizer.Tokenizer:
        if multilingual:
            return peer_tokenizer(vocabulary, num_languages, language or "en", task or "transcribe")
        return peer_tokenizer(vocabulary, model.num_languages, None, None)

    with (
        patch.object(sys.modules["whisper.transcribe"], "get_tokenizer", get_tokenizer),
        patch.object(sys.modules["whisper.decoding"], "get_tokenizer", get_tokenizer),
        patch.object(whisper.tokenizer, "get_tokenizer", get_tokenizer),
    ):
        yield


def random_model(
    dims: ModelDimensions, vocabulary: Vocabulary | None = None, seed: int = 0
) -> Whisper:
    """Random weights, lively enough that tokens differ from window to window."""
    generator = torch.Generator().manual_seed(seed)
    with torch.device("meta"):
        model = Whisper(dims, name="random", vocabulary=vocabulary)
    model.to_empty(device="cpu")
    model.encoder.positional_embedding = sinusoids(dims.n_audio_ctx, dims.n_audio_state)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.fill_(1.0 if "ln" in name and name.endswith("weight") else 0.0)
            elif "embedding" in name:
                parameter.uniform_(-0.35, 0.35, generator=generator)
            else:
                bound = parameter[0].numel() ** -0.5
                parameter.uniform_(-bound, bound, generator=generator)
    return model.eval().requires_grad_(False)


def official_vocabulary(shared: Path, *, multilingual: bool) -> Vocabulary:
    """OpenAI's vocabulary, from the folder beside the repository."""
    name = "multilingual" if multilingual else "gpt2"
    return read_tiktoken(shared / "data" / f"{name}.tiktoken")
