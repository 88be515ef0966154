"""With official weights, transcripts are openai-whisper's: tokens, text, segments, times."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import whisper

from openai_parity import GREEDY, assert_same, peer_run, run
from subalign.audio import SAMPLE_RATE
from subalign.options import Clip
from subalign.tokenizer.vocabulary import read_tiktoken
from whisper_peer import peer_of

pytestmark = [
    pytest.mark.slow,
    # openai-whisper's beam search passes tensors to NumPy
    pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning"),
]

# Samples at so low a temperature are the likeliest tokens: no seed is needed to compare them.
FALLBACK = {"temperatures": (0.0, 0.001), "best_of": 2}


def options(**changes):
    return replace(GREEDY, language="en", **changes)


def test_vocabulary_and_heads_are_openais(tiny_en):
    theirs = read_tiktoken(Path(whisper.__file__).parent / "assets" / "gpt2.tiktoken")
    assert tiny_en.vocabulary.ranks == theirs.ranks
    peer = peer_of(tiny_en)
    peer.set_alignment_heads(whisper._ALIGNMENT_HEADS["tiny.en"])
    found = peer.alignment_heads.coalesce().indices().T.tolist()
    assert [list(pair) for pair in tiny_en.alignment_pairs] == found


def test_two_minutes_of_reading(tiny_en, reading):
    assert_same(tiny_en, reading)


@pytest.mark.parametrize(
    "change",
    [
        {"beam_size": 5},
        {"beam_size": 5, "logprob_threshold": -0.2, **FALLBACK},
        {"initial_prompt": "A talk by Ms Ferris, O.B.E."},
        {"initial_prompt": "a talk without capitals", "carry_initial_prompt": True},
        {"condition_on_previous_text": False, "clips": (Clip(3.0, 12.5), Clip(25.0, 33.2))},
    ],
    ids="+".join,
)
def test_options_on_the_talk(tiny_en, talk_samples, change):
    assert_same(tiny_en, talk_samples[: 35 * SAMPLE_RATE], options(**change))


def test_the_whole_talk_with_word_times(tiny_en, talk_samples):
    assert_same(tiny_en, talk_samples)


def test_jfk(tiny_en, jfk):
    assert_same(tiny_en, jfk, options(beam_size=5))


def test_noises_fall_back(tiny_en):
    """Bursts of noise: no speech, but sound."""
    random = np.random.default_rng(0)
    loudness = np.repeat(random.random(128), 4000) * 0.05
    noise = (random.standard_normal(loudness.size) * loudness).astype(np.float32)
    changes = {"word_timestamps": False, "no_speech_threshold": None, **FALLBACK}
    assert_same(tiny_en, noise, options(**changes))


@pytest.mark.parametrize("loudness", [0.0, 0.01], ids=["silence", "hiss"])
def test_windows_without_sound_give_nothing(tiny_en, jfk, loudness):
    """Only there we differ: openai-whisper hears "you" in some of them."""
    random = np.random.default_rng(0)
    still = (random.standard_normal(60 * SAMPLE_RATE - jfk.size) * loudness).astype(np.float32)
    assert run(tiny_en, still).transcript().segments == ()
    choice = options(condition_on_previous_text=False, word_timestamps=False)
    samples = np.concatenate([jfk, still])
    found = run(tiny_en, samples, choice).transcript()
    spoken = [
        segment
        for segment in peer_run(tiny_en, samples, choice)["segments"]
        if segment["start"] < 11
    ]
    assert [list(segment.tokens) for segment in found.segments] == [
        segment["tokens"] for segment in spoken
    ]
