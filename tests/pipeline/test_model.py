"""The model as people call it."""

import numpy as np
import pytest

import subalign
from subalign.audio import SAMPLE_RATE
from subalign.options import AudioOptions, TranscriptionOptions
from subalign.pipeline import model as models
from subalign.pipeline.recordings import transcribe_recording
from subalign.results import Line, Script

QUICK = {"beam_size": None, "best_of": None, "temperatures": (0.0,)}


@pytest.fixture(scope="module")
def model(embedded_model):
    return subalign.Model(embedded_model)


@pytest.fixture
def talk(repo_root):
    return repo_root / "examples" / "talk.mp4"


def test_flat_arguments_do_what_the_options_do(model, talk):
    clips = (subalign.Clip(0.0, 6.0),)
    found = model.transcribe(talk, clips=clips, **QUICK)
    options = TranscriptionOptions(clips=clips, **QUICK)
    expected = transcribe_recording(talk, model=model.network, options=options)
    assert found == expected.transcript()
    assert len(list(found.words)) > 5
    streamed = model.transcribe_stream(talk, clips=clips, **QUICK)
    assert [segment.text for segment in streamed] == [one.text for one in found.segments]
    assert streamed.transcript() == found


def test_a_transcript_is_aligned_and_reported(model, talk):
    alignment = model.align(talk, talk.with_suffix(".txt"), language="en")
    assert alignment.report.heard_share > 0.8
    with pytest.raises(subalign.UsageError, match=r"^`method` must be viterbi or dtw, not 'x'\.$"):
        model.align(talk, talk.with_suffix(".txt"), method="x")


def test_options_of_another_kind_are_refused_by_name(model, talk):
    sentence = r"^`options` takes TranscriptionOptions, not AudioOptions\.$"
    with pytest.raises(subalign.UsageError, match=sentence):
        transcribe_recording(talk, model=model.network, options=AudioOptions())


def test_models_are_loaded_by_name_and_by_folder(embedded, monkeypatch):
    monkeypatch.setenv("SUBALIGN_MODEL", "micro.en")
    for name in ("micro.en", embedded, None, "auto"):
        loaded = subalign.load_model(name, device="cpu", compute="float32")
        assert repr(loaded) == "Model('micro.en')"


def test_the_short_ways_load_the_model_that_is_named(monkeypatch, embedded_model, tmp_path):
    asked = []
    monkeypatch.setattr(
        models, "load_whisper", lambda name, **_: asked.append(name) or embedded_model
    )
    silence = np.zeros(SAMPLE_RATE, np.float32)
    assert subalign.transcribe(silence, model="some").model == "micro.en"
    monkeypatch.setenv("SUBALIGN_MODEL", "other")
    assert subalign.transcribe(silence, language="en").language == "en"
    subalign.align(silence, Script((Line("Hm", ((0, 2),)),)))
    assert asked == ["some", "other", "other"]
    loaded = subalign.Model(embedded_model)
    (tmp_path / "ru.txt").write_text("Привет", "utf-8")
    with pytest.raises(subalign.InputError, match=r"ru\.txt is written in Cyrillic letters"):
        subalign.align(silence, tmp_path / "ru.txt", model=loaded)
