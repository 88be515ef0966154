"""A line's words: nothing is lost, and what the model reads is what is said."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.alignment.script_words import script_words
from subalign.results import Line
from subalign.tokenizer import get_tokenizer
from subalign.tokenizer.vocabulary import read_tiktoken
from whisper_peer import official_vocabulary


@pytest.fixture(scope="module")
def english(embedded):
    vocabulary = read_tiktoken(embedded / "vocab.tiktoken")
    return get_tokenizer(vocabulary, multilingual=False, num_languages=0)


@pytest.fixture(scope="module")
def multilingual(shared):
    vocabulary = official_vocabulary(shared, multilingual=True)
    return lambda language: get_tokenizer(
        vocabulary, multilingual=True, num_languages=99, language=language
    )


def line(text, *silent):
    """A line of which the given parts are not said."""
    said = [True] * len(text)
    for part in silent:
        start = text.index(part)
        said[start : start + len(part)] = [False] * len(part)
    # a range for each stretch of characters that are said
    return Line(text, tuple(run.span() for run in re.finditer(rb"\x01+", bytes(said))))


def written(words):
    return [(word.before, word.text, word.after) for word in words]


def read(words):
    return [word.encoded.text for word in words]


def spoken(words, tokenizer):
    """What of each word's tokens is heard."""
    return [tokenizer.decode(word.encoded.tokens[slice(*word.encoded.spoken)]) for word in words]


def test_words_are_what_stands_between_spaces(english):
    words = script_words(line("Stop,  it's\t10% of A-B."), english)
    assert written(words) == [
        ("", "Stop,", ""),
        ("", "  it's", ""),
        ("", "\t10%", ""),
        ("", " of", ""),
        ("", " A-B.", ""),
    ]
    assert read(words) == [" Stop,", " it's", " 10%", " of", " A-B."]


def test_tokens_are_those_of_running_text(english):
    text = "I look at the water, and wait!"
    words = script_words(line(text), english)
    tokens = [token for word in words for token in word.encoded.tokens]
    assert tokens == english.encode(" " + text)


def test_what_is_not_said_goes_to_the_word_it_touches(english):
    text = "ANNA: Hello</i> [door slams] world <i>again</i> (laughs)"
    words = script_words(
        line(text, "ANNA:", "</i>", "[door slams]", "<i>", "</i> (laughs)"), english
    )
    assert written(words) == [
        ("ANNA:", " Hello", "</i>"),
        (" [door slams]", " world", ""),
        (" <i>", "again", "</i> (laughs)"),
    ]
    assert read(words) == [" Hello", " world", " again"]


def test_what_is_not_said_stays_in_its_line(english):
    words = script_words(line("Hello. [bang]\n- You.", "[bang]", "- "), english)
    assert written(words) == [("", "Hello.", " [bang]"), ("\n-", " You.", "")]


def test_markup_inside_a_word_divides_it_without_a_space(english):
    words = script_words(line("<i>un</i>kind", "<i>", "</i>"), english)
    assert written(words) == [("<i>", "un", "</i>"), ("", "kind", "")]
    assert read(words) == [" un", "kind"]


def test_signs_cling_to_words(english):
    words = script_words(line("— Well ... “ so — \n… then ?"), english)
    assert written(words) == [
        ("", "— Well ...", ""),
        ("", " “ so —", ""),
        ("", " \n… then ?", ""),
    ]


def test_signs_that_are_said_are_words(english):
    words = script_words(line("rock & roll + 5 €"), english)
    assert [word.text for word in words] == ["rock", " &", " roll", " +", " 5", " €"]


def test_punctuation_at_both_ends_is_not_heard(english):
    words = script_words(line("“Hello,” she said — ¿no?"), english)
    assert [text.strip() for text in spoken(words, english)] == ["Hello", "she", "said", "no"]


def test_a_line_of_signs_has_no_words(english):
    assert script_words(line("♪ … —"), english) == ()
    assert script_words(line("[door slams]", "[door slams]"), english) == ()
    assert script_words(Line("", ()), english) == ()


def test_letters_are_read_composed_and_without_invisible_signs(english):
    words = script_words(line("cafe\u0301 co\u00adop \u202bab\u202c"), english)
    assert written(words)[0] == ("", "cafe\u0301", "")
    assert read(words) == [" caf\u00e9", " coop", " ab"]


def test_a_word_of_endless_length_is_cut(english):
    words = script_words(line("x" * 1000), english)
    assert len(words) > 1
    assert "".join(word.text for word in words) == "x" * 1000
    assert all(len(word.encoded.tokens) <= 48 for word in words)


def test_languages_without_spaces_are_cut_by_the_tokenizer(multilingual):
    tokenizer = multilingual("ja")
    words = script_words(line("こんにちは。(笑)「世界」はHello worldです。", "(笑)"), tokenizer)
    assert written(words) == [
        ("", "こんにちは。", "(笑)"),
        ("", "「世界」", ""),
        ("", "は", ""),
        ("", "Hello", ""),
        ("", " world", ""),
        ("", "です。", ""),
    ]
    assert read(words)[0] == "こんにちは。"
    assert spoken(words, tokenizer)[:2] == ["こんにちは", "世界"]


def test_marks_stay_with_their_letters(multilingual):
    text = "สวัสดีครับ ก็ดี"
    words = script_words(line(text), multilingual("th"))
    assert "".join(word.text for word in words) == text
    assert not any(word.text[0] in "ัี็" for word in words)


def test_chinese_under_another_language_is_cut_too(multilingual):
    text = "今天天气很好我们去公园吧" * 20
    words = script_words(line(text), multilingual("en"))
    assert len(words) > 20
    assert "".join(word.text for word in words) == text


CHARACTERS = st.one_of(
    st.sampled_from(list(" \n\t.,-—…'\"()[]<>&%€¿♪aAbé1\u0301\u200b\u00a0\u3000今日はก็ี안")),
    st.characters(exclude_categories=["Cs"]),
)


@st.composite
def lines(draw):
    text = draw(st.text(CHARACTERS, max_size=40))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    ranges = zip(cuts[::2], cuts[1::2], strict=False)
    return Line(text, tuple((first, end) for first, end in ranges if first < end))


def check(words, given_line, tokenizer):
    joined = "".join(word.before + word.text + word.after for word in words)
    assert joined == (given_line.text if words else "")
    for word in words:
        assert tokenizer.decode(word.encoded.tokens) == word.encoded.text
        first, end = word.encoded.spoken
        assert 0 <= first < end <= len(word.encoded.tokens)
        assert word.text.strip()


@given(given_line=lines())
def test_no_text_is_lost(english, given_line):
    check(script_words(given_line, english), given_line, english)


@given(given_line=lines())
def test_no_text_is_lost_without_spaces(multilingual, given_line):
    tokenizer = multilingual("zh")
    check(script_words(given_line, tokenizer), given_line, tokenizer)
