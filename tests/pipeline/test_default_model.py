"""Which model is used where none is named. No test fetches anything."""

import logging

import pytest
import torch

import subalign.model.devices as devices
import subalign.pipeline.default_model as default_model
from subalign.errors import ModelUnavailableError, UsageError
from subalign.pipeline.default_model import choose_model, named_model, resolve_model


@pytest.fixture(autouse=True)
def no_model_named(monkeypatch):
    monkeypatch.delenv("SUBALIGN_MODEL", raising=False)


@pytest.mark.parametrize(
    ("device", "model"), [("cpu", "base"), ("cuda", "turbo"), ("cuda:1", "turbo"), ("mps", "turbo")]
)
@pytest.mark.parametrize("language", [None, "en", "de"])
def test_transcribe_takes_what_the_device_is_quick_enough_for(monkeypatch, device, model, language):
    monkeypatch.setattr(devices, "resolve_device", torch.device)
    assert choose_model("transcribe", language, device) == model


def test_turbo_does_not_translate(monkeypatch):
    monkeypatch.setattr(devices, "resolve_device", torch.device)
    assert choose_model("transcribe", "de", "cuda", task="translate") == "medium"
    assert choose_model("transcribe", "de", "cpu", task="translate") == "base"


@pytest.mark.parametrize(
    ("language", "model"),
    [("en", "tiny.en"), ("English", "tiny.en"), ("de", "base"), ("german", "base"), (None, "base")],
)
def test_align_takes_what_fits_the_language(language, model):
    assert choose_model("align", language) == model


def test_a_name_goes_before_the_environment_and_that_before_auto(monkeypatch):
    assert named_model(None) is None
    monkeypatch.setenv("SUBALIGN_MODEL", "small")
    assert named_model(None) == "small"
    assert named_model("tiny") == "tiny"
    assert named_model("auto") is None
    monkeypatch.setenv("SUBALIGN_MODEL", "auto")
    assert named_model(None) is None
    monkeypatch.setenv("SUBALIGN_MODEL", "")
    assert named_model(None) is None


def test_a_named_model_is_left_to_who_loads_it(monkeypatch):
    monkeypatch.setattr(default_model, "fetch", None)
    assert resolve_model("no such", "align") == "no such"


def test_the_chosen_model_is_fetched(monkeypatch):
    fetched = []

    def fetch(name, *, progress):
        fetched.append(name)

    monkeypatch.setattr(default_model, "fetch", fetch)
    assert resolve_model(None, "transcribe", device="cpu") == "base"
    assert resolve_model("auto", "align", language="en") == "tiny.en"
    assert fetched == ["base", "tiny.en"]


@pytest.mark.parametrize("language", [None, "en", "English"])
def test_the_embedded_model_stands_in_where_english_may_be_spoken(caplog, language):
    with caplog.at_level(logging.WARNING, "subalign"):
        assert resolve_model(None, "align", language=language) == "micro.en"
    [record] = caplog.records
    model = "tiny.en" if language else "base"
    assert record.getMessage() == (
        f"Model {model} is not on this machine and HF_HUB_OFFLINE forbids to fetch it: using the "
        "embedded micro.en, which finds the words less surely; `subalign models get "
        f"{model}` fetches the better one."
    )


@pytest.mark.parametrize("language", ["de", "Danish"])
def test_nothing_stands_in_for_other_languages(caplog, language):
    with pytest.raises(ModelUnavailableError, match="run `subalign models get base` where a"):
        resolve_model(None, "align", language=language)
    assert caplog.records == []


@pytest.mark.parametrize("language", [None, "en", "de"])
def test_nothing_stands_in_where_speech_is_to_be_translated(caplog, language):
    with pytest.raises(ModelUnavailableError, match="give `model` a multilingual model"):
        resolve_model(None, "transcribe", language=language, task="translate")
    assert caplog.records == []


def test_an_unknown_language():
    with pytest.raises(UsageError):
        choose_model("align", "klingon")


def test_the_library_takes_the_same_model(monkeypatch):
    import subalign

    asked = []

    def fetch(name, *, progress):
        asked.append(name)
        raise ModelUnavailableError("No.")

    monkeypatch.setattr(default_model, "fetch", fetch)
    with pytest.raises(ModelUnavailableError):
        subalign.transcribe("no.wav", language="de")
    assert asked == [choose_model("transcribe", "de")]
