"""Text in capitals is read in sentence case and written as it is."""

import pytest

from subalign.alignment.script_words import in_sentence_case, script_words
from subalign.decoding import tokenizer_of
from subalign.results import Line


def lines(*texts):
    return [Line(text, ((0, len(text)),)) for text in texts]


@pytest.mark.parametrize(
    ("texts", "language", "expected"),
    [
        (
            ["HELLO THERE. HOW", "ARE YOU? I'M FINE"],
            "en",
            ["Hello there. How", "are you? I'm fine"],
        ),
        (["HE AND I SAW.", "YES"], "en", ["He and I saw.", "Yes"]),
        (["WHAT MR. McDONALD SAID ABOUT iPHONES"], "en", ["What mr. Mcdonald said about iphones"]),
        (["DAS WAR GRÖẞER ALS ICH"], "de", ["Das war größer als ich"]),
        (["IŞIK İLE GELDİ BURADA"], "tr", ["Işık ile geldi burada"]),
        (["ΟΔΟΣ ΑΘΗΝΑΣ ΚΑΙ ΑΛΛΟΣ"], "el", ["Οδος αθηνας και αλλος"]),
        # one line among others is shouted, or is a name
        (
            ["He said", "STOP IT RIGHT NOW!", "NASA USA", "Then he left"],
            "en",
            [None, "stop it right now!", None, None],
        ),
        (["こんにちは", "OK"], "ja", [None, None]),
        (["1234 5678"], "en", [None]),
    ],
)
def test_as_it_is_read(texts, language, expected):
    found = in_sentence_case(lines(*texts), language)
    assert found == [new or old for new, old in zip(expected, texts, strict=True)]
    assert [len(text) for text in found] == [len(text) for text in texts]


def test_what_is_not_said_has_no_part_in_it():
    line = Line("ANNA: we are here. <I>NOW</I>", ((6, 18), (22, 25)))
    assert in_sentence_case([line], "en") == [line.text]


def test_the_words_are_written_as_they_are(embedded_model):
    tokenizer = tokenizer_of(embedded_model, "en")
    [line] = lines("HELLO, I SEE YOU THERE")
    [text] = in_sentence_case([line], "en")
    words = script_words(line, tokenizer, text)
    assert "".join(word.text for word in words) == line.text
    assert "".join(word.encoded.text for word in words) == " Hello, I see you there"


def test_names_of_special_tokens_are_ordinary_text(embedded_model):
    tokenizer = tokenizer_of(embedded_model, "en")
    for text in ("<|endoftext|> a <|0.00|>", "<|startoftranscript|><|en|>b"):
        words = script_words(lines(text)[0], tokenizer)
        assert all(token < tokenizer.eot for word in words for token in word.encoded.tokens)
