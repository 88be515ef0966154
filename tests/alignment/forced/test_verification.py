"""Was a word said? What the audio adds to the probability of a text."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from subalign.alignment.forced.recognition import SpanEncoder
from subalign.alignment.forced.thresholds import VerificationThresholds
from subalign.alignment.forced.verification import (
    smoothed,
    word_evidence,
    word_log_probabilities,
)
from subalign.alignment.pauses import FrameSpan
from subalign.alignment.teacher_forcing import TokenLikelihoods, token_likelihoods

LEAST = VerificationThresholds().evidence

UNRELATED = "Volcanic eruptions transformed glaciers throughout northern Iceland."


@pytest.fixture(scope="module")
def windows(embedded_model, opening, opening_mel):
    """The first four lines and the next four."""
    cut = opening.pause_after(3) // 160
    spans = [FrameSpan(0, cut), FrameSpan(cut, opening_mel.n_frames)]
    return SpanEncoder(embedded_model, opening_mel).encode(spans)


@pytest.fixture
def context(context, opening):
    """The first four lines are what is heard backwards, also beside the others."""
    return replace(context, fullest=FrameSpan(0, opening.pause_after(3) // 160))


@pytest.fixture
def evidence_of(context, windows, encode_words):
    """The evidence of texts, one a window; fewer texts than windows leave out the last."""

    def call(*texts):
        words = [encode_words(text) for text in texts]
        return word_evidence(context, windows.select(slice(len(texts))), words)

    return call


def test_smoothing_weighs_neighbours():
    assert smoothed(np.array([3.0])).tolist() == [3.0]
    assert smoothed(np.zeros(0)).tolist() == []
    assert smoothed(np.array([0.0, 0, 6, 0, 0, 0])) == pytest.approx([1.5, 1.2, 2, 1, 1.2, 0])
    # one word hardly counts for more, whatever it has
    assert smoothed(np.array([0.0, 0, 1e9, 0, 0]))[2] == pytest.approx(20 / 6)
    assert smoothed(np.full(7, 2.5)) == pytest.approx(np.full(7, 2.5))
    alone = VerificationThresholds(weights=(1.0,), most=4.0)
    assert smoothed(np.array([1.0, 9.0, -9.0]), alone).tolist() == [1, 4, -4]


def test_what_was_said_has_evidence_and_other_text_has_not(evidence_of, opening):
    said, also_said = evidence_of(" ".join(opening.lines[:4]), " ".join(opening.lines[4:]))
    assert (len(said), len(also_said)) == (26, 30)
    assert np.median(smoothed(said)) > LEAST
    assert np.median(smoothed(also_said)) > LEAST
    # the right text of the other window, and none of either
    for texts in ((opening.lines[4], opening.lines[0]), (UNRELATED, UNRELATED)):
        for other in evidence_of(*texts):
            assert smoothed(other).max() < np.median(smoothed(said))
            assert smoothed(other).mean() < LEAST


def test_a_foreign_word_among_those_said_has_least(evidence_of, opening):
    [evidence] = evidence_of(" ".join(opening.lines[:2]).replace("very", "Parliament"))
    assert evidence.argmin() == 9


def test_evidence_is_of_spoken_tokens_alone(context, windows, encode_words, monkeypatch):
    """Of a word its own punctuation counts for nothing, and what follows by itself is taken off."""
    words = encode_words('"Yes", he said!')
    n_tokens = sum(len(word.tokens) for word in words)
    read = iter((np.arange(n_tokens) * 1.0, np.full(n_tokens, -1.0)))
    monkeypatch.setattr(
        "subalign.alignment.forced.verification.token_likelihoods",
        lambda *_: [TokenLikelihoods(next(read), np.zeros(n_tokens + 1, int))],
    )
    [evidence] = word_evidence(context, windows, [words])
    offsets = np.cumsum([0, *(len(word.tokens) for word in words)])
    expected = [
        np.arange(offset + word.spoken[0], offset + word.spoken[1]).mean() + 1
        for offset, word in zip(offsets, words, strict=False)
    ]
    assert evidence == pytest.approx(expected)
    # a quotation mark before the first word
    assert words[0].spoken[0] > 0


def test_texts_of_no_words(evidence_of):
    assert [values.tolist() for values in evidence_of("", "")] == [[], []]
    empty, full = evidence_of("", "What kind of work do you do?")
    assert empty.size == 0
    assert full.size == 7


def test_a_text_is_read_the_same_beside_others(embedded_model, tokenizer, windows):
    texts = [tokenizer.encode(text) for text in (" Good morning.", " Good", " Good night to you")]
    one = windows.select(slice(1))
    together = token_likelihoods(embedded_model, tokenizer, one, texts)
    for text, read in zip(texts, together, strict=True):
        [alone] = token_likelihoods(embedded_model, tokenizer, one, [text])
        assert read.logs.shape == (len(text),)
        assert read.likeliest.shape == (len(text) + 1,)
        np.testing.assert_allclose(read.logs, alone.logs, atol=1e-4)
        np.testing.assert_array_equal(read.likeliest, alone.likeliest)
        assert (read.logs <= 0).all()
    # what it would have said is what it would go on with
    [first] = token_likelihoods(embedded_model, tokenizer, one, [[]])
    assert first.likeliest[0] == together[0].likeliest[0]
    [longer] = token_likelihoods(embedded_model, tokenizer, one, [first.likeliest.tolist()])
    assert longer.logs[0] > np.log(1 / tokenizer.eot)


def test_a_text_is_read_the_same_from_any_token_on(embedded_model, tokenizer, windows):
    text = tokenizer.encode(" Good morning, and welcome")
    one = windows.select(slice(1))
    [whole] = token_likelihoods(embedded_model, tokenizer, one, [text])
    begins = [0, 3, len(text)]
    parts = token_likelihoods(embedded_model, tokenizer, one, [text] * 3, begins)
    for begin, part in zip(begins, parts, strict=True):
        np.testing.assert_allclose(part.logs, whole.logs[begin:], atol=1e-4)
        np.testing.assert_array_equal(part.likeliest, whole.likeliest[begin:])


def test_logarithms_are_those_of_the_decoder(embedded_model, tokenizer, windows):
    text = tokenizer.encode(" Good morning, and welcome")
    one = windows.select(slice(1))
    [read] = token_likelihoods(embedded_model, tokenizer, one, [text])
    start = tokenizer.sot_sequence_including_notimestamps
    tokens = torch.tensor([[*start, *text]])
    logits = embedded_model.decoder.logits(embedded_model.decoder.hidden(tokens, one))[0]
    logs = logits[len(start) - 1 : -1, : tokenizer.eot + 1].log_softmax(-1)
    expected = [float(logs[place, token]) for place, token in enumerate(text)]
    assert read.logs == pytest.approx(expected, abs=1e-4)


def test_logarithms_of_words_are_means_of_their_spoken_tokens(
    context, embedded_model, tokenizer, windows, encode_words
):
    texts = [encode_words(text) for text in ('"Yes", he said!', "")]
    logs, none = word_log_probabilities(context, windows, texts)
    tokens = [token for word in texts[0] for token in word.tokens]
    [read] = token_likelihoods(embedded_model, tokenizer, windows.select(slice(1)), [tokens])
    first, end = texts[0][0].spoken
    assert logs[0] == pytest.approx(read.logs[first:end].mean(), abs=1e-4)
    assert (logs.size, none.size) == (3, 0)
