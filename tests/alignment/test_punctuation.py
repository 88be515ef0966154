"""Marks join their words as in openai-whisper, but by exact membership."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whisper.timing import WordTiming as OpenaiTiming
from whisper.timing import merge_punctuations

from subalign.alignment.words import WordTiming, merge_punctuation
from subalign.options import APPEND_PUNCTUATIONS, PREPEND_PUNCTUATIONS


def timings(texts):
    return [
        WordTiming(text, (10 * i, 10 * i + 1), i / 2, i / 2 + 0.4, 1 / (i + 1))
        for i, text in enumerate(texts)
    ]


def merged(texts):
    return merge_punctuation(timings(texts), PREPEND_PUNCTUATIONS, APPEND_PUNCTUATIONS)


def merged_by_openai(texts):
    alignment = [
        OpenaiTiming(t.word, list(t.tokens), t.start, t.end, t.probability) for t in timings(texts)
    ]
    merge_punctuations(alignment, PREPEND_PUNCTUATIONS, APPEND_PUNCTUATIONS)
    return [
        WordTiming(t.word, tuple(t.tokens), t.start, t.end, t.probability)
        for t in alignment
        if t.word
    ]


SINGLE_MARKS = sorted(set(PREPEND_PUNCTUATIONS + APPEND_PUNCTUATIONS) | {"/", "…", "&"})
PIECES = st.one_of(
    st.sampled_from([" a", " word", "b", "語", " "]),
    st.sampled_from(SINGLE_MARKS),
    st.sampled_from(SINGLE_MARKS).map(lambda mark: " " + mark),
)


@given(st.lists(PIECES, max_size=8))
def test_equals_openai_on_single_marks(texts):
    assert merged(texts) == merged_by_openai(texts)


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        ([" He", " said", ",", ' "', "no", '"', "."], [" He", " said,", ' "no".']),
        ([" (", "well", ")", "?", "!"], [" (well)?!"]),
        ([' "', " (", "deep", ")", '"'], [' " (deep)"']),
        (["你", "好", "。", "再", "见", "！"], ["你", "好。", "再", "见！"]),
        (['"', "no"], ['"', "no"]),
        ([" end", ' "'], [" end", ' "']),
        ([" well", " ", "."], [" well", " ."]),
        ([" a", " ", " b"], [" a", "  b"]),
        ([], []),
        (["."], ["."]),
    ],
)
def test_joined_words(texts, joined):
    assert [timing.word for timing in merged(texts)] == joined


def test_joined_words_keep_all_tokens_and_the_words_times():
    [he, no] = merged([" He", ' "', "no", '"'])
    assert astuple(he) == (" He", (0, 1), 0.0, 0.4, 1.0, False)
    assert astuple(no) == (' "no"', (10, 11, 20, 21, 30, 31), 1.0, 1.4, 1 / 3, False)


@pytest.mark.parametrize("texts", [[" word", "\"'"], [" word", ")]"], [" ([", " word"]])
def test_a_part_of_the_list_is_no_mark(texts):
    assert [timing.word for timing in merged(texts)] == texts
    assert [timing.word for timing in merged_by_openai(texts)] == ["".join(texts)]


def test_other_marks_can_be_chosen():
    words = merge_punctuation(timings([" ¡", "ay", "~"]), "¡", "~")
    assert [timing.word for timing in words] == [" ¡ay~"]
    assert merge_punctuation(timings([" a", "."]), "", "") == timings([" a", "."])
