"""Which windows fail, and the spans that their words go to."""

from dataclasses import replace

import numpy as np

from subalign.alignment.forced.coarse import CoarseTimes
from subalign.alignment.forced.failed_windows import accepted_words, span_windows
from subalign.alignment.forced.matching import Anchors
from subalign.alignment.forced.timing import AlignedWords, Window, recognised_windows
from subalign.alignment.pauses import FrameSpan

SPANS = [FrameSpan(0, 1000), FrameSpan(1000, 2000), FrameSpan(2000, 3000)]


def coarse_at(starts, ends, *, absent=()):
    n = len(starts)
    return CoarseTimes(
        np.array(starts, float), np.array(ends, float), np.isin(np.arange(n), absent)
    )


def in_spans(coarse, *, accepted=(), tokens=1, room=200):
    """Which words are in the windows of three spans of 10 s, by the span."""
    n = coarse.starts.size
    windows = span_windows(SPANS, coarse, np.isin(np.arange(n), accepted), np.full(n, tokens), room)
    assert {window.span for window in windows} <= set(SPANS)
    return {window.span.start // 1000: list(window.words) for window in windows}


def test_each_word_is_in_the_span_where_more_of_it_is():
    coarse = coarse_at([0, 9.0, 9.7, 15, 29, 31], [1, 10.5, 10.5, 16, 30, 32])
    assert in_spans(coarse) == {0: [0, 1], 1: [2, 3], 2: [4, 5]}


def test_absent_and_accepted_words_are_in_no_window():
    coarse = coarse_at(np.arange(30), np.arange(30) + 0.5, absent=[*range(5, 10), 25])
    found = in_spans(coarse, accepted=range(10, 20))
    assert found == {0: [*range(5)], 2: [*range(20, 25), *range(26, 30)]}
    assert in_spans(coarse_at([], [])) == {}
    assert in_spans(coarse_at([1.0], [2.0], absent=[0])) == {}


def test_no_window_holds_more_tokens_than_the_decoder_reads():
    coarse = coarse_at(np.arange(30) / 3, np.arange(30) / 3 + 0.3)
    assert in_spans(coarse, tokens=30) == {0: [*range(6)]}


def recognised(matched, known=None, starts=None, room=200):
    """Which words are in the recognised ones of three windows of 10 s; a word every second.

    `known` are the words with anchors, by default those that are `matched`.
    """
    matched = np.array(matched, bool)
    starts = np.arange(matched.size) + 0.1 if starts is None else np.array(starts)
    known = np.flatnonzero(matched) if known is None else np.array(known)
    anchors = Anchors(known, starts[known], starts[known] + 0.5, np.ones(known.size))
    coarse = coarse_at(starts, starts + 0.5)
    tokens = np.ones(matched.size, int)
    windows = recognised_windows(SPANS, anchors, matched, coarse, tokens, room)
    assert {window.span for window in windows} <= set(SPANS)
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
