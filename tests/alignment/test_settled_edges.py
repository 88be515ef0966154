"""Words begin where the sound sets in, and end where it dies away."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subalign.alignment.boundaries import EdgeThresholds, settle_edges

LOUD, QUIET = 0.8, 0.02


def levels_of(n_frames, *loud):
    levels = np.full(n_frames, QUIET)
    for start, end in loud:
        levels[start:end] = LOUD
    return levels


@pytest.mark.parametrize(
    ("span", "settled"),
    [
        ((20, 40), (20, 40)),  # as it is
        ((16, 44), (20, 40)),  # too wide
        ((24, 36), (20, 40)),  # too narrow
        ((14, 46), (20, 40)),  # as far as an edge may move inwards
        ((13, 40), (13, 40)),  # too far from any sound
        ((31, 40), (20, 40)),  # as far as it may move outwards
        ((32, 40), (32, 40)),  # further: it is no edge of this sound
    ],
)
def test_edges_move_to_the_sounds(span, settled):
    assert settle_edges([span], levels_of(100, (20, 40))) == [settled]


def test_thresholds_can_be_varied():
    levels = levels_of(100, (20, 40))
    assert settle_edges([(16, 36)], levels, EdgeThresholds(inwards=3)) == [(16, 40)]
    assert settle_edges([(16, 36)], levels, EdgeThresholds(outwards=3)) == [(20, 36)]


def test_neighbours_without_a_gap_keep_their_border():
    spans = [(20, 30), (30, 44), (46, 60)]
    levels = levels_of(100, (18, 58))
    assert settle_edges(spans, levels) == [(18, 30), (30, 44), (46, 58)]


def test_an_edge_stops_at_the_neighbour():
    levels = levels_of(100, (10, 80))
    assert settle_edges([(20, 40), (44, 60)], levels) == [(10, 40), (44, 60)]


def test_two_words_with_a_pause_between_them_reach_into_it_from_both_sides():
    levels = levels_of(100, (20, 45), (52, 80))
    assert settle_edges([(20, 40), (56, 80)], levels) == [(20, 45), (52, 80)]


def test_onsets_count_from_lower_levels_than_endings():
    levels = levels_of(60, (20, 40))
    levels[17:20] = levels[40:43] = 0.15
    assert settle_edges([(18, 42)], levels) == [(17, 40)]


def test_the_recordings_ends_stay():
    levels = levels_of(40, (0, 40))
    assert settle_edges([(0, 20), (20, 40)], levels) == [(0, 20), (20, 40)]


def test_no_word_gets_shorter_than_40_ms():
    levels = levels_of(60, (20, 22), (40, 42))
    for span in ((18, 24), (20, 25), (38, 42)):
        [(start, end)] = settle_edges([span], levels)
        assert end - start >= 4
    assert settle_edges([(30, 33)], levels) == [(30, 33)]  # shorter from the start


def test_no_words_and_no_frames():
    assert settle_edges([], levels_of(10)) == []
    assert settle_edges([(0, 2)], np.zeros(0)) == [(0, 2)]
    assert settle_edges([(0, 2)], np.zeros(1)) == [(0, 2)]


@st.composite
def recordings(draw):
    n_frames = draw(st.integers(2, 120))
    edges = sorted(draw(st.sets(st.integers(0, n_frames), min_size=2, max_size=12)))
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    if draw(st.booleans()):  # some words touch
        spans = list(pairwise(edges))
    levels = draw(
        st.lists(st.sampled_from([0.0, 0.15, 0.3, 1.0]), min_size=n_frames, max_size=n_frames)
    )
    return spans, np.array(levels)


@settings(max_examples=300)
@given(recordings())
def test_order_length_and_reach(recording):
    spans, levels = recording
    settled = settle_edges(spans, levels)
    assert len(settled) == len(spans)
    free = 0
    for index, ((start, end), (first, last)) in enumerate(zip(settled, spans, strict=True)):
        assert free <= start < end <= levels.size
        assert end - start >= min(4, last - first)
        assert first - 12 <= start <= first + 6
        assert last - 6 <= end <= last + 12
        free = end
        touched = index and spans[index - 1][1] == first
        assert not touched or (start == first and settled[index - 1][1] == first)


@settings(max_examples=100)
@given(recordings())
def test_settled_edges_stay_with_even_loudness(recording):
    spans, levels = recording
    assert settle_edges(spans, np.full(levels.size, 0.5)) == spans
    assert settle_edges(spans, np.zeros(levels.size)) == spans
