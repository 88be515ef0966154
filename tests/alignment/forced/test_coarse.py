"""Roughly where each word is, between those whose place is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subalign.alignment.forced.coarse import Anchors, SpeechClock, letter_seconds, place
from subalign.alignment.forced.matching import Matching


def clock(*stretches):
    """A clock of stretches (speed, seconds)."""
    speed = np.concatenate([np.full(round(seconds * 100), speed) for speed, seconds in stretches])
    return SpeechClock(np.concatenate([[0.0], np.cumsum(speed / 100)]))


def anchors_at(*anchors):
    """Anchors (word, start, end), all sure."""
    words, starts, ends = (np.array(column) for column in zip(*anchors, strict=True))
    return Anchors(words, starts.astype(float), ends.astype(float), np.ones(len(anchors)))


SLOW = 0.001

NO_ANCHORS = Anchors(np.zeros(0, int), np.zeros(0), np.zeros(0), np.zeros(0))


def placed(letters, anchors, decoded, sound=None):
    return place(anchors, np.array(letters), decoded, sound or decoded)


def test_words_without_anchors_share_the_speech_by_their_letters():
    found = placed([1, 3, 1], NO_ANCHORS, clock((SLOW, 10), (1, 4), (SLOW, 10)))
    # two, four and two parts of 4.02 s by the clock, which shows 0.01 s at the tenth second
    assert found.starts == pytest.approx([9.495, 10.995, 13.005])
    assert found.ends == pytest.approx([10.995, 13.005, 14.505])
    assert not found.absent.any()
    assert found.weights.tolist() == [0, 0, 0]


def test_words_between_anchors_share_the_time_there():
    anchors = anchors_at((0, 1.0, 2.0), (3, 4.0, 5.0))
    found = placed([4, 4, 14, 4], anchors, clock((1, 10)))
    assert found.starts == pytest.approx([1.0, 2.0, 2.5, 4.0])
    assert found.ends == pytest.approx([2.0, 2.5, 4.0, 5.0])
    assert found.weights.tolist() == [1, 0, 0, 1]
    assert not found.breaks.any()


@pytest.mark.parametrize(
    ("silence", "expected"), [((1.5, 6.8), (1.0, 2.5)), ((1.2, 6.5), (5.5, 7.0))]
)
def test_a_word_beside_a_long_silence_is_where_more_sound_is(silence, expected):
    first, last = silence
    found = placed(
        [5, 9, 5],
        anchors_at((0, 0.0, 1.0), (2, 7.0, 8.0)),
        clock((1, first), (SLOW, last - first), (1, 10 - last)),
    )
    assert (found.starts[1], found.ends[1]) == pytest.approx(expected)
    # the stretch ends at the silence
    assert found.breaks.tolist() == [False, expected[0] > 1, expected[0] == 1]


def test_a_few_words_in_much_speech_follow_the_anchor_before():
    anchors = anchors_at((0, 1.0, 2.0), (2, 60.0, 61.0))
    found = placed([4, 9, 4], anchors, clock((1, 100)))
    assert found.starts[1] == 2.0
    assert found.ends[1] == pytest.approx(2.0 + 1.3 * 0.7)
    # the rest is something else
    assert found.breaks.tolist() == [False, False, True]


def test_the_first_words_precede_the_first_anchor():
    found = placed([4, 4, 4], anchors_at((2, 60.0, 61.0)), clock((1, 100)))
    assert found.starts == pytest.approx([60 - 1.3 * 0.7, 60 - 1.3 * 0.35, 60])
    assert found.ends[1] == 60


def test_the_last_words_follow_the_last_anchor():
    found = placed([4, 4], anchors_at((0, 10.0, 11.0)), clock((1, 100)))
    assert (found.starts[1], found.ends[1]) == (11.0, pytest.approx(11 + 1.3 * 0.35))


def test_a_passage_without_room_is_absent():
    words = [5] * 12
    found = placed(words, anchors_at((0, 1.0, 2.0), (11, 2.2, 3.0)), clock((1, 10)))
    assert found.absent.tolist() == [False] + [True] * 10 + [False]
    # the stretch goes on across it
    assert not found.breaks.any()
    # a few words are rather too many than another passage
    found = placed(words[:5], anchors_at((0, 1.0, 2.0), (4, 2.2, 3.0)), clock((1, 10)))
    assert not found.absent.any()


def test_words_that_were_not_decoded_lie_in_other_sound():
    decoded, sound = clock((SLOW, 20)), clock((1, 5), (SLOW, 5), (1, 10))
    found = placed([9, 9, 9, 9], anchors_at((0, 0.0, 4.0), (3, 12.0, 13.0)), decoded, sound)
    # half of the 3 s of sound each, of which one is before the silence
    assert found.starts == pytest.approx([0, 4, 10.5, 12], abs=0.01)
    assert found.ends == pytest.approx([4, 5.5, 12, 13], abs=0.01)


def test_an_anchor_that_alone_leaves_no_room_is_not_believed():
    """Where a sentence was passed over, one decoded word was taken for one far behind it."""
    words = [(n, n * 0.5, n * 0.5 + 0.4) for n in (*range(5), *range(16, 20))]
    found = placed([5] * 20, anchors_at(*sorted([*words, (15, 2.5, 2.9)])), clock((1, 20)))
    assert not found.absent.any()
    assert found.starts[15] == pytest.approx(7.4, abs=0.3)
    # several such words in a row are right: the passage is missing
    words = [(n, n * 0.5, n * 0.5 + 0.4) for n in range(5)]
    words += [(n, (n - 10) * 0.5, (n - 10) * 0.5 + 0.4) for n in range(15, 20)]
    found = placed([5] * 20, anchors_at(*words), clock((1, 20)))
    assert np.flatnonzero(found.absent).tolist() == list(range(5, 15))
    assert found.starts[15] == 2.5


@settings(max_examples=200)
@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=40),
    st.data(),
    st.lists(st.sampled_from((SLOW, 1.0)), min_size=1, max_size=8),
)
def test_places_rise(letters, data, speeds):
    decoded = clock(*((speed, 5) for speed in speeds))
    words = data.draw(st.lists(st.integers(0, len(letters) - 1), unique=True, max_size=8))
    n_times = 2 * len(words)
    moments = st.integers(0, 500 * len(speeds))
    times = sorted(data.draw(st.lists(moments, unique=True, min_size=n_times, max_size=n_times)))
    anchors = NO_ANCHORS
    if words:
        seconds = [time / 100 for time in times]
        anchors = anchors_at(*zip(sorted(words), seconds[::2], seconds[1::2], strict=True))
    found = placed(letters, anchors, decoded, clock((1, 5 * len(speeds))))
    here = ~found.absent
    edges = np.stack([found.starts[here], found.ends[here]], axis=1).ravel()
    assert (np.diff(edges) >= -1e-9).all()
    assert edges.min() >= -1e-9
    assert edges.max() <= decoded.duration + 1e-9
    np.testing.assert_array_equal(found.starts[anchors.words], anchors.starts)
    np.testing.assert_array_equal(found.ends[anchors.words], anchors.ends)
    assert not found.absent[anchors.words].any()


def test_anchors_out_of_order_are_left_out():
    anchors = Anchors.in_order(
        np.arange(6),
        np.array([1.0, 2.0, 30.0, 3.0, 4.0, 5.0]),
        np.array([1.5, 2.5, 30.5, 3.5, 4.5, 5.5]),
        np.linspace(0, 1, 6),
    )
    assert anchors.words.tolist() == [0, 1, 3, 4, 5]
    assert anchors.starts.tolist() == [1, 2, 3, 4, 5]
    assert anchors.weights == pytest.approx([0, 0.2, 0.6, 0.8, 1.0])


@given(st.lists(st.integers(0, 20), max_size=25))
def test_as_many_anchors_as_can_be_are_kept(times):
    n = len(times)
    starts = np.array(times, float)
    found = Anchors.in_order(np.arange(n), starts, starts + 0.5, np.ones(n))
    assert (np.diff(found.starts) > 0).all()
    longest = [0] * n
    for index, time in enumerate(times):
        longest[index] = 1 + max(
            (longest[before] for before in range(index) if times[before] < time), default=0
        )
    assert found.words.size == max(longest, default=0)


def test_anchors_are_sure_words_with_a_time():
    matching = Matching(
        starts=np.array([1.0, np.nan, 3.0, 4.0]),
        ends=np.array([2.0, np.nan, 4.0, 5.0]),
        likeness=np.ones(4),
        confidence=np.array([0.9, 0.9, 0.1, 0.5]),
        used=np.ones(4),
    )
    anchors = Anchors.from_matching(matching)
    assert anchors.words.tolist() == [0, 3]
    assert anchors.weights.tolist() == [0.9, 0.5]


def test_how_long_a_letter_takes():
    seconds = np.arange(40) * 0.6
    anchors = Anchors(np.arange(40), seconds, seconds + 0.5, np.ones(40))
    assert letter_seconds(anchors, np.full(40, 5)) == pytest.approx(0.1)
    # nobody speaks so fast, or so slowly
    assert letter_seconds(anchors, np.full(40, 500)) == 0.04
    assert letter_seconds(anchors, np.full(40, 0)) == 0.15
    assert letter_seconds(NO_ANCHORS, np.full(40, 5)) == 0.07


def test_anchors_of_other_words_are_merged_in_order():
    first = anchors_at((0, 0.0, 0.4), (4, 4.0, 4.4), (6, 6.0, 6.4))
    second = anchors_at((1, 1.0, 1.4), (5, 3.0, 3.4), (7, 7.0, 7.4), (9, 9.0, 9.4))
    found = first.merged(second.of({1, 5, 7}))
    assert found.words.tolist() == [0, 1, 5, 6, 7]
    assert (np.diff(found.starts) > 0).all()
    assert first.merged(second.of(())).words.tolist() == [0, 4, 6]


@pytest.mark.parametrize(
    ("letters", "absent"),
    [([10, 10, 10, 10], True), ([30], True), ([3, 3, 3, 3], False), ([20], False)],
)
def test_a_few_words_without_room_are_absent_if_they_are_long(letters, absent):
    """A line of digits before the first word, which is at the recording's start: nobody says it."""
    found = placed([*letters, 4, 4], anchors_at((len(letters), 0.01, 0.5)), clock((1, 10)))
    assert found.absent.tolist() == [absent] * len(letters) + [False, False]
    """A line of digits before the first word, which is at the recording's start: nobody says it."""
    found = placed([*letters, 4, 4], anchors_at((len(letters), 0.01, 0.5)), clock((1, 10)))
    assert found.absent.tolist() == [absent] * len(letters) + [False, False]


def test_words_that_are_done_are_absent_and_break_the_stretch():
    found = placed([4] * 6, anchors_at(*((n, n, n + 0.5) for n in range(6))), clock((1, 6)))
    rest = found.without(np.array([False, True, True, False, False, True]))
    assert rest.absent.tolist() == [False, True, True, False, False, True]
    assert rest.breaks.tolist() == [False, False, True, True, False, False]
    assert not found.absent.any()
