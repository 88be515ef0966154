"""A window's text as it was probably said, with a listener who knows what was said."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from subalign.alignment.forced import verification as module
from subalign.alignment.forced.verification import edit_text
from subalign.alignment.teacher_forcing import TokenLikelihoods

SAID = (
    "We keep the light on until the morning. I look at her water and wait. They can read every "
    "word at its right time."
)
SURE, UNSURE, UNLIKELY = -0.1, -1.0, -8.0


@pytest.fixture
def edited(context, tokenizer, encode_words, monkeypatch):
    """The edited text, to a listener who expects what was said to go on as it did."""
    said = [token for word in encode_words(SAID) for token in word.tokens]

    @cache
    def known(text):
        """How many of the last (up to four) tokens were said in a row, and what came after them."""
        for length in range(min(4, len(text)), 0, -1):
            for end in range(length, len(said)):
                if said[end - length : end] == list(text[-length:]):
                    return length, said[end]
        return 0, tokenizer.eot if text else said[0]

    pairs = set(pairwise(said))
    calls = []

    def token_likelihoods(_model, _tokenizer, _encoded, texts, first):
        calls.append(len(texts))
        read = []
        for text, begin in zip(texts, first, strict=True):
            logs, likeliest = [], [said[0]]
            for place, token in enumerate(text):
                length, following = known(tuple(text[max(place - 4, 0) : place]))
                fits = token == following or (place and (text[place - 1], token) in pairs)
                sure = SURE if length == min(4, place) else UNSURE
                logs.append(sure if fits else UNLIKELY)
                likeliest.append(known(tuple(text[max(place - 3, 0) : place + 1]))[1])
            read.append(TokenLikelihoods(np.array(logs[begin:]), np.array(likeliest[begin:])))
        return read

    monkeypatch.setattr(module, "token_likelihoods", token_likelihoods)

    def call(text, evidence=None):
        words = encode_words(text)
        evidence = np.zeros(len(words)) if evidence is None else np.array(evidence, float)
        found = edit_text(context, None, words, evidence)
        call.most_rows = max(calls, default=0)
        for item in found:
            assert item.index is None or item.word == words[item.index]
        indices = [item.index for item in found if item.index is not None]
        assert indices == sorted(set(indices))
        return "".join(item.word.text for item in found).strip(), found

    return call


def test_what_was_said_stays(edited):
    text, found = edited(SAID)
    assert text == SAID
    assert [item.index for item in found] == list(range(len(SAID.split())))


@pytest.mark.parametrize(
    "extra", ["We keep the volcanic light on", "We keep the light on glacier until the morning."]
)
def test_a_word_too_many_is_left_out(edited, extra):
    rest = SAID.split(" ", len(extra.split()) - 1)[-1]
    written = f"{extra} {rest}"
    text, found = edited(written)
    assert text == SAID
    assert len(found) == len(written.split()) - 1


def test_a_passage_too_many_is_left_out(edited):
    foreign = " Volcanic eruptions transformed glaciers throughout northern Iceland."
    head, tail = SAID.split(" I look")
    evidence = np.r_[np.full(8, 5.0), np.full(7, -3.0), np.full(16, 5.0)]
    text, found = edited(f"{head}{foreign} I look{tail}", evidence)
    assert text == SAID
    assert [item.index for item in found] == [*range(8), *range(15, 31)]


@pytest.mark.parametrize("lacking", ["light", "her", "word"])
def test_a_word_that_is_lacking_is_put_in(edited, lacking):
    text, found = edited(SAID.replace(f" {lacking}", "", 1))
    assert text == SAID
    [new] = [item for item in found if item.index is None]
    assert new.word.text == f" {lacking}"


def test_one_of_each(edited):
    text, _ = edited(SAID.replace("light ", "").replace("and", "and glacier"))
    assert text == SAID


def test_words_with_evidence_that_fit_are_not_doubted(edited):
    """Where nothing surprises and all has evidence, nothing is even tried."""
    edited(SAID, evidence=np.full(len(SAID.split()), 5.0))
    assert edited.most_rows == 1


def test_many_changes_are_tried_few_at_once(edited):
    text, _ = edited(" ".join(["glacier"] * 60))
    assert set(text.split()) <= {"glacier", "We"}
    assert 1 < edited.most_rows <= 12


def test_short_texts_stay(edited):
    for text in ("", "glacier"):
        assert edited(text)[0] == text


@pytest.mark.parametrize("spaced", [True, False])
def test_where_the_text_would_end_no_word_is_foreseen(
    context, tokenizer, encode_words, monkeypatch, spaced
):
    """The end is no token of a text: what comes after it would be fed to the decoder with it."""
    fed = []

    [letter, *_] = tokenizer.encode("ever")

    def token_likelihoods(_model, _tokenizer, _encoded, texts, first):
        fed.extend(tuple(text) for text in texts)
        read = []
        for text, begin in zip(texts, first, strict=True):
            last = letter if tokenizer.eot in text else tokenizer.eot
            n_tokens = len(text) - begin
            likeliest = np.array([tokenizer.eot] * n_tokens + [last])
            read.append(TokenLikelihoods(np.full(n_tokens, UNLIKELY), likeliest))
        return read

    monkeypatch.setattr(module, "token_likelihoods", token_likelihoods)
    monkeypatch.setattr(type(tokenizer), "spaced", spaced)
    words = encode_words("We keep the light on")
    found = edit_text(context, None, words, np.zeros(len(words)))
    assert max(token for text in fed for token in text) < tokenizer.eot
    assert all(token < tokenizer.eot for item in found for token in item.word.tokens)
