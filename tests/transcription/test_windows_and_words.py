"""Words change no text, silence gives none, and the language is that of the speech."""

from dataclasses import replace
from functools import partial
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

import subalign.decoding.language as language
from openai_parity import GREEDY, samples_of
from subalign.alignment import AttentionTimer
from subalign.audio import SAMPLE_RATE
from subalign.decoding import LanguageGuess, spoken_language
from subalign.mel import log_mel
from subalign.model import ModelDimensions
from subalign.tokenizer.vocabulary import read_tiktoken
from subalign.transcription import Transcription
from whisper_peer import random_model

UNTIMED = replace(GREEDY, word_timestamps=False)
SHORT = ModelDimensions(80, 200, 64, 4, 2, 2632, 128, 64, 4, 3)


@pytest.fixture(scope="module")
def talk(repo_root):
    return samples_of(repo_root / "examples" / "talk.mp4")


@pytest.fixture(scope="module")
def short_model(embedded):
    """Random weights and a window of 4 s."""
    model = random_model(SHORT, read_tiktoken(embedded / "vocab.tiktoken"))
    model.multilingual = False
    return model


def steps(seconds, seed=1):
    """What counts as sound: noise that comes and goes."""
    samples = np.random.default_rng(seed).normal(0, 0.1, seconds * SAMPLE_RATE)
    return (samples * np.where(np.arange(samples.size) // 8000 % 2, 1.0, 0.1)).astype(np.float32)


def transcribe(model, samples, options=GREEDY):
    mel = log_mel([samples], n_mels=model.dims.n_mels)
    timer_for = partial(AttentionTimer, model)
    return Transcription(model, mel, options, timer_for, words_move_windows=False).transcript()


def decoded(transcript):
    return [(segment.seek, segment.tokens, segment.text) for segment in transcript.segments]


def assert_words_change_nothing(model, samples):
    timed, untimed = transcribe(model, samples), transcribe(model, samples, UNTIMED)
    assert timed.text == untimed.text != ""
    assert decoded(timed) == decoded(untimed)
    return list(timed.words)


def test_words_change_no_window_token_or_text(embedded_model, talk):
    words = assert_words_change_nothing(embedded_model, talk)
    assert all(before.end <= after.start for before, after in pairwise(words))
    # nothing is squeezed where windows meet
    assert sum(word.estimated for word in words) <= len(words) / 50


@pytest.mark.parametrize("seed", range(3))
def test_words_of_random_weights_change_nothing_either(short_model, seed):
    assert_words_change_nothing(short_model, steps(9, seed))


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_where_nothing_sounds_nothing_is_encoded_or_said(short_model, monkeypatch, noise):
    monkeypatch.setattr(short_model, "encode", None)
    samples = np.random.default_rng(1).normal(0, noise, 20 * SAMPLE_RATE).astype(np.float32)
    found = transcribe(short_model, samples)
    assert (found.text, found.segments) == ("", ())
    assert found.duration == 20.0


def test_speech_after_silent_windows_is_heard_as_if_it_came_first(embedded_model, talk):
    speech = talk[: 12 * SAMPLE_RATE]
    late = np.concatenate([np.zeros(60 * SAMPLE_RATE, np.float32), speech])
    expected, found = transcribe(embedded_model, speech), transcribe(embedded_model, late)
    assert found.text == expected.text
    # the frame at the border holds both
    assert [round(word.start - 60, 1) for word in found.words] == pytest.approx(
        [round(word.start, 1) for word in expected.words], abs=0.11
    )


class Listener:
    """Stands for a model: tells what was prepared for the window at each frame."""

    dims = SimpleNamespace(window_frames=3000)

    def __init__(self, guesses, monkeypatch):
        self.guesses = guesses
        self.heard = []
        monkeypatch.setattr(language, "detect_language", lambda _model, guess: [guess])

    def encode(self, seek):
        self.heard.append(seek)
        return self.guesses[seek // 3000]

    def language_of(self, samples, ranges=None):
        mel = log_mel([samples], n_mels=80)
        return spoken_language(mel, ranges or [(0, mel.n_frames)], self, self.encode)


def guess(code, probability, no_speech):
    rest = (1 - probability) / 2
    pairs = [(each, probability if each == code else rest) for each in ("en", "de", "si")]
    return LanguageGuess(code, tuple(pairs), no_speech)


MUSIC = guess("si", 0.75, 0.8)
GERMAN = guess("de", 0.95, 0.05)


def test_one_sure_window_tells_the_language(monkeypatch):
    listener = Listener([GERMAN, guess("en", 0.9, 0.1)], monkeypatch)
    assert listener.language_of(steps(60)) == GERMAN
    assert listener.heard == [0]


def test_windows_without_sound_are_not_asked(monkeypatch):
    listener = Listener([guess("en", 0.9, 0.9), None, GERMAN], monkeypatch)
    samples = np.concatenate([np.zeros(60 * SAMPLE_RATE, np.float32), steps(20)])
    assert listener.language_of(samples) == GERMAN
    assert listener.heard == [6000]
    assert listener.language_of(np.zeros(40 * SAMPLE_RATE, np.float32)) is None


def test_music_hardly_counts_beside_speech(monkeypatch):
    listener = Listener([MUSIC, MUSIC, GERMAN, GERMAN], monkeypatch)
    found = listener.language_of(steps(120))
    assert listener.heard == [0, 3000, 6000]
    assert (found.language, found.sure) == ("de", True)
    assert sum(share for _, share in found.probabilities) == pytest.approx(1)


def test_unsure_windows_are_averaged_up_to_eight(monkeypatch):
    listener = Listener([guess("en", 0.5, 0.1), guess("de", 0.6, 0.1)] * 6, monkeypatch)
    found = listener.language_of(steps(300))
    assert listener.heard == list(range(0, 24000, 3000))
    assert (found.language, found.probability) == ("de", pytest.approx(0.425))
    assert not found.sure


def test_only_what_is_transcribed_is_asked(monkeypatch):
    listener = Listener([MUSIC] * 4, monkeypatch)
    assert listener.language_of(steps(120), [(4000, 5000), (100, 200)]).language == "si"
    assert listener.heard == [4000, 100]
