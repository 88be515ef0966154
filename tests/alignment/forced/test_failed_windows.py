"""Which windows fail, and the windows that are planned for their words."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subalign.alignment.forced.coarse import CoarseTimes
from subalign.alignment.forced.failed_windows import (
    WindowLimits,
    accepted_words,
    plan_windows,
    split_anchored,
)
from subalign.alignment.forced.matching import Anchors
from subalign.alignment.forced.thresholds import WindowThresholds
from subalign.alignment.forced.timing import AlignedWords, Window, recognised_windows
from subalign.alignment.pauses import FrameSpan
from subalign.mel.loudness import RecordingLoudness

LIMITS = WindowLimits(frames=2000, tokens=200)


def coarse_at(starts, ends, *, absent=(), breaks=(), weights=None):
    n = len(starts)
    return CoarseTimes(
        np.array(starts, float),
        np.array(ends, float),
        np.ones(n) if weights is None else np.array(weights, float),
        np.isin(np.arange(n), absent),
        np.isin(np.arange(n), breaks),
    )


def evenly(n, seconds=0.5, **others):
    return coarse_at(np.arange(n) * seconds, np.arange(1, n + 1) * seconds, **others)


def loud(seconds, quiet=()):
    """As loud everywhere, but for these quiet stretches (seconds)."""
    frames = np.ones(round(seconds * 100), np.float32)
    for begin, end in quiet:
        frames[round(begin * 100) : round(end * 100)] = -1
    return RecordingLoudness(frames)


def planned(coarse, seconds, limits=LIMITS, tokens=None, quiet=(), **thresholds):
    n = coarse.starts.size
    tokens = np.ones(n, int) if tokens is None else np.array(tokens)
    loudness = loud(seconds, quiet)
    return plan_windows(coarse, tokens, loudness, limits, WindowThresholds(**thresholds))


def test_a_short_recording_is_one_window():
    [window] = planned(evenly(20), 60)
    assert window.words == tuple(range(20))
    assert (window.span.start, window.span.end) == (0, 1050)
    assert LIMITS.seconds == 20


def test_a_recording_of_one_window_is_not_cut_where_all_of_it_is_written():
    limits = WindowLimits(frames=2000, tokens=200, whole=3000)
    [window] = planned(evenly(55), 30, limits)
    assert window.words == tuple(range(55))
    assert (window.span.start, window.span.end) == (0, 3000)
    assert len(planned(evenly(55), 30.01, limits)) > 1
    assert len(planned(evenly(55), 30, limits, tokens=[4] * 55)) > 1
    assert len(planned(evenly(55, breaks=[20]), 30, limits)) > 1
    assert 30 not in {
        word for w in planned(evenly(55, absent=[30]), 30, limits) for word in w.words
    }


def test_windows_end_with_the_recording():
    [window] = planned(evenly(20), 10)
    assert (window.span.start, window.span.end) == (0, 1000)
    [window] = planned(coarse_at([30.0], [31.0]), 10)
    assert window.span.length == 1


def test_thresholds_can_be_varied():
    [window] = planned(evenly(20), 60, margin=1.0)
    assert (window.span.start, window.span.end) == (0, 1100)


def test_a_break_begins_a_window():
    starts = [*np.arange(10) * 0.5, *(100 + np.arange(10) * 0.5)]
    coarse = coarse_at(starts, np.array(starts) + 0.5, breaks=[10])
    first, second = planned(coarse, 200)
    assert (first.words, second.words) == (tuple(range(10)), tuple(range(10, 20)))
    assert (first.span.start, first.span.end) == (0, 550)
    assert (second.span.start, second.span.end) == (9950, 10550)


def test_absent_words_are_in_no_window():
    windows = planned(evenly(200, absent=[*range(50, 60)]), 100)
    told = {word for window in windows for word in window.words}
    assert told == set(range(200)) - set(range(50, 60))


def test_neighbouring_windows_share_some_words():
    windows = planned(evenly(400), 200)
    assert len(windows) > 10
    for window, following in pairwise(windows):
        shared = set(window.words) & set(following.words)
        assert 2 <= len(shared) <= 8
        assert window.span.start < following.span.start < window.span.end < following.span.end


def test_windows_are_cut_at_pauses():
    """Of places that are as matched, one where nobody speaks is cut at."""
    starts = np.concatenate([np.arange(26) * 0.5, 15.5 + np.arange(25) * 0.5])
    windows = planned(coarse_at(starts, starts + 0.5), 30, quiet=[(13.0, 15.5)])
    assert len(windows) == 2
    # all of one is told with words before the pause, all of the other with those after it
    assert 25 in windows[0].words
    assert 26 in windows[1].words
    assert max(windows[0].words) < 30
    assert min(windows[1].words) > 22


def test_windows_are_cut_between_words_of_known_place():
    weights = np.zeros(60)
    weights[[24, 25]] = 1
    windows = planned(evenly(60, weights=weights), 30)
    assert min(windows[1].words) <= 25 <= max(windows[0].words) + 1
    assert set(windows[0].words) | set(windows[1].words) == set(range(60))


def test_no_window_holds_more_tokens_than_the_decoder():
    windows = planned(evenly(100), 50, tokens=[30] * 100)
    assert max(30 * len(window.words) for window in windows) <= 200
    assert {word for window in windows for word in window.words} == set(range(100))
    # one word has its window even if it is too long
    windows = planned(evenly(3), 50, tokens=[10, 300, 10])
    assert {word for window in windows for word in window.words} == {0, 1, 2}


def test_no_words_no_windows():
    assert planned(evenly(0), 50) == []
    assert planned(evenly(3, absent=[0, 1, 2]), 50) == []


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 200)), min_size=1, max_size=150),
    st.integers(0, 2**32 - 1),
)
def test_all_words_are_in_windows_that_are_not_too_long(gaps, seed):
    rng = np.random.default_rng(seed)
    edges = np.cumsum([[pause / 100, length / 100] for pause, length in gaps])
    starts, ends = edges[::2], edges[1::2]
    n = len(gaps)
    absent = np.flatnonzero(rng.random(n) < 0.1)
    breaks = np.flatnonzero(rng.random(n) < 0.05)
    tokens = rng.integers(1, 12, n)
    coarse = coarse_at(starts, ends, absent=absent, breaks=breaks, weights=rng.random(n))
    seconds = float(edges[-1]) + 1
    windows = planned(coarse, seconds, tokens=tokens)
    told = {word for window in windows for word in window.words}
    assert told == set(range(n)) - set(absent.tolist())
    for window in windows:
        assert list(window.words) == sorted(set(window.words))
        assert 0 <= window.span.start < window.span.end <= round(seconds * 100)
        assert window.span.length <= LIMITS.frames
        assert tokens[list(window.words)].sum() <= LIMITS.tokens
        assert not set(breaks.tolist()) & set(window.words[1:])
    # every word is where it was placed in one of its windows
    for word in told:
        spans = [window.span for window in windows if word in window.words]
        assert any(
            span.start / 100 <= starts[word] + 0.011 and ends[word] <= span.end / 100 + 0.011
            for span in spans
        )


@pytest.mark.parametrize("weights", [0.0, 1.0])
def test_planning_takes_about_one_window_for_what_it_holds(weights):
    windows = planned(evenly(2000, weights=np.full(2000, weights)), 1000)
    assert 1000 / 20 <= len(windows) <= 1.6 * 1000 / 20


def test_windows_are_anchored_where_nearly_all_words_have_a_sure_place():
    windows = planned(evenly(100), 60)
    assert len(windows) > 3
    unknown, unsure = windows[1].words[len(windows[1].words) // 2 :], windows[3].words[::5]
    words = np.setdiff1d(np.arange(100), [*unknown, windows[0].words[0]])
    weights = np.where(np.isin(words, unsure), 0.4, 0.9)
    anchored, others = split_anchored(windows, Anchors(words, words / 2, words / 2 + 0.4, weights))
    assert windows[0] in anchored
    assert windows[1] in others
    assert windows[3] in others
    assert sorted(anchored + others, key=windows.index) == windows


def recognised(matched, known=None, starts=None, room=200):
    """Which words are in the recognised ones of three windows of 10 s; a word every second.

    `known` are the words with anchors, by default those that are `matched`.
    """
    matched = np.array(matched, bool)
    starts = np.arange(matched.size) + 0.1 if starts is None else np.array(starts)
    known = np.flatnonzero(matched) if known is None else np.array(known)
    anchors = Anchors(known, starts[known], starts[known] + 0.5, np.ones(known.size))
    spans = [FrameSpan(0, 1000), FrameSpan(1000, 2000), FrameSpan(2000, 3000)]
    coarse = coarse_at(starts, starts + 0.5)
    tokens = np.ones(matched.size, int)
    windows = recognised_windows(spans, anchors, matched, coarse, tokens, room)
    assert {window.span for window in windows} <= set(spans)
    return [(window.span.start // 1000, window.words) for window in windows]


FIRST, SECOND, THIRD = (tuple(range(n, n + 10)) for n in (0, 10, 20))


def without(*words):
    return [n not in words for n in range(30)]


def test_spans_that_were_decoded_as_written_are_recognised():
    assert recognised(without()) == [(0, FIRST), (1, SECOND), (2, THIRD)]
    # a few others among those that were, also at the ends and where two spans meet
    assert recognised(without(0, 13, 14, 29)) == [(0, FIRST), (1, SECOND), (2, THIRD)]
    assert recognised(without(9, 10)) == [(0, FIRST), (1, SECOND), (2, THIRD)]


def test_a_word_where_two_spans_meet_belongs_where_it_is_placed():
    starts = np.arange(30) + 0.1
    starts[10] = 9.9
    expected = [(0, (*FIRST, 10)), (1, SECOND[1:]), (2, THIRD)]
    assert recognised(without(10), starts=starts) == expected


def test_spans_with_more_words_in_doubt_are_not_recognised():
    # in a row, in all, and where two spans meet
    assert recognised(without(12, 13, 14, 15, 16)) == [(0, FIRST), (2, THIRD)]
    assert recognised(without(11, 13, 15, 17)) == [(0, FIRST), (2, THIRD)]
    assert recognised(without(19, 20, 21)) == [(0, FIRST)]
    # a span that nothing of was decoded, between two
    assert recognised(without(*SECOND)) == []
    assert recognised([False] * 30) == []
    assert recognised(without(), room=9) == []


def test_words_decoded_elsewhere_are_in_doubt_though_alike():
    """`matched` words without an anchor, whose place in the order is wrong."""
    known = [n for n in range(30) if n not in (12, 13, 14, 15, 16)]
    assert recognised(without(), known=known) == [(0, FIRST), (2, THIRD)]


def test_a_window_with_a_word_far_from_where_it_was_recognised_fails():
    starts = np.array([0.0, 1.0, 2.0, 3.0, np.nan, 5.0])
    timed = replace(AlignedWords.unknown(6), starts=starts)
    recognised = Anchors(
        np.arange(1, 6), np.array([1.4, 2.0, 3.6, 4.0, 5.0]), starts[1:], starts[1:]
    )
    span = FrameSpan(0, 1000)
    windows = [Window(span, (0, 1, 2)), Window(span, (3,)), Window(span, (4,))]
    # the last word is of no window, the one before it has no time
    assert accepted_words(windows, timed, recognised, 0.5).tolist() == [True] * 3 + [False] * 3
