"""What of a transcript is said: labels, directions, tags and music marks are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.errors import UsageError
from subalign.options import compile_ignored
from subalign.subtitles.script.spoken import spoken_ranges


def said(*texts: str, ignore: tuple[str, ...] = (), captions: bool = False) -> list[str]:
    """What is said of each text, the ranges joined by a bar."""
    ranges = spoken_ranges(texts, ignore=compile_ignored(ignore), captions=captions)
    return [
        "|".join(text[first:end] for first, end in of_text)
        for text, of_text in zip(texts, ranges, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("We are here.", "We are here."),
        # tags and overrides
        ("<i>Good</i> <b>day</b>", "Good|day"),
        ("<v Mary Ann>Hello <c.yellow>you", "Hello|you"),
        ('<font color="#fff">Red</font>', "Red"),
        (r"{\an8}Above", "Above"),
        ("<laugh> Yes <unk>", "Yes"),
        ("2 < 3 and 5 > 4", "2 < 3 and 5 > 4"),
        # square brackets
        ("[door slams] Who is there?", "Who is there?"),
        ("I said [sighs] no.", "I said|no."),
        ("［音楽］ はい 【拍手】", "はい"),
        # music
        ("♪ Happy birthday ♪", "Happy birthday"),
        ("# La la la #", "La la la"),
        ("We are #1 of 3", "We are #1 of 3"),
        # addresses
        ("See https://example.org/a?b=c.html now", "See|now"),
        ("See example.org now", "See example.org now"),
        # round brackets
        ("Well (laughs) yes.", "Well|yes."),
        ("(audience laughing) Yes.", "Yes."),
        ("Well (of course) yes.", "Well (of course) yes."),
        ("The word(s) he used", "The word(s) he used"),
        ("The agency (NASA) said", "The agency (NASA) said"),
        ("He left (DOOR SLAMS) at once", "He left|at once"),
        ("(a long pause follows)", ""),
        ("Yes.\n(he leaves)\nNo.", "Yes.|No."),
        ("(Why did he say that?)", "(Why did he say that?)"),
        ("(0:12) Then", "Then"),
        ("こんにちは(笑)。", "こんにちは|。"),
        # turns and dashes
        (">> Good day. >> And you?", "Good day.|And you?"),
        (">>> Next.", "Next."),
        ("- Who?\n- Me.\n– You?", "Who?|Me.|You?"),
        ("-Who?", "Who?"),
        ("-5 degrees", "-5 degrees"),
        ("• One\n* Two", "One|Two"),
        # times
        ("0:12:07 Then he came", "Then he came"),
        ("[00:12] Then he came", "Then he came"),
        ("10:30 is too late", "10:30 is too late"),
        ("At 10:30: the news", "At 10:30: the news"),
    ],
)
def test_text_beside_speech(text: str, spoken: str) -> None:
    assert said(text) == [spoken]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("ANNA: Hello.", "Hello."),
        ("DR. SMITH (V.O.): Hello.", "Hello."),
        ("MAN 2 [whispering]: Hello.", "Hello."),
        ("Q: Why?", "Why?"),
        ("Speaker 1: Hello.", "Hello."),
        ("SPEAKER_00: Hello.", "Hello."),
        ("- ANNA: Hello.\n- BOB: Hi.", "Hello.|Hi."),
        (">> REPORTER: Go on. >> MAN: Ok.", "Go on.|Ok."),
        ("[00:00:12] ANNA: Hello.", "Hello."),
        ("<i>ANNA:</i> Hello.", "Hello."),
        ("ÉLODIE: Bonjour.", "Bonjour."),
        ("АННА: Привет.", "Привет."),
        ("ANNA:", ""),
        # not at the start of a line, no name, or no end of one
        ("I saw ANNA: Hello.", "I saw ANNA: Hello."),
        ("He said: come in.", "He said: come in."),
        ("Remember: Do not run.", "Remember: Do not run."),
        ("WARNING: Do not run.", "WARNING: Do not run."),
        ("Chapter 2: The Road", "Chapter 2: The Road"),
        ("Matthew 5:3 says", "Matthew 5:3 says"),
        ("Genesis: The Beginning", "Genesis: The Beginning"),
        ("mailto:anna@example.com", "mailto:anna@example.com"),
    ],
)
def test_names_of_speakers(text: str, spoken: str) -> None:
    assert said(text) == [spoken]


def test_a_name_that_returns_is_a_label() -> None:
    assert said("Anna: Hello.") == ["Anna: Hello."]
    assert said("Anna: Hello.", "Hi.", "Anna: Well?") == ["Hello.", "Hi.", "Well?"]
    assert said("Mr. de la Cruz: Yes.", "Mr. de la Cruz: no.") == ["Yes.", "no."]
    assert said("田中：こんにちは。", "はい。", "田中：では。") == [
        "こんにちは。",
        "はい。",
        "では。",
    ]
    assert said("他说：好。", "他说：来。") == ["他说：好。", "他说：来。"]


def test_three_names_are_the_people_of_a_play() -> None:
    assert said("Anna: One.", "Bob: Two.", "Carl: Three.") == ["One.", "Two.", "Three."]
    assert said("Anna: One.", "Bob: Two.") == ["Anna: One.", "Bob: Two."]


def test_subtitle_files_put_directions_into_round_brackets() -> None:
    assert said("(door opens) Hello.", captions=True) == ["Hello."]
    assert said("(MUSIC)", "(NASA) Yes.", captions=True) == ["", "Yes."]
    assert said("(as he told me before) Yes.", captions=True) == ["(as he told me before) Yes."]


def test_patterns_of_the_user() -> None:
    assert said("Hello *waves* you", "~ yes", ignore=(r"\*\w+\*", "^~")) == ["Hello|you", "yes"]
    assert said("a\nb", ignore=("^b$",)) == ["a"]
    assert said("abc", ignore=("x*",)) == ["abc"]


def test_a_pattern_that_is_none() -> None:
    with pytest.raises(UsageError, match=r"^`ignore` '\(' is no regular expression \(missing \)"):
        compile_ignored(["("])


PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            ["ANNA:", "Bob:", "[", "]", "(", ")", "<i>", "</i>", ">>", "-", "\n", " ", "♪", "# "]
        ),
        st.text(max_size=5),
    ),
    max_size=12,
).map("".join)


@given(texts=st.lists(PIECES, max_size=5), captions=st.booleans())
def test_ranges_are_in_order_inside_the_text_and_without_outer_space(
    texts: list[str], captions: bool
) -> None:
    found = spoken_ranges(texts, captions=captions)
    assert len(found) == len(texts)
    for text, ranges in zip(texts, found, strict=True):
        edges = [edge for pair in ranges for edge in pair]
        assert edges == sorted(edges)
        for first, end in ranges:
            assert text[first:end].strip() == text[first:end] != ""
