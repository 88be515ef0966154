"""Word boundaries from the sound: the letters' model and the spectrum's largest change."""

import json

import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from subalign.alignment import boundaries
from subalign.alignment.boundaries import BoundaryThresholds, refine_boundaries, spectral_features
from subalign.alignment.grapheme_hmm import (
    ANY_LETTER,
    SILENCE,
    HmmThresholds,
    SpokenWord,
    read_prior,
    spoken_letters,
)
from subalign.audio import open_audio
from subalign.kernels.hmm import MixtureStatistics
from subalign.mel import log_mel
from subalign.results import Word


@pytest.fixture(scope="module")
def talk_mel(talk):
    with open_audio(str(talk)) as stream:
        return log_mel(stream, n_mels=80)


@pytest.fixture(scope="module")
def talk_words(talk):
    """The words that the synthesisers of the talk said, with their times."""
    content = json.loads(talk.with_name("talk.words.json").read_text(encoding="utf-8"))
    rows = content["words"] if isinstance(content, dict) else content
    return [Word(row["word"], row["start"], row["end"], 1.0) for row in rows]


class Heard:
    """A net that finds given scores in whatever it hears."""

    def __init__(self, scores):
        self._scores = scores

    def scores(self, features):
        return self._scores[:, : len(features)]


def moved(words, seconds):
    return [
        Word(word.text, word.start + seconds, word.end + seconds, word.probability, word.estimated)
        for word in words
    ]


def errors(words, truth):
    """Mean error of starts and ends in ms."""
    pairs = zip(words, truth, strict=True)
    edges = [(ours.start - true.start, ours.end - true.end) for ours, true in pairs]
    return 1000 * np.abs(edges).mean()


@pytest.mark.parametrize("late", [0.05, -0.05])
def test_edges_go_back_to_where_words_are_said(talk_mel, talk_words, late):
    off = moved(talk_words, late)
    assert errors(off, talk_words) == pytest.approx(50, abs=1)
    assert errors(refine_boundaries(talk_mel, off).words, talk_words) < 25


def test_true_edges_stay(talk_mel, talk_words):
    assert errors(refine_boundaries(talk_mel, talk_words).words, talk_words) < 20


def test_bands_of_large_models_serve_as_well(talk, talk_words):
    with open_audio(str(talk)) as stream:
        mel = log_mel(stream, n_mels=128)
    assert errors(refine_boundaries(mel, moved(talk_words, 0.05)).words, talk_words) < 25


def test_estimated_words_keep_their_times(talk_mel, talk_words):
    words = [
        Word(word.text, word.start, word.end, word.probability, estimated=n % 5 == 2)
        for n, word in enumerate(moved(talk_words, 0.02))
    ]
    refined = refine_boundaries(talk_mel, words).words
    for before, after in zip(words, refined, strict=True):
        assert after.text == before.text
        assert after.estimated == before.estimated
        if before.estimated:
            assert (after.start, after.end) == (round(before.start, 3), round(before.end, 3))


def test_words_too_long_for_their_time_keep_it():
    """And which have edges by the sound is told."""
    rng = np.random.default_rng(3)
    mel = log_mel([rng.normal(0, 0.1, 5 * 16000).astype(np.float32)], n_mels=80)
    words = [
        Word(" incomprehensibilities", 1.0, 1.03, 1.0),
        Word(" internationalisation", 1.03, 1.06, 1.0),
        Word(" word", 3.5, 4.0, 1.0),
        Word(" guessed", 4.2, 4.5, 1.0, estimated=True),
    ]
    refined = refine_boundaries(mel, words)
    assert refined.by_sound.tolist() == [False, False, True, False]
    assert refined.words[:2] == words[:2]


def test_letters_of_another_script_are_learned(talk_mel, talk_words):
    cyrillic = str.maketrans({chr(ord("a") + n): chr(0x430 + n) for n in range(26)})
    words = [
        Word(word.text.lower().translate(cyrillic), word.start, word.end, 1.0)
        for word in moved(talk_words, 0.03)
    ]
    assert errors(refine_boundaries(talk_mel, words).words, talk_words) < 30


@settings(max_examples=25)
@given(st.data())
def test_words_stay_in_order_whatever_the_sound(data):
    seed = data.draw(st.integers(0, 1000))
    rng = np.random.default_rng(seed)
    seconds = data.draw(st.sampled_from([0.2, 1.0, 4.0]))
    loudness = data.draw(st.sampled_from([0.0, 1e-4, 0.3]))
    samples = (loudness * rng.normal(size=int(16000 * seconds))).astype(np.float32)
    n = data.draw(st.integers(1, 6))
    edges = np.sort(rng.uniform(0, seconds, 2 * n)).reshape(n, 2)
    texts = rng.choice(["a", "Strengths,", "10:30", "字幕", "—", "привет"], n)
    words = [
        Word(str(text), start, end, 1.0, estimated=bool(rng.random() < 0.2))
        for text, (start, end) in zip(texts, edges.tolist(), strict=True)
    ]
    refined = refine_boundaries(log_mel([samples], n_mels=80), words).words
    assert [word.text for word in refined] == [word.text for word in words]
    free = 0.0
    for word in refined:
        assert free - 1e-9 <= word.start <= word.end <= seconds + 1e-9
        if seconds >= 0.02 * n:
            assert word.end - word.start >= 0.02 - 1e-9
        free = word.end


def test_nothing_is_left_as_it_is():
    silence = log_mel([np.zeros(16000, np.float32)], n_mels=80)
    assert refine_boundaries(silence, []).words == []


def test_features_are_normalised_cepstra(talk_mel):
    features = spectral_features(talk_mel)
    assert features.shape == (talk_mel.n_frames, 39)
    frames = talk_mel.window(0, talk_mel.n_frames, talk_mel.n_frames).numpy() * 4 * np.log(10)
    cepstra = scipy.fft.dct(frames.T.astype(float), norm="ortho", axis=1)[:, :13]
    around = cepstra[1000 - 300 : 1000 + 301]
    expected = (cepstra[1000] - around.mean(axis=0)) / (around.std(axis=0) + 1e-3)
    np.testing.assert_allclose(features[1000, :13], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        (" Don't", "dont"),
        ("Müller,", "muller"),
        ("Straße", "strasse"),
        ("7", ANY_LETTER * 4),
        ("字", ANY_LETTER * 3),
        ("Привет!", "привет"),
        ("♪", ANY_LETTER),
    ],
)
def test_what_a_word_is_said_by(text, letters):
    assert "".join(spoken_letters(text)) == letters


def test_the_prior_stays_where_nothing_is_said():
    prior = read_prior()
    shape = prior.mixtures.means.shape
    nothing = MixtureStatistics(np.zeros(shape[:2]), np.zeros(shape), np.zeros(shape))
    same = prior.adapted(nothing).mixtures
    np.testing.assert_allclose(same.means, prior.mixtures.means)
    np.testing.assert_allclose(same.precisions, np.minimum(prior.mixtures.precisions, 20))
    np.testing.assert_allclose(same.weights, prior.mixtures.weights)


def test_the_prior_moves_towards_what_is_said():
    prior = read_prior()
    shape = prior.mixtures.means.shape
    counts = np.full(shape[:2], 1e6)
    sums, squares = np.full(shape, 3e6), np.full(shape, 10e6)  # mean 3, variance 1
    adapted = prior.adapted(MixtureStatistics(counts, sums, squares)).mixtures
    np.testing.assert_allclose(adapted.means, 3, atol=0.01)
    np.testing.assert_allclose(adapted.precisions, 1, atol=0.02)


def test_the_prior_knows_silence_and_the_latin_letters():
    prior = read_prior()
    assert prior.units[:2] == (SILENCE, ANY_LETTER)
    assert {*"aeioubcdfghklmnprstvwy"} <= {*prior.units[2:]}
    np.testing.assert_allclose(prior.mixtures.weights.sum(axis=1), 1, atol=1e-3)


def test_words_said_faster_than_two_states_a_letter_are_found():
    prior = read_prior()
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 39)).astype(np.float32)
    word = SpokenWord(spoken_letters("thoroughly"), 10, 24)
    [edges] = prior.boundaries([features], [[word]])
    assert edges is not None
    assert 10 - 8 <= edges[0, 0] < edges[0, 1] <= 24 + 8


def test_a_word_without_room_is_not_found():
    prior = read_prior()
    features = np.zeros((6, 39), np.float32)
    [edges] = prior.boundaries([features], [[SpokenWord(tuple("strengths"), 1, 4)]])
    assert edges is None


def test_an_edge_that_nothing_moves_stays_where_attention_has_it():
    prior = read_prior()
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 39)).astype(np.float32)
    words = [SpokenWord(("a",), 10, 30), SpokenWord(("b",), 30, 50)]
    [edges] = prior.boundaries([features], [words], thresholds=HmmThresholds(away=1e4))
    assert edges is not None
    assert edges[:, 0].min() >= 10
    assert edges[:, 1].max() <= 50
    assert edges[0, 1] <= 30 <= edges[1, 0]


def test_what_the_net_hears_moves_an_edge():
    prior = read_prior()
    features = np.zeros((60, 39), np.float32)
    words = [SpokenWord(("a",), 10, 30), SpokenWord(("b",), 30, 50)]
    a, b = (2 * prior.units.index(letter) - 1 for letter in "ab")
    scores = np.zeros((len(prior.mixtures.constants), 60), np.float32)
    scores[[a, a + 1], 10:25] = scores[[b, b + 1], 25:50] = 1e3
    [edges] = prior.boundaries([features], [words], Heard(scores))
    assert edges is not None
    assert edges.tolist() == [[10, 25], [25, 50]]


def test_beside_a_pause_the_net_has_no_say():
    prior = read_prior()
    a, b = (2 * prior.units.index(letter) - 1 for letter in "ab")
    said = np.repeat([0, a, a + 1, 0, b, b + 1, 0], [10, 10, 10, 50, 10, 10, 20])
    features = prior.mixtures.means[said, 0].astype(np.float32)
    words = [SpokenWord(("a",), 10, 30), SpokenWord(("b",), 80, 100)]
    scores = np.zeros((len(prior.mixtures.constants), said.size), np.float32)
    scores[0, 22:90] = 1e3
    [alone] = prior.boundaries([features], [words])
    [edges] = prior.boundaries([features], [words], Heard(scores))
    assert alone is not None
    assert edges is not None
    assert edges[0, 1] == alone[0, 1] > 25
    assert edges[1, 0] == alone[1, 0] < 85


def test_features_do_not_depend_on_blocks(talk_mel, monkeypatch):
    whole = spectral_features(talk_mel)
    monkeypatch.setattr(boundaries, "_BLOCK", 450)
    np.testing.assert_allclose(spectral_features(talk_mel), whole, atol=1e-4)


def test_long_speech_is_refined_in_parts(talk_mel, talk_words):
    """Each has its own sound, which the words beside the cut do not leave."""
    whole = refine_boundaries(talk_mel, talk_words)
    thresholds = BoundaryThresholds(longest=4.0)
    parts = refine_boundaries(talk_mel, talk_words, thresholds=thresholds)
    assert parts.by_sound.sum() >= whole.by_sound.sum() - 2
    away = [abs(a.start - b.start) for a, b in zip(parts.words, whole.words, strict=True)]
    assert np.mean(away) < 0.005
    assert all(a.end <= b.start for a, b in zip(parts.words, parts.words[1:], strict=False))
