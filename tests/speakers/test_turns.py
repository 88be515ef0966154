"""Which speaker says which word, by turns; and speakers' names."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from page_transcripts import timed_segment, transcript_of
from subalign.options import SpeakerTurn
from subalign.speakers.turns import assign_speakers, default_name, rename_speakers

SEGMENT = timed_segment(
    0, (" How", 0.0, 0.4), (" so?", 0.4, 1.0), (" Well.", 1.1, 2.0), (" Hm.", 3.0, 3.2)
)


def speakers(transcript):
    return [word.speaker for word in transcript.words]


def test_a_word_is_said_by_who_speaks_most_of_it():
    turns = [SpeakerTurn(0.0, 0.75, "A"), SpeakerTurn(0.75, 2.0, "B")]
    found = assign_speakers(transcript_of(SEGMENT), turns)
    assert speakers(found) == ["A", "A", "B", "B"]
    assert found.segments[0].speaker == "B"
    assert found.speakers == ("A", "B")


def test_between_turns_the_nearest_speaks():
    turns = [SpeakerTurn(5.0, 6.0, "A"), SpeakerTurn(2.2, 2.4, "B")]
    assert speakers(assign_speakers(transcript_of(SEGMENT), turns)) == ["B"] * 4
    late = [SpeakerTurn(0.0, 0.1, "A"), SpeakerTurn(3.3, 9.0, "B")]
    assert speakers(assign_speakers(transcript_of(SEGMENT), late)) == ["A", "A", "A", "B"]


def test_where_two_speak_at_once_the_sentence_goes_on():
    turns = [SpeakerTurn(0.0, 2.0, "B"), SpeakerTurn(0.4, 2.0, "A")]
    assert speakers(assign_speakers(transcript_of(SEGMENT), turns))[:3] == ["B"] * 3


def test_segments_without_timed_words_have_a_speaker():
    untimed = replace(SEGMENT, words=None)
    found = assign_speakers(transcript_of(untimed), [SpeakerTurn(0.5, 3.0, "A")])
    assert found.segments[0].speaker == "A"
    assert found.speakers == ("A",)


def test_without_turns_nothing_changes():
    transcript = transcript_of(SEGMENT)
    assert assign_speakers(transcript, []) is transcript


TIMES = st.integers(0, 500).map(lambda hundredths: hundredths / 100)
TURNS = st.lists(st.tuples(TIMES, TIMES, st.sampled_from("ABC")), min_size=1, max_size=12)


def hundredths(start, end):
    return set(range(round(start * 100), round(end * 100)))


@given(TURNS, TIMES, TIMES)
def test_it_is_what_measuring_every_turn_gives(given_turns, first, second):
    turns = [SpeakerTurn(min(a, b), max(a, b) + 0.01, name) for a, b, name in given_turns]
    start, end = min(first, second), max(first, second) + 0.01
    transcript = transcript_of(timed_segment(0, (" word", start, end)))
    (found,) = speakers(assign_speakers(transcript, turns))
    word = hundredths(start, end)
    shares = {
        name: len(
            set().union(*(hundredths(t.start, t.end) & word for t in turns if t.speaker == name))
        )
        for name in "ABC"
    }
    if max(shares.values()):
        assert shares[found] == max(shares.values())
    else:
        middle = (start + end) / 2
        apart = {
            turn.speaker: min(
                max(other.start - middle, middle - other.end)
                for other in turns
                if other.speaker == turn.speaker
            )
            for turn in turns
        }
        assert apart[found] == pytest.approx(min(apart.values()))


def test_speakers_get_their_names():
    turns = [SpeakerTurn(0.0, 1.05, "A"), SpeakerTurn(1.05, 4.0, "B")]
    found = rename_speakers(assign_speakers(transcript_of(SEGMENT), turns), {"B": "Ben", "C": "Cy"})
    assert speakers(found) == ["A", "A", "Ben", "Ben"]
    assert found.segments[0].speaker == "Ben"


def test_speakers_without_names_are_letters():
    assert [default_name(n) for n in (0, 1, 25, 26, 27, 702)] == ["A", "B", "Z", "AA", "AB", "AAA"]
