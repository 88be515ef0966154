"""Edits of timed words: who keeps which time, and that nothing else changes."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from subalign.results import Segment, Transcript, Word
from subalign.wording.edits import Change, Edit, edit_transcript


def edited(transcript, old, new):
    def find(text, words):
        first = text.find(old)
        return [Edit(first, first + len(old), new)] if first >= 0 else []

    return edit_transcript(transcript, find)


def test_a_word_keeps_its_time(spoken, timed):
    found, changes = edited(spoken("good morning, all"), "morning", "evening")
    assert timed(found) == [(" good", 0.0, 0.4), (" evening,", 0.5, 0.9), (" all", 1.0, 1.4)]
    assert changes == (Change(0.5, 0.9, "morning", "evening"),)
    assert found.text == found.segments[0].text == " good evening, all"


def test_joined_words_take_the_whole_time(spoken, timed):
    found, _ = edited(spoken("in New York now"), "New York", "NYC")
    assert timed(found)[1] == (" NYC", 0.5, 1.4)


def test_a_split_word_is_shared_out_by_letters(spoken, timed):
    found, _ = edited(spoken("we gonna go"), "gonna", "are going to")
    assert [text for text, _, _ in timed(found)] == [" we", " are", " going", " to", " go"]
    assert timed(found)[1:4] == [(" are", 0.5, 0.62), (" going", 0.62, 0.82), (" to", 0.82, 0.9)]


def test_a_pause_stays_between_the_words_that_share_it(spoken, timed):
    found, _ = edited(spoken("ab cd"), "ab cd", "a b c d")
    assert timed(found) == [
        (" a", 0.0, 0.2),
        (" b", 0.2, 0.4),
        (" c", 0.5, 0.7),
        (" d", 0.7, 0.9),
    ]


def test_an_empty_segment_goes_and_the_others_are_numbered(spoken):
    found, changes = edited(spoken("one", "two", "three"), "two", "")
    assert [(one.id, one.text) for one in found.segments] == [(0, " one"), (1, " three")]
    assert changes == (Change(0.5, 0.9, "two", ""),)


def test_what_nobody_says_stays_and_is_no_part_of_a_match(spoken):
    transcript = spoken("um yes", "no", before="ANNA: ")
    found, _ = edited(transcript, " um", "")
    assert found.segments[0].text == "ANNA:  yes"
    assert found.segments[0].start == 0.5
    gone, _ = edited(transcript, " no", "")
    assert gone.segments[1].text == "ANNA: "
    words = (Word(" a", 0, 1, 1), Word(" b", 1, 2, 1, before=" [laughs]"))
    one = replace(transcript.segments[0], words=words, text=" a [laughs] b")
    apart = replace(transcript, segments=(one,))
    assert edited(apart, "a b", "c") == (apart, ())


def test_text_without_timed_words_is_edited_too():
    segment = Segment(0, 0, 1.0, 3.0, " one two", (), 0, 0, 1, 0, None)
    found, changes = edited(Transcript(" one two", "en", (segment,), 3.0, "m", "0"), "two", "2")
    assert found.segments[0].text == found.text == " one 2"
    assert changes == (Change(1.0, 3.0, "two", "2"),)


@given(
    st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=6),
    st.data(),
)
def test_any_edit_gives_that_text_in_order_within_the_time(spoken, words, data):
    transcript = spoken(" ".join(words))
    text = transcript.text
    first = data.draw(st.integers(1, len(text) - 1))
    end = data.draw(st.integers(first + 1, len(text)))
    new = data.draw(st.text("xy ", max_size=8))
    found, (change,) = edit_transcript(transcript, lambda *_: [Edit(first, end, new)])
    wanted = text[:first] + new + text[end:]
    assert found.text.split() == wanted.split()
    times = [time for word in found.words for time in (word.start, word.end)]
    assert times == sorted(times)
    if times:
        assert 0 <= times[0] <= times[-1] <= transcript.segments[-1].end
    assert 0 <= change.start < change.end <= transcript.segments[-1].end
    untouched = {word for word in found.words if word in transcript.segments[0].words}
    assert len(untouched) >= len(words) - len(text[first - 1 : end + 1].split()) - 1
    assert edit_transcript(transcript, lambda *_: []) == (transcript, ())
