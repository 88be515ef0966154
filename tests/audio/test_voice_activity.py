"""Silero VAD's network as we compute it gives what its own TorchScript gives."""

import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from openai_parity import samples_of
from subalign.audio import voice_activity
from subalign.audio.voice_activity import CHUNK_SAMPLES, SpeechDetector, speech_detector
from subalign.errors import UsageError


@pytest.fixture(scope="module")
def samples(repo_root):
    return samples_of(repo_root / "examples" / "talk.mp4")[: 100 * CHUNK_SAMPLES + 77]


def heard(blocks):
    detector = speech_detector("silero")
    passed = list(detector.listen(iter(blocks)))
    assert all(out is given for out, given in zip(passed, blocks, strict=True))
    return detector.probabilities()


def test_probabilities_are_those_of_the_wheels_own_network(samples):
    path = Path(find_spec("silero_vad").origin).parent / "data" / "silero_vad.jit"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = torch.jit.load(path)
    whole = np.append(samples, np.zeros(-samples.size % CHUNK_SAMPLES, np.float32))
    with torch.no_grad():
        expected = [
            network(torch.from_numpy(chunk)[None], 16_000).item()
            for chunk in whole.reshape(-1, CHUNK_SAMPLES)
        ]
    found = heard([samples])
    assert found == pytest.approx(expected, abs=1e-4)
    assert found.min() < 0.1
    assert found.max() > 0.9


@pytest.mark.parametrize("size", [100, 512, 5000])
def test_blocks_of_any_size_give_the_same(samples, size, monkeypatch):
    whole = heard([samples])
    monkeypatch.setattr(voice_activity, "_CHUNKS_AT_ONCE", 7)
    cut = [samples[first : first + size] for first in range(0, samples.size, size)]
    assert heard(cut) == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("gain", [0.1, 0.001])
def test_speech_may_be_as_quiet_as_it_will(samples, gain):
    assert ((heard([samples * np.float32(gain)]) > 0.5) == (heard([samples]) > 0.5)).mean() > 0.95


@pytest.mark.parametrize("level", [0.0, 1e-6, 1e-3])
def test_silence_and_hiss_are_no_speech(level):
    hiss = np.random.default_rng(0).normal(0, level, 5 * 16_000).astype(np.float32)
    assert heard([hiss]).max() < 0.5


@pytest.mark.parametrize(("n_samples", "n_chunks"), [(0, 0), (1, 1), (512, 1), (513, 2)])
def test_every_sample_has_a_probability(n_samples, n_chunks):
    assert heard([np.zeros(n_samples, np.float32)]).shape == (n_chunks,)


def test_only_silero_hears_samples():
    assert isinstance(speech_detector("silero"), SpeechDetector)
    assert speech_detector("loudness") is speech_detector("none") is None


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(voice_activity, "find_spec", lambda name: None)
    voice_activity.detector_weights.cache_clear()
    with pytest.raises(UsageError, match="silero-vad"):
        speech_detector("silero")
