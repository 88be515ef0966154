"""openai-whisper's booleans and spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.cli.arguments import OPENAI_BOOLEANS, spell_booleans


@pytest.mark.parametrize(
    ("given_", "spelled"),
    [
        ("--word_timestamps True a.wav", "--word-timestamps a.wav"),
        ("--word_timestamps False a.wav", "--no-word-timestamps a.wav"),
        ("--highlight_words=False", "--no-highlight-words"),
        ("--fp16 False --verbose True", "--no-fp16 --verbose"),
        ("--condition_on_previous_text False", "--no-condition-on-previous-text"),
        ("--carry-initial-prompt True", "--carry-initial-prompt"),
        # not a boolean literal: the file is a file
        ("--word-timestamps true", "--word-timestamps true"),
        ("--verbose a.wav", "--verbose a.wav"),
        ("--verbose", "--verbose"),
        # other options keep their values
        ("--initial_prompt True", "--initial_prompt True"),
        ("--no-verbose True", "--no-verbose True"),
        ("-- --verbose True", "-- --verbose True"),
    ],
)
def test_booleans_are_spelled_as_flags(given_, spelled):
    assert spell_booleans(given_.split()) == spelled.split()


_words = st.text().filter(
    lambda word: word.partition("=")[0].removeprefix("--").replace("_", "-") not in OPENAI_BOOLEANS
)


@given(st.lists(_words))
def test_other_arguments_are_left_alone(arguments):
    assert spell_booleans(arguments) == arguments
