"""The net of letters against plain NumPy, and on the talk."""

import json

import numpy as np
import pytest

from subalign.alignment import grapheme_hmm
from subalign.alignment.boundaries import spectral_features
from subalign.alignment.grapheme_hmm import (
    INPUTS,
    SILENCE,
    LetterNet,
    read_letter_net,
    read_prior,
    with_neighbours,
)
from subalign.audio import open_audio
from subalign.mel import log_mel


@pytest.fixture(scope="module")
def talk_features(talk):
    with open_audio(str(talk)) as stream:
        return spectral_features(log_mel(stream, n_mels=80))


def test_it_scores_the_states_of_the_model_that_ships():
    net, prior = read_letter_net(), read_prior()
    assert net.log_priors.shape == prior.mixtures.constants.shape[:1]
    assert net.layers[-1][0].shape[0] == net.log_priors.size
    assert net.layers[0][0].shape[1] == INPUTS


def test_scores_are_log_likelihood_ratios():
    rng = np.random.default_rng(0)
    shapes = [(8, INPUTS), (7, 8)]
    layers = tuple((rng.normal(size=s), rng.normal(size=s[0])) for s in shapes)
    priors = rng.dirichlet(np.ones(7))
    features = rng.normal(size=(30, 39)).astype(np.float32)
    scores = LetterNet(layers, np.log(priors)).scores(features)
    inputs = with_neighbours(features)
    hidden = np.maximum(inputs @ layers[0][0].T + layers[0][1], 0)
    outputs = np.exp(hidden @ layers[1][0].T + layers[1][1])
    found = (outputs / outputs.sum(axis=1, keepdims=True)).T
    expected = np.log(found / priors[:, None])
    expected[1:3] = np.log(found[3:].sum(axis=0) / priors[3:].sum())
    np.testing.assert_allclose(scores, expected, rtol=1e-3, atol=1e-3)


def test_blocks_make_no_difference(talk_features, monkeypatch):
    features = talk_features[:700]
    whole = read_letter_net().scores(features)
    monkeypatch.setattr(grapheme_hmm, "_BLOCK", 64)
    np.testing.assert_allclose(read_letter_net().scores(features), whole, atol=1e-3)


def test_nothing_has_no_scores():
    assert read_letter_net().scores(np.zeros((0, 39), np.float32)).shape[1] == 0


def test_it_tells_letters_from_silence(talk, talk_features):
    content = json.loads(talk.with_name("talk.words.json").read_text(encoding="utf-8"))
    rows = content["words"] if isinstance(content, dict) else content
    spoken = np.zeros(len(talk_features), bool)
    for row in rows:
        spoken[round(100 * row["start"]) : round(100 * row["end"])] = True
    scores = read_letter_net().scores(talk_features)
    letters = scores[1] > scores[read_prior().units.index(SILENCE)]
    assert (letters == spoken).mean() > 0.85
