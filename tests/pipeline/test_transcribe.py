"""The library's way in: files, open files and samples give the same transcript."""

import io
import threading
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

import subalign
from embedded import LAYERS
from subalign.audio import SAMPLE_RATE, open_audio
from subalign.errors import InputError, UsageError
from subalign.options import AlignmentMethod, AlignmentOptions, Clip, TranscriptionOptions
from subalign.pipeline import recordings
from subalign.pipeline.recordings import align_recording, read_mel, transcribe_recording
from subalign.results import Line, Script

QUICK = TranscriptionOptions(
    beam_size=None, best_of=None, temperatures=(0.0,), clips=(Clip(0.0, 8.0),)
)


def transcribe(source, **options):
    return transcribe_recording(source, **options).transcript()


@pytest.fixture(scope="module")
def samples(repo_root):
    with open_audio(repo_root / "examples" / "talk.mp4") as stream:
        return np.concatenate(list(stream))


def test_every_kind_of_source_gives_the_same_words(embedded_model, repo_root, samples):
    path = repo_root / "examples" / "talk.mp4"
    expected = transcribe(path, model=embedded_model, options=QUICK)
    assert expected.model == "micro.en"
    assert expected.language == "en"
    assert expected.version == subalign.__version__
    assert expected.duration == pytest.approx(len(samples) / SAMPLE_RATE)
    assert len(list(expected.words)) > 5
    for source in (str(path), io.BytesIO(path.read_bytes()), samples, samples.astype(np.float64)):
        assert transcribe(source, model=embedded_model, options=QUICK) == expected


def test_reading_reports_how_far_it_has_come(repo_root):
    seen = []
    read_mel(repo_root / "examples" / "talk.mp4", n_mels=80, on_audio=lambda *at: seen.append(at))
    seconds = [done for done, _ in seen]
    assert seconds == sorted(seconds)
    declared = seen[-1][1]
    assert declared is not None
    assert seconds[-1] == pytest.approx(declared, abs=0.2)


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
    with pytest.raises(UsageError, match="`kernels=triton` needs"):
        transcribe(
            "no such file", model=embedded_model, alignment=AlignmentOptions(kernels="triton")
        )


def test_heads_that_the_model_lacks_are_refused_before_the_recording_is_read(embedded_model):
    sentence = f"`heads` {LAYERS}:0 is not among the {LAYERS} x 6 heads of micro.en"
    wrong = AlignmentOptions(heads=((1, 5), (LAYERS, 0)))
    with pytest.raises(UsageError, match=sentence):
        transcribe("no such file", model=embedded_model, alignment=wrong)
    script = Script((Line("Hello", ((0, 5),)),))
    with pytest.raises(UsageError, match=sentence):
        align_recording("no such file", script, model=embedded_model, alignment=wrong)
    # heads are of no concern to recordings whose words are not timed
    with pytest.raises(InputError):
        transcribe(
            "no such file",
            model=embedded_model,
            options=TranscriptionOptions(word_timestamps=False),
            alignment=wrong,
        )


@pytest.mark.parametrize(("method", "compiled"), [("viterbi", "word_segmentation"), ("dtw", "dtw")])
def test_the_methods_kernel_is_compiled_beside_the_encoder(
    embedded_model, samples, monkeypatch, method, compiled
):
    begun = {name: threading.Event() for name in ("word_segmentation", "dtw")}
    for name, event in begun.items():
        monkeypatch.setattr(f"subalign.kernels.{name}.warm_up", event.set)
    options = {"model": embedded_model, "alignment": AlignmentOptions(method=method)}
    stream = transcribe_recording(samples[: 2 * SAMPLE_RATE], **options)
    assert stream.duration == pytest.approx(2.0)
    assert begun[compiled].wait(10)
    assert [name for name, event in begun.items() if event.is_set()] == [compiled]


def test_no_kernel_is_compiled_where_words_are_not_timed(embedded_model, samples, monkeypatch):
    begun = []
    monkeypatch.setattr(recordings, "_warm_up_alignment", lambda *_: begun.append(1))
    options = TranscriptionOptions(word_timestamps=False, sequential=True)
    transcribe_recording(samples[:SAMPLE_RATE], model=embedded_model, options=options)
    assert begun == []
    transcribe_recording(samples[:SAMPLE_RATE], model=embedded_model)
    assert begun == [1]


@pytest.mark.parametrize("method", get_args(AlignmentMethod))
def test_every_word_has_time_of_its_own_by_every_method(embedded_model, samples, method):
    alignment = AlignmentOptions(method=method)
    found = transcribe(samples, model=embedded_model, options=QUICK, alignment=alignment)
    words = list(found.words)
    assert len(words) > 5
    assert all(word.end - word.start >= 0.02 - 1e-9 for word in words)
    assert all(before.end <= word.start for before, word in pairwise(words))
    assert words[-1].end <= 8.0
