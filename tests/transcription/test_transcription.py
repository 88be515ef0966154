"""Whole recordings in sequence give openai-whisper's segments, words and times."""

from dataclasses import replace

import numpy as np
import pytest

from openai_parity import GREEDY, assert_same, run, samples_of
from subalign.audio import SAMPLE_RATE
from subalign.model import ModelDimensions
from subalign.options import Clip, TranscriptionOptions
from whisper_peer import TINY, official_vocabulary, random_model

pytestmark = pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")


@pytest.fixture(scope="module")
def talk_samples(repo_root):
    return samples_of(repo_root / "examples" / "talk.mp4")


@pytest.fixture(scope="module")
def jfk(shared):
    return samples_of(shared / "data" / "jfk.flac")


@pytest.mark.parametrize("word_timestamps", [False, True])
def test_the_example_equals_openais(embedded_model, talk_samples, word_timestamps):
    options = TranscriptionOptions(
        language="en",
        beam_size=None,
        best_of=None,
        temperatures=(0.0,),
        word_timestamps=word_timestamps,
        sequential=True,
    )
    assert_same(embedded_model, talk_samples, options)


@pytest.mark.parametrize(
    "change",
    [
        {"beam_size": 3},
        {"condition_on_previous_text": True},
        {"condition_on_previous_text": False},
        {"initial_prompt": "A talk about the sea."},
        {"initial_prompt": "A talk about the sea.", "carry_initial_prompt": True},
        {"clips": (Clip(3.0, 12.5), Clip(30.0, 41.2))},
        {"hallucination_silence_threshold": 0.5},
        {"no_speech_threshold": None, "logprob_threshold": None},
    ],
    ids="+".join,
)
def test_options_equal_openais(embedded_model, talk_samples, change):
    options = replace(GREEDY, language="en", **change)
    assert_same(embedded_model, talk_samples[: 50 * SAMPLE_RATE], options)


def test_human_speech_equals_openais(embedded_model, jfk):
    assert_same(embedded_model, jfk, replace(GREEDY, beam_size=5))


def test_a_random_multilingual_model_equals_openais(shared, jfk):
    dims = replace(
        TINY,
        n_audio_state=64,
        n_audio_head=2,
        n_text_ctx=64,
        n_text_state=64,
        n_text_head=2,
        n_text_layer=2,
    )
    model = random_model(dims, official_vocabulary(shared, multilingual=True))
    options = replace(
        GREEDY,
        compression_ratio_threshold=None,
        logprob_threshold=None,
        no_speech_threshold=None,
    )
    assert_same(model, jfk[: 4 * SAMPLE_RATE], options)


def test_the_window_is_as_long_as_the_checkpoint_says(shared, jfk):
    dims = ModelDimensions(80, 250, 64, 2, 1, 51864, 64, 64, 2, 2)
    model = random_model(dims, official_vocabulary(shared, multilingual=False))
    running = run(model, jfk, replace(GREEDY, no_speech_threshold=None))
    segments = list(running)
    assert running.position == pytest.approx(11.0, abs=0.01)
    # 5 s windows: no segment reaches further, and the recording takes at least three
    assert all(segment.end <= segment.seek / 100 + 5 for segment in segments)
    assert len({segment.seek for segment in segments}) >= 3


def test_segments_come_while_the_recording_is_still_being_transcribed(embedded_model, talk_samples):
    running = run(embedded_model, talk_samples)
    first = next(running)
    assert first.id == 0
    assert 0 < running.position < running.duration
    rest = list(running)
    assert [segment.id for segment in rest] == list(range(1, len(rest) + 1))
    assert running.position == pytest.approx(running.duration, abs=0.01)
    assert running.transcript().segments == (first, *rest)


def test_fallback_samples_are_repeatable(embedded_model, jfk):
    options = replace(GREEDY, best_of=2, temperatures=(0.0, 0.8), logprob_threshold=0.0)
    first, second = (
        run(embedded_model, jfk[: 3 * SAMPLE_RATE], options).transcript() for _ in range(2)
    )
    assert first == second
    assert {segment.temperature for segment in first.segments} == {0.8}


def test_the_first_good_temperature_is_kept(embedded_model, talk_samples):
    options = replace(GREEDY, temperatures=(0.0, 0.5))
    found = run(embedded_model, talk_samples[: 10 * SAMPLE_RATE], options).transcript()
    assert {segment.temperature for segment in found.segments} == {0.0}


@pytest.mark.parametrize("n_samples", [0, 1, 160, 800, 16_001])
def test_very_short_recordings_end(embedded_model, n_samples):
    found = run(embedded_model, np.zeros(n_samples, np.float32)).transcript()
    assert found.duration == n_samples / SAMPLE_RATE
    assert all(segment.end <= 30 for segment in found.segments)
