"""Models, windows and texts that the stages of word timing are tested on."""

from dataclasses import dataclass
from functools import cached_property

import pytest
import torch

from subalign.audio import open_audio
from subalign.mel import log_mel
from subalign.model import EncodedAudio, ModelDimensions, Whisper, load_whisper
from subalign.tokenizer import Tokenizer, get_tokenizer
from subalign.tokenizer.vocabulary import read_tiktoken
from whisper_peer import official_vocabulary, peer_of, peer_tokenizer, random_model

SMALL = ModelDimensions(80, 200, 64, 4, 2, 2632, 128, 64, 4, 3)
SMALL_MULTILINGUAL = ModelDimensions(80, 200, 64, 4, 1, 51865, 128, 64, 4, 2)


class KnownFeatures(torch.nn.Module):
    """Stands for an encoder of the one recording of a case, to save time."""

    def __init__(self, features):
        super().__init__()
        self.features = features

    def forward(self, _mel):
        return self.features


@dataclass(frozen=True)
class Case:
    """A model and one recording, and openai-whisper's with the same weights."""

    model: Whisper
    mel: torch.Tensor
    num_frames: int
    language: str | None = None

    @cached_property
    def tokenizer(self) -> Tokenizer:
        return get_tokenizer(
            self.model.vocabulary,
            multilingual=self.model.multilingual,
            num_languages=self.model.num_languages,
            language=self.language,
        )

    @cached_property
    def encoded(self) -> EncodedAudio:
        with torch.inference_mode():
            return self.model.encode(self.mel[None])

    @cached_property
    def peer(self):
        peer = peer_of(self.model)
        with torch.inference_mode():
            peer.encoder = KnownFeatures(peer.encoder(self.mel[None]))
        return peer

    @cached_property
    def peer_tokenizer(self):
        task = "transcribe" if self.model.multilingual else None
        return peer_tokenizer(self.model.vocabulary, self.model.num_languages, self.language, task)


@pytest.fixture(scope="session")
def micro(embedded):
    return load_whisper(embedded, device="cpu", compute="float32")


@pytest.fixture(scope="session")
def small(embedded):
    """Random weights and a window of 4 s."""
    vocabulary = read_tiktoken(embedded / "vocab.tiktoken")
    model = random_model(SMALL, vocabulary)
    model.multilingual = False
    model.mark_alignment_heads([(2, 3), (1, 0), (2, 0)])
    return model


@pytest.fixture(scope="session")
def jfk_mel(shared):
    with open_audio(shared / "data" / "jfk.flac") as stream:
        return log_mel(stream, n_mels=80)


@pytest.fixture(scope="session")
def jfk(micro, jfk_mel):
    return Case(micro, jfk_mel.window(0, jfk_mel.n_frames, 3000), jfk_mel.n_frames)


@pytest.fixture(scope="session")
def noise(small):
    mel = torch.rand(80, 400, generator=torch.Generator().manual_seed(3)) * 2 - 1
    return Case(small, mel, 400)


@pytest.fixture(scope="session", params=["ja", "de"])
def foreign(request, shared, noise):
    """A language without spaces between words, and one with."""
    vocabulary = official_vocabulary(shared, multilingual=True)
    return Case(random_model(SMALL_MULTILINGUAL, vocabulary), noise.mel, 400, request.param)
