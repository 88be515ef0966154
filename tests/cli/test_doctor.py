"""`subalign doctor`: what is there, and what is wrong."""

import json
import platform

import torch

import subalign.cli.diagnosis as diagnosis
from embedded import MEGABYTES
from subalign import __version__
from subalign.audio import find_ffmpeg
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

    monkeypatch.setattr(diagnosis, "find_ffmpeg", none_found)
    monkeypatch.setattr(diagnosis, "_numba_compiles", lambda: False)
    outcome = subalign("doctor")
    assert outcome.code == 1
    assert outcome.out.splitlines()[-2:] == [
        "Problem: No ffmpeg was found.",
        "Problem: numba cannot compile here: words cannot be timed. Reinstall numba.",
    ]
