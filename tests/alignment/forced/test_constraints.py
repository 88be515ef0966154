"""Room for words that have none: every word gets its own, whatever the times were."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from subalign.alignment.forced.coarse import CoarseTimes
from subalign.alignment.forced.timing import AlignedWords, in_order
from subalign.alignment.segments import make_room

LEAST = 0.021
FUZZ = 1e-9

seconds = st.one_of(st.integers(-20, 120).map(lambda n: n / 10), st.floats(-2, 12))
unknown = st.one_of(seconds, st.just(float("nan")))


def assert_proper(starts, ends, duration):
    """In order, long enough, inside: as far as there is room at all."""
    n = len(starts)
    least = min(LEAST, duration / n) if n else 0.0
    assert (ends - starts >= least - FUZZ).all()
    assert (starts[1:] >= ends[:-1] - FUZZ).all()
    assert (starts >= 0).all()
    assert (ends <= duration + FUZZ).all()


def edges(*times):
    return np.array(times[::2], float), np.array(times[1::2], float)


@settings(max_examples=300)
@given(st.lists(seconds, max_size=30), st.sampled_from((0.01, 0.2, 0.5, 10.0)))
@example([0.0] * 30, 0.5)
@example([10.0] * 30, 10.0)
@example([], 10.0)
def test_every_word_has_room(times, duration):
    times = sorted(times)
    starts, ends = make_room(*edges(*times[: len(times) // 2 * 2]), duration)
    assert_proper(starts, ends, duration)


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(unknown, unknown, seconds, seconds, st.floats(-9, 9), st.booleans()), max_size=12
    ),
    st.sampled_from((0.05, 0.3, 10.0)),
)
def test_whatever_was_timed(rows, duration):
    starts, ends, first, last, support, estimated = (
        np.array([row[n] for row in rows]) for n in range(6)
    )
    n = len(rows)
    # a word that was timed has both ends, in order
    known = np.isfinite(starts) & np.isfinite(ends)
    starts, ends = np.where(known, starts, np.nan), np.where(known, ends, np.nan)
    starts, ends = np.minimum(starts, ends), np.maximum(starts, ends)
    support = np.where(known, support, -np.inf).astype(float)
    unrecognised = np.zeros(n, bool)
    timed = AlignedWords(
        starts, ends, np.zeros(n), support, support, estimated.astype(bool), unrecognised
    )
    none = np.zeros(n, bool)
    coarse = CoarseTimes(np.minimum(first, last), np.maximum(first, last), none)
    begins, finishes, kept = in_order(coarse, timed)
    assert (np.diff(np.stack([begins, finishes], 1).ravel()) >= 0).all()
    np.testing.assert_array_equal(begins[kept], starts[kept])
    assert not (kept & ~timed.verified()).any()
    assert_proper(*make_room(begins, finishes, duration), duration)


@given(st.lists(st.floats(0.03, 2.0), min_size=2, max_size=20))
def test_words_with_room_stay(lengths):
    times = np.cumsum(lengths)[: len(lengths) // 2 * 2]
    starts, ends = make_room(*edges(*times), 50.0)
    np.testing.assert_array_equal(starts, times[::2])
    np.testing.assert_array_equal(ends, times[1::2])


def test_a_pause_gives_way_first():
    starts, ends = make_room(*edges(0, 1, 1, 1, 1.5, 2), 3.0)
    assert starts.tolist() == [0, 1, 1.5]
    assert ends == pytest.approx([1, 1.021, 2])


def test_neighbours_give_way_and_only_they():
    times = edges(0, 1, 1, 2, 2, 2, 2, 3, 3, 4)
    starts, ends = make_room(*times, 4.0)
    assert (starts[[0, 4]].tolist(), ends[[0, 4]].tolist()) == ([0, 3], [1, 4])
    assert ends[2] - starts[2] == pytest.approx(LEAST)
    assert ends[1] - starts[1] >= 0.5
    assert_proper(starts, ends, 4.0)


def test_a_whole_passage_shares_what_its_neighbours_leave():
    n = 20
    starts, ends = make_room(*edges(*([0.0, 1.0] + [1.0] * 2 * n + [1.0, 2.0])), 2.0)
    assert_proper(starts, ends, 2.0)
    lengths = ends - starts
    assert lengths[1:-1] == pytest.approx(np.full(n, LEAST))
    # a word that was said keeps half its length
    assert lengths[[0, -1]].min() >= 0.5


def test_more_words_than_time_share_it_evenly():
    starts, ends = make_room(*edges(*[0.0] * 20), 0.1)
    assert starts == pytest.approx(np.arange(10) / 100)
    assert ends == pytest.approx(np.arange(1, 11) / 100)
    starts, ends = make_room(*edges(0, 0), 0.0)
    assert (starts.tolist(), ends.tolist()) == ([0.0], [0.0])
