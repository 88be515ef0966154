"""Exact times of windows' words, and the order that they are brought into."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from subalign.alignment.forced.coarse import CoarseTimes
from subalign.alignment.forced.matching import Matching
from subalign.alignment.forced.recognition import Context, SpanEncoder
from subalign.alignment.forced.timing import (
    AlignedWords,
    Window,
    in_order,
    time_recognised_windows,
    time_windows,
)
from subalign.alignment.pauses import FrameSpan

NAN = float("nan")


def aligned_words(starts, ends, support, estimated=None, evidence=None):
    n = len(starts)
    return AlignedWords(
        np.array(starts, float),
        np.array(ends, float),
        np.full(n, 0.5),
        np.array(support if evidence is None else evidence, float),
        np.array(support, float),
        np.array(estimated if estimated is not None else [False] * n, bool),
        np.zeros(n, bool),
    )


def coarse_at(starts, ends):
    none = np.zeros(len(starts), bool)
    return CoarseTimes(np.array(starts, float), np.array(ends, float), none)


def test_verified_is_what_has_support_and_a_time():
    timed = aligned_words([0, 1, 2], [1, 2, 3], [5.0, 0.5, 5.0], estimated=[False, False, True])
    assert timed.verified().tolist() == [True, False, False]


def test_words_recognised_where_they_are_are_verified_though_the_model_foresaw_them():
    """Near enough, alike enough, with a time, and not those that nobody wrote."""
    matching = Matching(
        starts=np.array([0.25, 1.35, 2.0, NAN, 4.0]),
        ends=np.full(5, 9.0),
        likeness=np.array([1.0, 1.0, 0.8, 0.0, 1.0]),
        confidence=np.ones(5),
        used=np.ones(5),
    )
    starts = [0, 1, 2, 2.5, NAN, 4]
    timed = aligned_words(starts, starts, [0.5] * 6, estimated=[False] * 5 + [True])
    transcribed = np.array([True, True, True, False, True, True])
    found = timed.with_recognised(matching, transcribed)
    assert found.recognised.tolist() == [True, False, False, False, False, True]
    # a time that no attention told is none that is verified
    assert found.verified().tolist() == [True, False, False, False, False, False]


def test_times_of_some_words_are_replaced():
    timed = aligned_words([0, 1, 2], [1, 2, 3], [5.0, 0.5, 5.0])
    others = aligned_words([7, 8, 9], [8, 9, 10], [1.0, 2.0, 3.0], estimated=[True] * 3)
    found = timed.replaced(others, np.array([False, True, False]))
    assert found.starts.tolist() == [0, 8, 2]
    assert found.ends.tolist() == [1, 9, 3]
    assert found.support.tolist() == [5.0, 2.0, 5.0]
    assert found.estimated.tolist() == [False, True, False]
    assert timed.starts.tolist() == [0, 1, 2]


def test_anchors_are_words_verified_by_themselves_in_order():
    timed = aligned_words(
        [0, 9, 2, 3, 4], [1, 10, 3, 4, 5], [3.0, 9.0, 12.0, 3.0, 1.0], evidence=[1, 1, 1, -1, 1]
    )
    anchors = timed.anchors()
    assert anchors.words.tolist() == [0, 2]
    assert anchors.weights.tolist() == [0.5, 1.0]


def test_words_not_verified_lie_between_those_that_are():
    timed = aligned_words([0, NAN, 8, 3], [1, NAN, 9, 4], [5, -np.inf, 0, 5])
    starts, ends, kept = in_order(coarse_at([0, 1.2, 2, 3], [1, 1.8, 3, 4]), timed)
    assert kept.tolist() == [True, False, False, True]
    assert starts.tolist() == [0, 1.2, 3, 3]
    assert ends.tolist() == [1, 1.8, 3, 4]


def test_words_verified_out_of_order_are_not_kept():
    timed = aligned_words([0, 7, 2, 3], [1, 8, 3, 4], [5, 5, 5, 5])
    starts, ends, kept = in_order(coarse_at([0] * 4, [1] * 4), timed)
    assert kept.tolist() == [True, False, True, True]
    assert starts.tolist() == [0, 2, 2, 3]
    assert ends.tolist() == [1, 2, 3, 4]


def test_no_words():
    starts, ends, kept = in_order(coarse_at([], []), aligned_words([], [], []))
    assert starts.size == ends.size == kept.size == 0


@pytest.fixture(scope="module")
def two_windows(embedded_model, tokenizer, encode_words, opening, opening_mel):
    """Lines 0 to 3 and 4 to 7 in windows of their own, and one word of no window."""
    words = [word for line in opening.lines for word in encode_words(line)]
    edges = np.cumsum([0, *(len(line.split()) for line in opening.lines)])
    cut = opening.pause_after(3) // 160
    windows = [
        Window(FrameSpan(0, cut), tuple(range(edges[4]))),
        Window(FrameSpan(cut, opening_mel.n_frames), tuple(range(edges[4], edges[8]))),
    ]
    told = []
    with torch.inference_mode():
        found = time_windows(
            Context(SpanEncoder(embedded_model, opening_mel), tokenizer, fullest=windows[0].span),
            [*words, *encode_words("glacier")],
            windows,
            told.append,
        )
    assert told == [window.span for window in windows]
    return found


def test_windows_times_are_the_recordings(two_windows, opening):
    truth = np.array([start for line in opening.starts for start in line])
    errors = np.abs(two_windows.starts[:-1] - truth)
    assert np.median(errors) < 0.06
    assert (errors < 0.3).mean() > 0.9
    assert (np.diff(two_windows.starts[:-1]) > 0).all()
    assert two_windows.verified()[:-1].mean() > 0.8


def test_a_word_of_no_window_has_no_time(two_windows):
    assert np.isnan([two_windows.starts[-1], two_windows.ends[-1]]).all()
    assert two_windows.evidence[-1] == two_windows.support[-1] == -np.inf
    assert not two_windows.verified()[-1]


def test_a_foreign_word_gets_no_time_after_the_edits(context, encode_words, opening):
    text = " ".join(opening.lines[:3]).replace("very happy", "very Parliament happy")
    words = encode_words(text)
    window = Window(FrameSpan(0, opening.pause_after(2) // 160), tuple(range(len(words))))
    context = replace(context, fullest=window.span)
    found = time_windows(context, words, [window], final=True)
    assert not found.verified()[10]
    assert np.isfinite(np.delete(found.starts, 10)).mean() > 0.8
    truth = np.array([start for line in opening.starts[:3] for start in line])
    errors = np.abs(np.delete(found.starts, 10) - truth)
    assert np.nanmedian(errors) < 0.1


def test_recognised_windows_are_timed_in_what_was_encoded_for_decoding(
    context, encode_words, opening, monkeypatch
):
    """The words that were recognised keep their times, a foreign one among them gets none."""
    text = " ".join(opening.lines[:3]).replace("very happy", "very Parliament happy")
    words = encode_words(text)
    span = FrameSpan(0, opening.pause_after(2) // 160)
    matched = np.array([word.text.strip() != "Parliament" for word in words])
    context.encoder.encode([span])
    monkeypatch.setattr(context.model.encoder, "forward", None)
    told = []
    found = time_recognised_windows(
        context,
        words,
        [Window(span, tuple(range(len(words))))],
        matched,
        told.append,
    )
    assert told == [span]
    assert found.verified().tolist() == matched.tolist()
    truth = np.array([start for line in opening.starts[:3] for start in line])
    errors = np.abs(found.starts[matched] - truth)
    assert np.median(errors) < 0.1
    assert errors.max() < 0.3
