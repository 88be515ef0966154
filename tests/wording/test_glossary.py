"""A glossary's terms in the place of what sounds like them."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.errors import UsageError
from subalign.options import Term
from subalign.wording.glossary import correct, near_misses, read_glossary
from subalign.wording.sounds import likeness, plain_letters

NAMES = (
    "Drumnadrochit\nMetoprolol\nNew Kirkcaldy\nŁódź\nNASA\nApple\nPostgreSQL\nQuillon\n"
    "big data base => PostgreSQL\n"
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("in Drumad Rochit, we", "in Drumnadrochit, we"),
        ("take metoprolole.", "take metoprolole."),  # another form of the word
        ("take metoprollol.", "take Metoprolol."),
        ("to New Kirk Caldy now", "to New Kirkcaldy now"),
        ("in Lodz and Nasa", "in Lodz and NASA"),
        ("an apple a day, Apple", "an apple a day, Apple"),
        ("my postgresql's", "my PostgreSQL's"),
        ("a big data base", "a PostgreSQL"),
        ("a million people", "a million people"),
        ("the morning was here", "the morning was here"),
    ],
)
def test_near_misses_become_terms(spoken, text, wanted):
    found, changes = correct(spoken(text), read_glossary(NAMES, "g.txt"))
    assert found.text.strip() == wanted
    assert bool(changes) == (wanted != text)


def test_words_keep_their_times_and_join_them(spoken, timed):
    found, (change,) = correct(spoken("in Drumad Rochit, we"), (Term("Drumnadrochit"),))
    assert timed(found) == [(" in", 0, 0.4), (" Drumnadrochit,", 0.5, 1.4), (" we", 1.5, 1.9)]
    assert (change.start, change.end, change.before) == (0.5, 1.4, "Drumad Rochit")


@pytest.mark.parametrize(
    ("probability", "wanted"), [(0.9, " to reform"), (0.5, " Terraform"), (math.nan, " to reform")]
)
def test_words_that_were_heard_well_stay(spoken, probability, wanted):
    transcript = spoken("to reform")
    (segment,) = transcript.segments
    words = tuple(replace(word, probability=probability) for word in segment.words)
    heard = replace(transcript, segments=(replace(segment, words=words),))
    assert correct(heard, (Term("Terraform"),))[0].text == wanted
    untimed = replace(transcript, segments=(replace(segment, words=None),))
    assert correct(untimed, (Term("Terraform"),))[0].text == " to reform"


def test_the_likest_is_taken_and_nothing_twice(spoken):
    terms = (Term("Montefiore"), Term("Montefuri"))
    found, _ = correct(spoken("Monte Furi"), terms)
    assert found.text == " Montefuri"


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("# none\n\nAnna\nAnna\n", (Term("Anna"),)),
        ("a b => C", (Term("C", "a b"),)),
        ("\ufeffÅsa", (Term("Åsa"),)),
    ],
)
def test_a_list_of_terms(text, terms):
    assert read_glossary(text, "g.txt") == terms


@pytest.mark.parametrize("text", ["ok\n!!", "ok\n=> x", "ok\nx =>"])
def test_a_line_without_a_term(text):
    with pytest.raises(UsageError, match=r"^g\.txt, line 2 has no term: write a name or a word\.$"):
        read_glossary(text, "g.txt")


def test_likeness():
    assert likeness("ostrovic", "ostravik") > 0.9
    assert likeness("million", "quillon") < 0.85
    assert plain_letters("Łódź-Śródmieście 5") == "łodzsrodmiescie5"


@given(st.text(max_size=12), st.text(max_size=12))
def test_likeness_is_symmetric_and_of_itself_1(one, other):
    one, other = plain_letters(one), plain_letters(other)
    assert likeness(one, other) == pytest.approx(likeness(other, one))
    assert 0 <= likeness(one, other) <= 1
    assert not one or likeness(one, one) == 1


@given(st.text(max_size=40))
def test_near_misses_are_words_of_the_text(text):
    for miss in near_misses(text, [Term("Quillon"), Term("Łódź"), Term("北京")], 0.0):
        assert 0 <= miss.first < miss.end <= len(text)
        assert plain_letters(text[miss.first : miss.end])
