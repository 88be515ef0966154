"""Roughly where each word is, between those whose place is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subalign.alignment.forced.coarse import CoarseEstimator, SpeechTime, letter_seconds
from subalign.alignment.forced.matching import Anchors
from subalign.alignment.forced.thresholds import CoarseThresholds


def speech(*stretches):
    """The speech time of stretches (seconds of speech a second, seconds)."""
    speed = np.concatenate([np.full(round(seconds * 100), speed) for speed, seconds in stretches])
    return SpeechTime(np.concatenate([[0.0], np.cumsum(speed / 100)]))


def anchors_at(*anchors):
    """Anchors (word, start, end), all sure."""
    words, starts, ends = (np.array(column) for column in zip(*anchors, strict=True))
    return Anchors(words, starts.astype(float), ends.astype(float), np.ones(len(anchors)))


SLOW = 0.001

NO_ANCHORS = Anchors(np.zeros(0, int), np.zeros(0), np.zeros(0), np.zeros(0))


def estimated(letters, anchors, recognised, sound=None, thresholds=CoarseThresholds()):
    estimator = CoarseEstimator(np.array(letters), recognised, sound or recognised, thresholds)
    return estimator.estimate(anchors)


def test_words_without_anchors_share_the_speech_by_their_letters():
    found = estimated([1, 3, 1], NO_ANCHORS, speech((SLOW, 10), (1, 4), (SLOW, 10)))
    # two, four and two parts of 4.02 s of speech, of which the tenth second has 0.01
    assert found.starts == pytest.approx([9.495, 10.995, 13.005])
    assert found.ends == pytest.approx([10.995, 13.005, 14.505])
    assert not found.absent.any()


def test_words_between_anchors_share_the_time_there():
    anchors = anchors_at((0, 1.0, 2.0), (3, 4.0, 5.0))
    found = estimated([4, 4, 14, 4], anchors, speech((1, 10)))
    assert found.starts == pytest.approx([1.0, 2.0, 2.5, 4.0])
    assert found.ends == pytest.approx([2.0, 2.5, 4.0, 5.0])


@pytest.mark.parametrize(
    ("silence", "expected"), [((1.5, 6.8), (1.0, 2.5)), ((1.2, 6.5), (5.5, 7.0))]
)
def test_a_word_beside_a_long_silence_is_where_more_sound_is(silence, expected):
    first, last = silence
    found = estimated(
        [5, 9, 5],
        anchors_at((0, 0.0, 1.0), (2, 7.0, 8.0)),
        speech((1, first), (SLOW, last - first), (1, 10 - last)),
    )
    assert (found.starts[1], found.ends[1]) == pytest.approx(expected)


def test_a_few_words_in_much_speech_follow_the_anchor_before():
    anchors = anchors_at((0, 1.0, 2.0), (2, 60.0, 61.0))
    found = estimated([4, 9, 4], anchors, speech((1, 100)))
    assert found.starts[1] == 2.0
    assert found.ends[1] == pytest.approx(2.0 + 1.3 * 0.7)


def test_the_first_words_precede_the_first_anchor():
    found = estimated([4, 4, 4], anchors_at((2, 60.0, 61.0)), speech((1, 100)))
    assert found.starts == pytest.approx([60 - 1.3 * 0.7, 60 - 1.3 * 0.35, 60])
    assert found.ends[1] == 60


def test_the_last_words_follow_the_last_anchor():
    found = estimated([4, 4], anchors_at((0, 10.0, 11.0)), speech((1, 100)))
    assert (found.starts[1], found.ends[1]) == (11.0, pytest.approx(11 + 1.3 * 0.35))


def test_a_passage_without_room_is_absent():
    words = [5] * 12
    found = estimated(words, anchors_at((0, 1.0, 2.0), (11, 2.2, 3.0)), speech((1, 10)))
    assert found.absent.tolist() == [False] + [True] * 10 + [False]
    # a few words are rather too many than another passage
    found = estimated(words[:5], anchors_at((0, 1.0, 2.0), (4, 2.2, 3.0)), speech((1, 10)))
    assert not found.absent.any()


def test_words_that_were_not_recognised_lie_in_other_sound():
    recognised, sound = speech((SLOW, 20)), speech((1, 5), (SLOW, 5), (1, 10))
    found = estimated([9, 9, 9, 9], anchors_at((0, 0.0, 4.0), (3, 12.0, 13.0)), recognised, sound)
    # half of the 3 s of sound each, of which one is before the silence
    assert found.starts == pytest.approx([0, 4, 10.5, 12], abs=0.01)
    assert found.ends == pytest.approx([4, 5.5, 12, 13], abs=0.01)


def test_an_anchor_that_alone_leaves_no_room_is_not_believed():
    """Where a sentence was passed over, one recognised word was taken for one far behind it."""
    words = [(n, n * 0.5, n * 0.5 + 0.4) for n in (*range(5), *range(16, 20))]
    found = estimated([5] * 20, anchors_at(*sorted([*words, (15, 2.5, 2.9)])), speech((1, 20)))
    assert not found.absent.any()
    assert found.starts[15] == pytest.approx(7.4, abs=0.3)
    # several such words in a row are right: the passage is missing
    words = [(n, n * 0.5, n * 0.5 + 0.4) for n in range(5)]
    words += [(n, (n - 10) * 0.5, (n - 10) * 0.5 + 0.4) for n in range(15, 20)]
    found = estimated([5] * 20, anchors_at(*words), speech((1, 20)))
    assert np.flatnonzero(found.absent).tolist() == list(range(5, 15))
    assert found.starts[15] == 2.5


@settings(max_examples=200)
@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=40),
    st.data(),
    st.lists(st.sampled_from((SLOW, 1.0)), min_size=1, max_size=8),
)
def test_places_rise(letters, data, speeds):
    recognised = speech(*((speed, 5) for speed in speeds))
    words = data.draw(st.lists(st.integers(0, len(letters) - 1), unique=True, max_size=8))
    n_times = 2 * len(words)
    moments = st.integers(0, 500 * len(speeds))
    times = sorted(data.draw(st.lists(moments, unique=True, min_size=n_times, max_size=n_times)))
    anchors = NO_ANCHORS
    if words:
        seconds = [time / 100 for time in times]
        anchors = anchors_at(*zip(sorted(words), seconds[::2], seconds[1::2], strict=True))
    found = estimated(letters, anchors, recognised, speech((1, 5 * len(speeds))))
    here = ~found.absent
    edges = np.stack([found.starts[here], found.ends[here]], axis=1).ravel()
    assert (np.diff(edges) >= -1e-9).all()
    assert edges.min() >= -1e-9
    assert edges.max() <= recognised.duration + 1e-9
    np.testing.assert_array_equal(found.starts[anchors.words], anchors.starts)
    np.testing.assert_array_equal(found.ends[anchors.words], anchors.ends)
    assert not found.absent[anchors.words].any()


def test_how_long_a_letter_takes():
    seconds = np.arange(40) * 0.6
    anchors = Anchors(np.arange(40), seconds, seconds + 0.5, np.ones(40))
    assert letter_seconds(anchors, np.full(40, 5)) == pytest.approx(0.1)
    # nobody speaks so fast, or so slowly
    assert letter_seconds(anchors, np.full(40, 500)) == 0.04
    assert letter_seconds(anchors, np.full(40, 0)) == 0.15
    assert letter_seconds(NO_ANCHORS, np.full(40, 5)) == 0.07


@pytest.mark.parametrize(
    ("letters", "absent"),
    [([10, 10, 10, 10], True), ([30], True), ([3, 3, 3, 3], False), ([20], False)],
)
def test_a_few_words_without_room_are_absent_if_they_are_long(letters, absent):
    """A line of digits before the first word, which is at the recording's start: nobody says it."""
    found = estimated([*letters, 4, 4], anchors_at((len(letters), 0.01, 0.5)), speech((1, 10)))
    assert found.absent.tolist() == [absent] * len(letters) + [False, False]


def test_thresholds_can_be_varied():
    anchors = anchors_at((0, 1.0, 2.0), (4, 2.2, 3.0))
    strict = CoarseThresholds(few_words=2)
    assert not estimated([5] * 5, anchors, speech((1, 10))).absent.any()
    found = estimated([5] * 5, anchors, speech((1, 10)), thresholds=strict)
    assert found.absent.tolist() == [False, True, True, True, False]
