"""Whatever the times were, every word gets its own, in order and inside the recording."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from subalign.alignment.segments import DurationConstraints, keep_order
from subalign.results import Word

FUZZ = 1e-9


def words_at(*spans, **others):
    return [Word(f"w{n}", start, end, 0.5, **others) for n, (start, end) in enumerate(spans)]


def spans(words):
    return [(word.start, word.end) for word in words]


times = st.one_of(
    st.integers(-100, 1100).map(lambda number: number / 100),
    st.floats(-1, 11),
)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(times, times), max_size=12),
    st.integers(0, 500).map(lambda number: number / 100),
    st.integers(25, 600).map(lambda number: number / 100),
)
@example([(0.0, 0.0)] * 12, 0.28, 0.24)
def test_all_words_have_time_order_and_place(times, first, room):
    words, last = words_at(*times), first + room
    found = keep_order(words, first, last)
    assert [word.text for word in found] == [word.text for word in words]
    free = first
    for word in found:
        assert free - FUZZ <= word.start
        assert word.end - word.start >= DurationConstraints().least - FUZZ
        assert word.start == round(word.start, 3)
        assert word.end == round(word.end, 3)
        free = word.end
    assert free <= last + FUZZ


@settings(max_examples=200)
@given(st.sets(st.integers(0, 400), min_size=2, max_size=20), st.data())
def test_what_fulfils_it_is_left_as_it_is(edges, data):
    edges = [2 * edge / 100 for edge in sorted(edges)]
    if data.draw(st.booleans()):
        words = words_at(*pairwise(edges))
    else:
        words = words_at(*zip(edges[::2], edges[1::2], strict=False))
    assert keep_order(words, edges[0], edges[-1]) == words
    assert keep_order(words, 0.0, 8.0) == words


@given(st.lists(st.tuples(times, times), max_size=12))
def test_once_is_enough(times):
    once = keep_order(words_at(*times), 0.0, 10.0)
    assert keep_order(once, 0.0, 10.0) == once


def test_a_word_without_time_takes_it_from_its_neighbours_and_is_estimated():
    found = keep_order(words_at((1.0, 1.5), (1.5, 1.5), (1.5, 2.0)), 0.0, 3.0)
    assert spans(found) == [(1.0, 1.5), (1.5, 1.52), (1.52, 2.0)]
    assert [word.estimated for word in found] == [False, True, False]


def test_words_at_the_end_take_time_from_those_before():
    found = keep_order(words_at((1.0, 2.0), (2.0, 2.0), (2.0, 2.0)), 0.0, 2.0)
    assert spans(found) == [(1.0, 1.96), (1.96, 1.98), (1.98, 2.0)]
    assert [word.estimated for word in found] == [False, True, True]


def test_words_that_go_back_or_overlap():
    found = keep_order(words_at((1.0, 2.0), (1.5, 2.5), (0.2, 0.6), (3.0, 2.8)), 0.0, 4.0)
    assert spans(found) == [(1.0, 2.0), (2.0, 2.5), (2.5, 2.52), (3.0, 3.02)]
    # the third was heard elsewhere, the fourth nowhere
    assert [word.estimated for word in found] == [False, False, True, True]


def test_words_outside_the_bounds():
    found = keep_order(words_at((0.0, 1.5), (1.5, 3.0), (3.5, 4.0)), 1.0, 3.2)
    assert spans(found) == [(1.0, 1.5), (1.5, 3.0), (3.18, 3.2)]
    assert [word.estimated for word in found] == [False, False, True]


def test_estimated_words_stay_so():
    assert all(word.estimated for word in keep_order(words_at((1, 2), estimated=True), 0, 3))


def test_too_many_words_share_the_time_evenly():
    found = keep_order(words_at((0.0, 0.04), (0.0, 0.0), (0.01, 0.03), (0.0, 0.0)), 5.0, 5.04)
    assert [(round(start, 9), round(end, 9)) for start, end in spans(found)] == [
        (5.0, 5.01),
        (5.01, 5.02),
        (5.02, 5.03),
        (5.03, 5.04),
    ]
    assert all(word.estimated for word in found)


@pytest.mark.parametrize(("first", "last"), [(2.0, 2.0), (2.0, 1.0)])
def test_without_any_time_words_stand_at_one_point(first, last):
    assert spans(keep_order(words_at((0.0, 1.0), (1.0, 3.0)), first, last)) == [(2.0, 2.0)] * 2


def test_no_words():
    assert keep_order([], 0.0, 1.0) == []
    assert keep_order([], 1.0, 0.0) == []
