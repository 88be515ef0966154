"""pyannote.audio tells speakers apart where it is installed with its weights; by a stand-in."""

import logging
import os
import sys

import numpy as np
import pytest
import torch
from huggingface_hub import constants

import stand_in_pyannote as stand_in
from subalign.errors import InputError, UsageError
from subalign.options import SpeakerTurn
from subalign.speakers import voices
from subalign.speakers.diarisation import HeardByClustering
from subalign.speakers.pyannote import HeardByPyannote, cached_pipelines
from subalign.speakers.voices import check_voices, hear_voices, load_voices, voices_here

CPU = torch.device("cpu")
NAME = f"pyannote.audio 4.0.7 ({stand_in.COMMUNITY})"


@pytest.fixture
def without_clustering(monkeypatch):
    """Neither scikit-learn nor the networks that our own way needs."""

    def refuse(*_):
        raise AssertionError("our own way is not needed")

    monkeypatch.setattr(voices, "find_spec", lambda name: None)
    monkeypatch.setattr("subalign.speakers.weights.voice_encoder", refuse)
    monkeypatch.setattr("subalign.audio.voice_activity.detector_weights", refuse)


@pytest.fixture
def own_network(monkeypatch):
    """A stand-in for Resemblyzer's network, which is not fetched."""
    monkeypatch.setattr("subalign.speakers.weights.voice_encoder", lambda _=None: object())


def hear(recording, n_speakers=None, size=700):
    heard = hear_voices(CPU, None, "talk.wav")
    blocks = [recording[at : at + size] for at in range(0, len(recording), size)]
    passed = list(heard.listen(iter(blocks)))
    assert [block.tolist() for block in passed] == [block.tolist() for block in blocks]
    return heard.turns(n_speakers)


def samples(seconds):
    rng = np.random.default_rng(4)
    return rng.uniform(-1, 1, round(seconds * 16000)).astype(np.float32)


def test_it_hears_the_samples_and_the_number_of_speakers(install_pyannote, without_clustering):
    install_pyannote()
    check_voices()
    recording = samples(1.5)
    turns = hear(recording, 3)
    assert turns == [
        SpeakerTurn(0.0, 0.5, "SPEAKER_02"),
        SpeakerTurn(0.5, 1.0, "SPEAKER_01"),
        SpeakerTurn(1.0, 1.5, "SPEAKER_00"),
    ]
    assert [turn.speaker for turn in hear(recording)] == ["SPEAKER_01", "SPEAKER_00"]
    (waveform, first), (_, second) = sys.modules["pyannote.audio"].Pipeline.heard
    assert (first, second) == (3, None)
    np.testing.assert_array_equal(waveform.numpy(), recording[None])
    assert hear(recording[:0]) == []


@pytest.mark.parametrize("telemetry", [None, "true"])
def test_the_process_is_left_as_it_was(install_pyannote, capfd, caplog, monkeypatch, telemetry):
    install_pyannote()
    if telemetry:
        monkeypatch.setenv("PYANNOTE_METRICS_ENABLED", telemetry)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    assert load_voices(CPU).startswith(NAME)
    assert len(hear(samples(1.0))) == 2
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    assert not constants.HF_HUB_OFFLINE
    assert torch.backends.cudnn.allow_tf32
    assert os.environ["PYANNOTE_METRICS_ENABLED"] == (telemetry or "false")
    logging.getLogger("lightning").warning("is heard again")
    assert len(caplog.records) == 1


def test_the_better_pipeline_is_taken(install_pyannote):
    install_pyannote(stand_in.OLDER, stand_in.COMMUNITY)
    assert cached_pipelines() == [stand_in.COMMUNITY, stand_in.OLDER]
    check_voices()
    assert "pyannote.audio" not in sys.modules  # its import takes seconds
    assert voices_here(CPU) == NAME


def test_the_older_pipeline_serves_too(install_pyannote, tmp_path):
    install_pyannote(stand_in.OLDER)
    stand_in.cache(tmp_path / "hub", stand_in.COMMUNITY, stand_in.FILES[2:])  # as 3.1 needs it
    assert load_voices(CPU).startswith(f"pyannote.audio 4.0.7 ({stand_in.OLDER})")


def test_without_weights_it_is_passed_over(install_pyannote, own_network, caplog, tmp_path):
    install_pyannote(stand_in.OLDER)
    (tmp_path / "hub").rename(tmp_path / "elsewhere")
    assert isinstance(hear_voices(CPU, None, "talk.wav"), HeardByClustering)
    assert "pyannote.audio" not in sys.modules
    assert not caplog.records


def test_without_the_package_weights_mean_nothing(own_network, monkeypatch, tmp_path):
    stand_in.cache(tmp_path, stand_in.COMMUNITY)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert cached_pipelines() == []
    assert load_voices(CPU) == voices_here(CPU) == "clustering, with Resemblyzer's network"


@pytest.mark.parametrize(
    ("package", "files", "reason"),
    [
        ({"version": "3.4.0"}, stand_in.FILES, "cannot be loaded: version 4 or newer is needed."),
        (
            {"source": "raise OSError('Could not load libx.so. It is not there.')"},
            stand_in.FILES,
            "cannot be loaded: Could not load libx.so.",
        ),
        ({"source": "import numpi"}, stand_in.FILES, "cannot be loaded: No module named 'numpi'."),
        ({}, stand_in.FILES[:1], f"lacks files: run `hf download {stand_in.COMMUNITY}`."),
    ],
)
def test_what_keeps_it_from_loading_is_told_once(
    install_pyannote, own_network, caplog, tmp_path, package, files, reason
):
    install_pyannote(**package)
    for name in set(stand_in.FILES) - set(files):
        (path,) = (tmp_path / "hub").glob(f"*/snapshots/*/{name}")
        path.unlink()
    for _ in range(2):
        assert load_voices(CPU) == "clustering, with Resemblyzer's network"
    (record,) = caplog.records
    named = f"pyannote.audio {package.get('version', '4.0.7')} ({stand_in.COMMUNITY})"
    told = record.getMessage()
    assert told == f"{named} {reason} Speakers are told apart without it."


def test_where_neither_can_the_remedy_is_told(install_pyannote, without_clustering):
    install_pyannote(source="raise ImportError")
    check_voices()  # it seems to be there
    with pytest.raises(UsageError, match="needs scikit-learn: install it with"):
        load_voices(CPU)
    with pytest.raises(UsageError, match="needs scikit-learn: install it with"):
        hear_voices(CPU, None, "talk.wav")


def test_what_it_cannot_hear_is_an_error_of_the_recording(install_pyannote, monkeypatch):
    install_pyannote()
    heard = hear_voices(CPU, None, "talk.wav")
    assert isinstance(heard, HeardByPyannote)

    def fail(self, file, **_):
        raise RuntimeError("stack expects\na non-empty list. More follows")

    monkeypatch.setattr(sys.modules["pyannote.audio"].Pipeline, "__call__", fail)
    list(heard.listen(iter([samples(1.0)])))
    with pytest.raises(InputError) as raised:
        heard.turns(None)
    assert str(raised.value).startswith(
        f"{NAME} cannot hear who speaks in talk.wav (stack expects a non-empty list): uninstall it,"
    )
