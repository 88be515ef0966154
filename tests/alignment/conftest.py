"""Models, windows and texts that the stages of word timing are tested on."""

from dataclasses import dataclass

import pytest
import torch
from whisper_peer import peer_of, peer_tokenizer, random_model

from subalign.audio import open_audio
from subalign.mel import log_mel
from subalign.model import EncodedAudio, ModelDimensions, Whisper, load_model
from subalign.tokenizer import Tokenizer, get_tokenizer
from subalign.vocabulary import read_tiktoken

SMALL = ModelDimensions(80, 200, 64, 4, 2, 2632, 128, 64, 4, 3)


@dataclass(frozen=True)
class Case:
    """A model that has heard one recording, and openai-whisper's with the same weights."""

    model: Whisper
    mel: torch.Tensor
    num_frames: int

    @property
    def tokenizer(self) -> Tokenizer:
        return get_tokenizer(
            self.model.vocabulary, multilingual=False, num_languages=self.model.num_languages
        )

    @property
    def encoded(self) -> EncodedAudio:
        with torch.inference_mode():
            return self.model.encode(self.mel[None])

    @property
    def peer(self):
        return peer_of(self.model)

    @property
    def peer_tokenizer(self):
        return peer_tokenizer(self.model.vocabulary, self.model.num_languages, None, None)


@pytest.fixture(scope="session")
def micro(embedded):
    return load_model(embedded, device="cpu", dtype="float32")


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
