"""Cues as lay_out gives them: words, lines and text without markup."""

import pytest

from subalign.options import LayoutOptions
from subalign.results import Segment, Word
from subalign.subtitles import Cue, CueWord, lay_out
from subalign.subtitles.cue import visible_parts
from subalign.subtitles.tags import Tag


def segment(*words: Word) -> Segment:
    text = "".join(word.before + word.text + word.after for word in words)
    return Segment(0, 0, words[0].start, words[-1].end, text, (), 0.0, 0.0, 1.0, 0.0, words)


def test_a_cue_is_words_with_times_and_tags_beside_them() -> None:
    given = segment(
        Word(" Is", 1.0, 1.5, 0.5, before=" - ANNA:"),
        Word(" it?", 1.5, 2.0, 0.5, before=" <i>", after="</i>"),
        Word(" No.", 2.0, 2.5, 0.5, before="\n- BOB:"),
    )
    (cue,) = lay_out([given], LayoutOptions(keep_lines=True))
    assert cue == Cue(
        1000,
        2500,
        (
            CueWord(" Is", 1000, 1500, ("- ANNA:",), (), 0),
            CueWord(" it?", 1500, 2000, (" ", Tag("<i>", "i")), (Tag("</i>", "i", True),), 1),
            CueWord(" No.", 2000, 2500, ("\n- BOB:",), (), 2),
        ),
    )
    assert cue.text == "- ANNA: Is  it?\n- BOB: No."
    assert [[word.text.strip() for word in line] for line in cue.lines] == [["Is", "it?"], ["No."]]


def test_lines_of_a_profile_are_lines_of_words() -> None:
    text = "Nobody came to the house, although we had waited for them."
    words = [
        Word(f" {word}", 1 + n * 0.3, 1.3 + n * 0.3, 0.5) for n, word in enumerate(text.split())
    ]
    (cue,) = lay_out([segment(*words)], LayoutOptions(), language="en")
    assert ["".join(word.text for word in line).strip() for line in cue.lines] == (
        cue.text.split("\n")
    )
    assert [word.source for line in cue.lines for word in line] == list(range(len(words)))


@pytest.mark.parametrize(
    ("parts", "strip", "seen"),
    [
        ([" a", "b "], True, ["ab"]),
        ([" a", "b "], False, [" ab "]),
        (["a\r\n \n", "b"], True, ["a\nb"]),
        ([" \n", 1, " \n \n ", 2, "\n"], True, [1, " \n ", 2]),
        ([" \n"], False, []),
        ([], True, []),
    ],
)
def test_blank_lines_are_left_out(parts: list[object], strip: bool, seen: list[object]) -> None:
    assert visible_parts(parts, strip=strip) == seen
