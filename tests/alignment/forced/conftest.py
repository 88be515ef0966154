"""The talk, its words, and the embedded model's tokenizer, for all stages of forced alignment."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from subalign.alignment.forced.recognition import Context, SpanEncoder
from subalign.alignment.script_words import script_words
from subalign.audio import SAMPLE_RATE, open_audio
from subalign.decoding import tokenizer_of
from subalign.mel import log_mel
from subalign.results import Line


@dataclass(frozen=True, eq=False)
class Talk:
    """Samples at 16 kHz, the lines that are said, and when each of their words begins (seconds)."""

    samples: np.ndarray
    lines: tuple[str, ...]
    starts: tuple[tuple[float, ...], ...]
    ends: tuple[float, ...]

    @property
    def seconds(self):
        return self.samples.size / SAMPLE_RATE

    def pause_after(self, line):
        """The middle of the pause after a line, in samples."""
        return round((self.ends[line] + self.starts[line + 1][0]) / 2 * SAMPLE_RATE)

    def opening(self, n_lines):
        """The first lines and their audio."""
        cut = self.pause_after(n_lines - 1)
        return Talk(
            self.samples[:cut], self.lines[:n_lines], self.starts[:n_lines], self.ends[:n_lines]
        )


@pytest.fixture(scope="session")
def whole_talk(talk, repo_root):
    """The example recording and what is said in it."""
    lines = (repo_root / "examples" / "talk.txt").read_text("utf-8").splitlines()
    words = iter(json.loads((repo_root / "examples" / "talk.words.json").read_text("utf-8")))
    of_lines = [[next(words) for _ in line.split()] for line in lines]
    assert not list(words)
    with open_audio(talk) as stream:
        samples = np.concatenate(list(stream))
    return Talk(
        samples,
        tuple(lines),
        tuple(tuple(word["start"] for word in line) for line in of_lines),
        tuple(line[-1]["end"] for line in of_lines),
    )


@pytest.fixture(scope="session")
def opening(whole_talk):
    """Its first eight lines: 22 seconds."""
    return whole_talk.opening(8)


@pytest.fixture(scope="session")
def opening_mel(opening):
    return log_mel([opening.samples], n_mels=80)


@pytest.fixture(scope="session")
def tokenizer(embedded_model):
    return tokenizer_of(embedded_model, "en")


@pytest.fixture
def context(embedded_model, tokenizer, opening_mel):
    """The opening with the embedded model; nothing of it is encoded yet."""
    return Context(SpanEncoder(embedded_model, opening_mel), tokenizer)


@pytest.fixture(scope="session")
def encode_words(tokenizer):
    """The words of a text as the model reads them."""
    return lambda text: [
        word.encoded for word in script_words(Line(text, ((0, len(text)),)), tokenizer)
    ]


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module", autouse=True)
def _torch_threads():
    """One thread, in place of the usual two: small batches gain nothing from a second."""
    torch.set_num_threads(1)
