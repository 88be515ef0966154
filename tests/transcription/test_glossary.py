"""Transcription with a glossary: told before windows, heard again, and put in place afterwards."""

from dataclasses import replace
from functools import partial

import pytest

from openai_parity import samples_of
from subalign.alignment import AttentionTimer
from subalign.mel import log_mel
from subalign.options import Term, TranscriptionOptions
from subalign.transcription import Transcription, fallback
from subalign.transcription.glossary import GlossaryDecoder, GlossaryThresholds

GREEDY = TranscriptionOptions(
    language="en", beam_size=None, best_of=None, temperatures=(0.0,), logprob_threshold=None
)


@pytest.fixture(scope="module")
def talk(repo_root):
    return samples_of(repo_root / "examples" / "talk.mp4")[: 6 * 16000]


def running(model, samples, options):
    mel = log_mel([samples], n_mels=model.dims.n_mels)
    return Transcription(model, mel, options, partial(AttentionTimer, model))


@pytest.fixture(scope="module")
def plain(embedded_model, talk):
    return running(embedded_model, talk, GREEDY).transcript()


@pytest.mark.parametrize("sequential", [False, True])
def test_a_term_takes_the_place_of_what_sounds_like_it(embedded_model, talk, plain, sequential):
    assert "morning" in plain.text
    terms = (Term("Mourningh"), Term("Mourningh", "morning"))
    options = replace(GREEDY, sequential=sequential, glossary=terms)
    stream = running(embedded_model, talk, options)
    found = stream.transcript()
    assert "Mourningh" in found.text
    assert ("morning", "Mourningh") in stream.corrections
    assert any(word.text.strip(" ,") == "Mourningh" for word in found.words)
    times = {word.text: (word.start, word.end) for word in plain.words}
    if not sequential:
        (word,) = [word for word in found.words if "Mourn" in word.text][:1]
        assert (word.start, word.end) == pytest.approx(times[" morning,"], abs=0.2)


def test_a_glossary_of_other_names_changes_nothing(embedded_model, talk, plain):
    options = replace(GREEDY, glossary=(Term("Zyx"), Term("Qwertz", "asdfgh")))
    stream = running(embedded_model, talk, options)
    assert stream.transcript() == plain
    assert stream.corrections == ()


def test_a_short_glossary_is_told_where_the_model_can_use_it(embedded_model):
    class Listening:
        def __getattr__(self, name):
            return True if name == "previous_text" else getattr(embedded_model, name)

    from subalign.decoding import tokenizer_of

    tokenizer = tokenizer_of(embedded_model, "en")
    terms = [Term("Anna"), Term("Łódź", "woodge"), Term("Anna", "hannah")]
    told = GlossaryDecoder(Listening(), tokenizer, terms, GlossaryThresholds(prompt=100))
    assert tokenizer.decode(told.prompt) == " Glossary: Anna, Łódź."
    assert GlossaryDecoder(Listening(), tokenizer, terms, GlossaryThresholds(prompt=3)).prompt == []
    assert GlossaryDecoder(embedded_model, tokenizer, terms).prompt == []


def test_a_window_is_heard_again_with_the_term_likelier(embedded_model, talk, monkeypatch):
    strong = GlossaryThresholds(bonus=9.0)
    monkeypatch.setattr(GlossaryDecoder.__init__, "__defaults__", (strong,))
    options = replace(GREEDY, glossary=(Term("Moaning"),))
    stream = running(embedded_model, talk, options)
    assert "Moaning" in next(stream).text
    assert ("morning", "Moaning") in stream.corrections
    monkeypatch.setattr(fallback, "_failed", lambda result, _: "Moaning" in result.text)
    assert "Moaning" not in next(running(embedded_model, talk, options)).text
