"""Turns of speakers from RTTM, and those that are none."""

import pytest

from subalign.errors import InputError
from subalign.options import SpeakerTurn
from subalign.speakers.rttm import parse_rttm, turns_of_recording

GIVEN = """\
;; made by hand
SPKR-INFO talk 1 <NA> <NA> <NA> unknown anna <NA> <NA>
SPEAKER talk 1 0.50 1.25 <NA> <NA> anna <NA> <NA>

SPEAKER talk 1 1.75 2 <NA> <NA> ben <NA> <NA>
SPEAKER talk 1 3 0 <NA> <NA> ben <NA>
"""


def test_turns_are_read():
    file = parse_rttm(GIVEN, "talk.rttm")
    turns = turns_of_recording(file, "other", 4.0, "other.wav")
    assert turns == (SpeakerTurn(0.5, 1.75, "anna"), SpeakerTurn(1.75, 3.75, "ben"))


@pytest.mark.parametrize(
    "row",
    [
        "SPEAKER talk 1 0.5 1.0 <NA> <NA>",
        "SPEAKER talk 1 0.5 one <NA> <NA> anna <NA> <NA>",
        "SPEAKER talk 1 -1 1.0 <NA> <NA> anna <NA> <NA>",
        "SPEAKER talk 1 0 nan <NA> <NA> anna <NA> <NA>",
    ],
)
def test_a_broken_row_is_named(row):
    with pytest.raises(InputError, match=r"^x.rttm has no turn of a speaker in line 7: a row of"):
        parse_rttm(GIVEN + row + "\n", "x.rttm")


def test_a_file_without_turns_is_refused():
    with pytest.raises(InputError, match=r"^x.srt holds no turns of speakers: a row of RTTM is"):
        parse_rttm("1\n00:00:00,000 --> 00:00:01,000\nHello\n", "x.srt")


def test_of_several_recordings_its_own_is_taken():
    file = parse_rttm(GIVEN + GIVEN.replace(" talk ", " call "), "two.rttm")
    assert len(turns_of_recording(file, "call", 4.0, "call.wav")) == 2
    with pytest.raises(
        InputError, match=r"two.rttm is of the recordings talk, call, none of which"
    ):
        turns_of_recording(file, "other", 4.0, "other.wav")


def test_turns_beyond_the_recording_are_refused():
    file = parse_rttm(GIVEN, "talk.rttm")
    assert turns_of_recording(file, "talk", 1.0, "talk.wav")
    with pytest.raises(
        InputError, match=r"talk.rttm has a turn at 1.8 s, but talk.wav lasts 0.5 s"
    ):
        turns_of_recording(file, "talk", 0.5, "talk.wav")
