"""The language that was detected, as the user hears of it."""

import json
import re

import numpy as np
import pytest

from subalign.model import ModelDimensions, save_checkpoint
from subalign.subtitles.saved_results import read_result
from whisper_peer import official_vocabulary, random_model

DIMENSIONS = ModelDimensions(80, 1500, 16, 2, 1, 51865, 24, 16, 2, 1)


@pytest.fixture(scope="module")
def multilingual(shared, tmp_path_factory):
    """Random weights, which know no language from another."""
    folder = tmp_path_factory.mktemp("models") / "random"
    vocabulary = official_vocabulary(shared, multilingual=True)
    save_checkpoint(random_model(DIMENSIONS, vocabulary), folder)
    return folder


def test_a_doubtful_language_is_told_with_its_probability(transcribe, clip, folder, multilingual):
    outcome = transcribe(clip.name, "-f", "json", "--model", multilingual)
    assert outcome.code == 0
    warning = r"Warning: The language of talk.wav is only guessed to be (\w[\w ]+ \(0\.\d\d\)): "
    found = re.match(warning + "name it with --language if it is another.\n", outcome.err)
    assert found
    assert f"talk.json ({found[1]}, 4.0 s of audio in " in outcome.err
    likely = json.loads((folder / "talk.json").read_text("utf-8"))["language_probability"]
    assert f"({likely:.2f})" in found[1]
    assert read_result(folder / "talk.json").language_probability == likely


def test_a_language_that_is_given_is_not_doubted(transcribe, clip, folder, multilingual):
    outcome = transcribe(
        clip.name, "-f", "json", "--model", multilingual, "--language", "de", "--no-word-timestamps"
    )
    assert "guessed" not in outcome.err
    assert "talk.json (4.0 s of audio in " in outcome.err
    facts = json.loads((folder / "talk.json").read_text("utf-8"))
    assert facts["language"] == "de"
    assert "language_probability" not in facts


def test_silence_has_no_language(transcribe, folder, make_wav, multilingual):
    make_wav(folder / "talk.wav", np.random.default_rng(1).normal(0, 0.001, 5 * 16000))
    outcome = transcribe("talk.wav", "--model", multilingual)
    assert outcome.code == 0
    warning, line = outcome.err.splitlines()
    assert warning == "Warning: No speech was found in talk.wav: the result is without text."
    assert line.startswith("talk.wav → talk.srt (5.0 s of audio in ")
    assert (folder / "talk.srt").read_bytes() == b""
