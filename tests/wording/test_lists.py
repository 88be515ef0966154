"""Replacements, fillers and censored words as users write them."""

import logging

import pytest

from subalign.errors import UsageError
from subalign.wording.apply import Wording, apply_wording
from subalign.wording.censoring import censor, read_censored, render_labels
from subalign.wording.edits import Change
from subalign.wording.fillers import FILLERS, remove_fillers
from subalign.wording.replacements import read_replacements, replace_words


@pytest.mark.parametrize(
    ("rules", "text", "wanted"),
    [
        ("colour => color", "Colour of colours, colour.", "Color of colours, color."),
        ("colour => color", "THE COLOUR!", "THE COLOR!"),
        ("jon smith => John Smith", "So JON Smith's here", "So John Smith's here"),
        ("e mail => e-mail", "an e mail", "an e-mail"),
        ("# a comment\n\nfoo =>", "foo bar", "bar"),
        ("a => b\nb => c", "a b", "c c"),
        (r"/(\w+)'s/ => of \1", "Anna's book", "of Anna book"),
        ("/COLOU?R/i => hue", "Color colour", "hue hue"),
        ("/x*/ => y", "abc", "abc"),
        ("/ => z", "no slash", "no slash"),
        ("北京 => 东京", "我在北京。", "我在东京。"),
        ("straße => street", "Straße", "Street"),
        ("a => A => B", "a", "A => B"),
    ],
)
def test_replacements(spoken, rules, text, wanted):
    found, _ = replace_words(spoken(text), read_replacements(rules, "r.txt"))
    assert found.text.strip() == wanted


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ("good => bad\nalone", r"^r\.txt, line 2 replaces nothing: write this => that\.$"),
        ("=> x", r"^r\.txt, line 1 replaces nothing"),
        ("/a(/ => b", r"^r\.txt, line 1 is no regular expression with its groups: "),
        (r"/a/ => \1", r"^r\.txt, line 1 is no regular expression with its groups: "),
        ("/a/z => b", r"^r\.txt, line 1 has the flag z: the flags are i and x\.$"),
    ],
)
def test_wrong_replacements(rules, sentence):
    with pytest.raises(UsageError, match=sentence):
        read_replacements(rules, "r.txt")


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("en", "Um, so we, uh, went.", "So we went."),
        ("en", "It was, um. Then, hmm, no.", "It was. Then no."),
        ("en", "It was um... Then", "It was... Then"),
        ("en", "Uh, um, I think", "I think"),
        ("en", "um the umbrella", "the umbrella"),
        ("en", "Uh-huh, uh-oh. Er, him", "Uh-huh, uh-oh. Him"),
        ("en", "I uh- I said", "I I said"),
        ("de", "Ähm, er kam, äh, spät.", "Er kam spät."),
        ("fr", "Il est, euh, parti.", "Il est parti."),
        ("ja", "えーと、今日は、あのー、雨です。", "今日は雨です。"),
        ("ja", "えーとは語", "えーとは語"),
    ],
)
def test_fillers(spoken, language, text, wanted):
    found, changes = remove_fillers(spoken(text, language=language))
    assert found.text.strip() == wanted
    assert bool(changes) == (wanted != text)


def test_fillers_take_no_time_from_others(spoken, timed):
    found, changes = remove_fillers(spoken("I, um, think", "Uh."))
    assert timed(found) == [(" I", 0.0, 0.4), (" think", 1.0, 1.4)]
    assert changes == (Change(0.5, 0.9, "um,", ""), Change(1.5, 1.9, "Uh.", ""))
    assert len(found.segments) == 1


def test_of_an_unknown_language_no_filler_is_removed(spoken, caplog):
    transcript = spoken("um yes", language="xx")
    with caplog.at_level(logging.WARNING, "subalign"):
        assert remove_fillers(transcript) == (transcript, ())
    assert "No fillers are known of the language xx" in caplog.text


def test_every_language_has_a_filler(spoken):
    said = {"hi": "उम", "ja": "えーと", "ko": "음", "zh": "呃", "ru": "эм", "uk": "хм", "tr": "ııı"}
    for language in FILLERS:
        filler = said.get(language, "hmm")
        found, _ = remove_fillers(spoken(f"a, {filler}, b", language=language))
        assert found.text.strip() == "a b", language


def test_censored_words_and_their_times(spoken):
    words = read_censored("damn*\nheck => h***\n# no\ngosh darn\ndarn => D\n", "c.txt")
    found, changes = censor(spoken("Damned heck, gosh darn darn it"), words)
    assert found.text == " [bleep] h***, [bleep] D it"
    assert render_labels(changes) == (
        "0.000\t0.400\tDamned\n0.500\t0.900\theck\n1.000\t1.900\tgosh darn\n2.000\t2.400\tdarn\n"
    )
    with pytest.raises(UsageError, match=r"^c\.txt, line 1 names no word"):
        read_censored("*", "c.txt")


def test_the_order_is_replace_remove_censor(spoken):
    wording = Wording(
        replacements=read_replacements("blast => um\nx => heck", "r"),
        without_fillers=True,
        censored=read_censored("heck", "c"),
    )
    found = apply_wording(spoken("a blast x"), wording)
    assert found.transcript.text == " a [bleep]"
    assert [len(part) for part in (found.replaced, found.fillers, found.censored)] == [2, 1, 1]
