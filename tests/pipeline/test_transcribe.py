"""The library's way in: files, open files and samples give the same transcript."""

import io

import numpy as np
import pytest

import subalign
from subalign.audio import SAMPLE_RATE, open_audio
from subalign.errors import InputError, UsageError
from subalign.options import AlignmentOptions, Clip, TranscriptionOptions
from subalign.pipeline import default_model, read_mel

QUICK = TranscriptionOptions(
    beam_size=None, best_of=None, temperatures=(0.0,), clips=(Clip(0.0, 8.0),)
)


@pytest.fixture(scope="module")
def samples(repo_root):
    with open_audio(repo_root / "examples" / "talk.mp4") as stream:
        return np.concatenate(list(stream))


def test_every_kind_of_source_gives_the_same_words(embedded_model, repo_root, samples):
    path = repo_root / "examples" / "talk.mp4"
    expected = subalign.transcribe(path, model=embedded_model, options=QUICK)
    assert expected.model == "micro.en"
    assert expected.language == "en"
    assert expected.version == subalign.__version__
    assert expected.duration == pytest.approx(len(samples) / SAMPLE_RATE)
    assert len(list(expected.words)) > 5
    for source in (str(path), io.BytesIO(path.read_bytes()), samples, samples.astype(np.float64)):
        assert subalign.transcribe(source, model=embedded_model, options=QUICK) == expected


def test_reading_reports_how_far_it_has_come(repo_root):
    seen = []
    read_mel(repo_root / "examples" / "talk.mp4", n_mels=80, on_audio=lambda *at: seen.append(at))
    seconds = [done for done, _ in seen]
    assert seconds == sorted(seconds)
    declared = seen[-1][1]
    assert declared is not None
    assert seconds[-1] == pytest.approx(declared, abs=0.2)


def test_the_environment_names_the_default_model(monkeypatch):
    monkeypatch.delenv("SUBALIGN_MODEL", raising=False)
    assert default_model() == "micro.en"
    monkeypatch.setenv("SUBALIGN_MODEL", "turbo")
    assert default_model() == "turbo"


@pytest.mark.parametrize(
    ("samples", "error"),
    [(np.zeros((2, 100)), UsageError), (np.zeros(0), InputError)],
)
def test_unusable_samples_are_refused(samples, error):
    with pytest.raises(error):
        read_mel(samples, n_mels=80)


def test_invalid_samples_count_as_silence(embedded_model, samples):
    broken = samples[: 2 * SAMPLE_RATE].copy()
    broken[::7] = np.nan
    mended = np.nan_to_num(broken)
    found, expected = (read_mel(data, n_mels=80) for data in (broken, mended))
    assert found.window(0, 200, 200).equal(expected.window(0, 200, 200))


def test_kernels_that_cannot_run_are_refused_before_the_recording_is_read(
    embedded_model, monkeypatch
):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    with pytest.raises(UsageError, match="--kernels triton needs"):
        subalign.transcribe(
            "no such file", model=embedded_model, alignment=AlignmentOptions(kernels="triton")
        )
