"""`subalign doctor`: what is there, and what is wrong."""

import json
import platform

import torch

import subalign.model.devices as devices
from embedded import MEGABYTES
from subalign import __version__, audio
from subalign.audio import find_ffmpeg
from subalign.cli import doctor
from subalign.errors import ToolMissingError


def test_a_sound_machine(subalign):
    outcome = subalign("doctor")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    facts = {line[:17].strip(): line[18:] for line in lines[:-1]}
    assert facts["subalign"] == __version__
    assert facts["Python"].startswith(platform.python_version())
    assert facts["torch"] == torch.__version__
    assert find_ffmpeg().path in facts["ffmpeg"]
    assert "cpu" in facts["devices"].split(", ")
    assert facts["numba kernels"] == "yes"
    assert facts["fused attention"] == "yes"
    assert facts["default model"] == "micro.en"
    assert facts["model here"].startswith(f"micro.en, embedded, {MEGABYTES} MB")
    assert lines[-1] == "Everything works."


def voices(outcome):
    return [line[18:] for line in outcome.out.splitlines() if line.startswith("speakers' voices")]


def test_what_tells_speakers_apart(subalign, monkeypatch):
    monkeypatch.setattr("subalign.speakers.voices.find_spec", lambda name: name == "sklearn")
    assert voices(subalign("doctor")) == ["told apart by clustering, with Resemblyzer's network"]
    monkeypatch.setattr("subalign.speakers.voices.find_spec", lambda name: None)
    assert voices(subalign("doctor")) == ["told apart by nothing: see --speakers"]


def test_pyannote_tells_speakers_apart(subalign, install_pyannote):
    install_pyannote()
    name = "pyannote.audio 4.0.7 (pyannote/speaker-diarization-community-1)"
    assert voices(subalign("doctor")) == [f"told apart by {name}"]
    assert json.loads(subalign("doctor", "--json").out)["voices"] == name


def test_why_pyannote_is_not_used(subalign, install_pyannote):
    install_pyannote(version="3.4.0")
    done = subalign("doctor")
    told = " ".join(done.err.split())
    assert "pyannote.audio 3.4.0" in told
    assert "cannot be loaded: version 4 or newer is needed." in told
    (by,) = voices(done)
    assert "pyannote" not in by
    assert done.code == 0


def test_what_auto_means_here(subalign, monkeypatch):
    monkeypatch.delenv("SUBALIGN_MODEL")
    for device, model in (("cpu", "base"), ("cuda", "turbo")):
        monkeypatch.setattr(devices, "resolve_device", lambda name, on=device: torch.device(on))
        line = f"{model} for transcribe, base for align, tiny.en for align --language en"
        assert f"default model     {line}\n" in subalign("doctor").out
        assert subalign("models", "list").out.endswith(f"\nWhere no model is named: {line}.\n")
    assert json.loads(subalign("doctor", "--json").out)["default_models"] == {
        "transcribe": "turbo",
        "align": "base",
        "align --language en": "tiny.en",
    }


def test_json_holds_the_same(subalign):
    found = json.loads(subalign("doctor", "--json").out)
    assert found["subalign"] == __version__
    assert {"name": "torch", "version": torch.__version__} in found["packages"]
    assert found["ffmpeg"]["origin"] in ("PATH", "imageio-ffmpeg")
    assert found["processor"]["native_bf16"] in (True, False)
    assert found["models"][0]["name"] == "micro.en"
    assert found["problems"] == []


def test_problems_are_sentences_and_code_1(subalign, monkeypatch):
    def none_found():
        raise ToolMissingError("No ffmpeg was found.")

    monkeypatch.setattr(audio, "find_ffmpeg", none_found)
    monkeypatch.setattr(doctor, "_numba_compiles", lambda: False)
    outcome = subalign("doctor")
    assert outcome.code == 1
    assert outcome.out.splitlines()[-2:] == [
        "Problem: No ffmpeg was found.",
        "Problem: numba cannot compile here: words cannot be timed. Reinstall numba.",
    ]
