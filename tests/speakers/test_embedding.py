"""What voices sound like: the spectrogram, the network, and its weights from the package index."""

import shutil
import zipfile
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
import torch

from subalign.errors import ModelUnavailableError
from subalign.model import package_index
from subalign.model.package_index import WheelFile
from subalign.speakers import weights
from subalign.speakers.embedding import WINDOW_FRAMES, VoiceEncoder, VoiceSpectrogram

RATE = 16000


def spectrogram(samples, *cuts):
    heard = VoiceSpectrogram()
    blocks = list(heard.listen(iter(np.split(samples, cuts))))
    assert np.array_equal(np.concatenate(blocks), samples)
    return heard.frames()


def noise(seconds, level=0.1):
    rng = np.random.default_rng(5)
    return (level * rng.standard_normal(round(seconds * RATE))).astype(np.float32)


def random_weights():
    torch.manual_seed(3)
    lstm, linear = torch.nn.LSTM(40, 256, 3), torch.nn.Linear(256, 256)
    named = {f"lstm.{name}": value for name, value in lstm.state_dict().items()}
    return named | {f"linear.{name}": value for name, value in linear.state_dict().items()}


def test_the_spectrogram_is_librosas_whatever_the_blocks():
    samples = noise(1.0)
    found = spectrogram(samples, 1, 150, 399, 7000, 7001)
    assert found.shape == (101, 40)
    np.testing.assert_allclose(found, spectrogram(samples), rtol=1e-4, atol=1e-8)
    # librosa.feature.melspectrogram(n_fft=400, hop_length=160, n_mels=40), as Resemblyzer calls it
    window = torch.hann_window(400)
    spectrum = torch.stft(
        torch.from_numpy(samples), 400, 160, window=window, pad_mode="constant", return_complex=True
    )
    power = spectrum.abs().square().numpy()  # (201, frames)
    bands = VoiceSpectrogram()._filters.numpy() @ power
    np.testing.assert_allclose(found, bands.T, rtol=1e-4, atol=1e-8)


def test_quiet_recordings_are_made_louder_and_loud_ones_left():
    loud, quiet = spectrogram(noise(1.0, 0.1)), spectrogram(noise(1.0, 1e-4))
    assert quiet.mean() == pytest.approx(loud.mean() / 10, rel=0.02)  # of -20 dB, to -30 dB
    assert not spectrogram(np.zeros(RATE, np.float32)).any()


def test_embeddings_have_length_one_and_do_not_depend_on_the_batch(monkeypatch):
    frames = spectrogram(noise(4.0))
    windows = [frames[start : start + WINDOW_FRAMES] for start in range(0, 200, 40)]
    encoder = VoiceEncoder(random_weights())
    found = encoder.embed(windows)
    assert found.shape == (5, 256)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0)
    monkeypatch.setattr("subalign.speakers.embedding._BATCH", 2)
    np.testing.assert_allclose(encoder.embed(windows), found, atol=1e-6)
    assert encoder.embed([]).shape == (0, 256)


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index with random weights in place of Resemblyzer's; returns their wheel."""
    pretrained = tmp_path / "pretrained.pt"
    torch.save({"step": 1, "model_state": random_weights()}, pretrained)
    wheel = tmp_path / "Resemblyzer-0.1.4-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(pretrained, "resemblyzer/pretrained.pt")
    model = replace(
        weights.RESEMBLYZER,
        wheels={wheel.name: sha256(wheel.read_bytes()).hexdigest()},
        files={
            "pretrained.pt": WheelFile(
                ("resemblyzer/pretrained.pt",), sha256(pretrained.read_bytes()).hexdigest()
            )
        },
    )
    monkeypatch.setattr(weights, "RESEMBLYZER", model)
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    monkeypatch.setenv("SUBALIGN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("subalign.model.hub.is_offline", lambda: False)
    monkeypatch.setattr(
        package_index, "_download", lambda model, work, report: shutil.copy(wheel, work)
    )
    return wheel


def test_the_weights_are_fetched_once(index, tmp_path):
    told = []
    encoder = weights.voice_encoder(told.append)
    assert (tmp_path / "cache" / "models" / "resemblyzer" / "pretrained.pt").is_file()
    assert told[0].name == "resemblyzer"
    index.unlink()
    assert weights.voice_encoder() is encoder


def test_without_a_network_the_remedy_is_told(index, monkeypatch):
    monkeypatch.setattr("subalign.model.hub.is_offline", lambda: True)
    with pytest.raises(ModelUnavailableError, match=r"hears voices is not on this machine and HF_"):
        weights.voice_encoder()


def test_an_installed_package_needs_no_fetch(index, tmp_path, monkeypatch):
    package = tmp_path / "site" / "resemblyzer"
    package.mkdir(parents=True)
    with zipfile.ZipFile(index) as archive:
        archive.extract("resemblyzer/pretrained.pt", package.parent)
    index.unlink()
    (package / "__init__.py").write_text("raise ImportError('never imported')")
    monkeypatch.undo()
    monkeypatch.setenv("SUBALIGN_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(package.parent))
    assert isinstance(weights.voice_encoder(), VoiceEncoder)
    assert not (tmp_path / "cache").exists()


def test_a_damaged_file_is_told(index, tmp_path):
    folder = tmp_path / "cache" / "models" / "resemblyzer"
    folder.mkdir(parents=True)
    (folder / "pretrained.pt").write_bytes(b"no weights")
    with pytest.raises(ModelUnavailableError, match="does not hold the network that hears voices"):
        weights.voice_encoder()
