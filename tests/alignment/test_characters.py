"""Words letter by letter: the same text, and what of it is said."""

import pytest

from subalign.alignment.characters import spell
from subalign.alignment.words import WordTokens


def spelled(text, tokenizer):
    """The pieces of the spelled word, and those that are said."""
    [word] = spell([WordTokens(text, (1, 2), (0, 1))], tokenizer)
    assert word.text == text
    assert tokenizer.decode(word.tokens) == text
    first, end = word.spoken
    return [tokenizer.decode([token]) for token in word.tokens], tokenizer.decode(
        word.tokens[first:end]
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" ask", "ask"),
        (' "you,"', "you"),
        (" don't", "don't"),
        ("(well-known)", "well-known"),
        (" 24%", "24"),
    ],
)
def test_one_token_a_character_and_neither_space_nor_marks_are_said(noise, text, said):
    pieces, spoken = spelled(text, noise.tokenizer)
    assert pieces == list(text)
    assert spoken == said


def test_a_character_may_take_several_tokens(noise):
    pieces, spoken = spelled(" 你é!", noise.tokenizer)
    assert len(pieces) > 4
    assert spoken == "你é"


@pytest.mark.parametrize("text", [" -", "...", " ♪"])
def test_of_signs_alone_all_is_said(noise, text):
    assert spelled(text, noise.tokenizer)[1] == text


def test_words_keep_their_order(noise):
    words = [WordTokens(text, (1,), (0, 1)) for text in (" a", "", " b.")]
    found = spell(words, noise.tokenizer)
    assert [word.text for word in found] == [" a", "", " b."]
    assert found[1] == WordTokens("", (), (0, 0))
    assert spell([], noise.tokenizer) == []
