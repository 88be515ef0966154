"""Heads measured by themselves: on attention made by hand, and the embedded model's."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from subalign.alignment.methods import time_texts
from subalign.alignment.script_words import script_words
from subalign.alignment.teacher_forcing import TeacherForced, attention_matrix, capture_scores
from subalign.alignment.words import WordTokens
from subalign.audio import open_audio
from subalign.decoding import tokenizer_of
from subalign.heads.attention import HeadMaps, HeadScores, WindowText, word_spans
from subalign.heads.score import (
    consensus,
    monotonicity,
    score_by_times,
    score_without_times,
    share_inside,
    sharpness,
)
from subalign.heads.windows import HeadWindow
from subalign.mel import log_mel
from subalign.options import AlignmentOptions
from subalign.results import Line

JFK = "And so my fellow Americans, ask not what your country can do for you."
SECONDS = 0.02
# five words of one token, each of 20 positions
SPANS = np.array([(index * 0.4, index * 0.4 + 0.4) for index in range(5)])
WORDS = tuple(WordTokens(f" {name}", (index,), (0, 1)) for index, name in enumerate("abcde"))


def attending(*peaks, spans=SPANS, width=100):
    """A window whose heads attend to stretches of 20 positions from these on, one a token."""
    text = WindowText(WORDS, spans)
    scores = torch.zeros(len(peaks), 8, width)  # start, no timestamps, five tokens, end
    for head, starts in enumerate(peaks):
        for row, start in enumerate(starts, start=1):
            scores[head, row, max(0, start) : start + 20] = 8.0
    heads = tuple((0, head) for head in range(len(peaks)))
    return HeadScores(text, heads, TeacherForced(scores, 1, ()), SECONDS, np.ones(2 * width))


GOOD = (0, 20, 40, 60, 80)
LATE = (5, 25, 45, 65, 85)
BACKWARDS = GOOD[::-1]
STUCK = (50, 50, 50, 50, 50)


# against true times


def test_a_head_that_follows_the_words_has_no_error():
    [found] = score_by_times([attending(GOOD)])
    assert (found.layer, found.head) == (0, 0)
    assert (found.error, found.start, found.end, found.bias, found.near) == pytest.approx(
        (0, 0, 0, 0, 1), abs=SECONDS
    )
    assert found.inside > 0.95


def test_a_head_that_is_late_has_that_bias():
    good, late = score_by_times([attending(LATE, GOOD)])
    assert (good.head, late.head) == (1, 0)
    assert late.bias == pytest.approx(5 * SECONDS, abs=SECONDS / 2)
    assert late.inside == pytest.approx(0.75, abs=0.05)
    assert late.error > good.error


def test_heads_are_sorted_by_error_over_all_windows():
    windows = [attending(GOOD, STUCK, LATE), attending(BACKWARDS, STUCK, LATE)]
    found = score_by_times(windows)
    assert found[0].head == 2
    assert [head.error for head in found] == sorted(head.error for head in found)


def test_words_of_unknown_time_do_not_count():
    spans = SPANS.copy()
    spans[2] += 1.0
    wrong = score_by_times([attending(GOOD, spans=spans)])[0]
    spans[2] = np.nan
    unknown = score_by_times([attending(GOOD, spans=spans)])[0]
    assert wrong.error > 0.2
    assert unknown.error == pytest.approx(0, abs=SECONDS)


def test_the_first_start_is_the_paths_and_not_the_heads():
    text = WindowText(WORDS, SPANS + 0.1)
    by_path = HeadMaps(text, ((0, 0),), torch.zeros(1, 6, 100), np.ones(200))
    errors = by_path.errors(SPANS)
    assert np.isnan(errors[0, 0])
    assert errors[1:, 0] == pytest.approx(-0.1)
    by_sound = replace(by_path, options=AlignmentOptions(method="viterbi"))
    assert by_sound.errors(SPANS)[0, 0] == pytest.approx(-0.1)


def test_only_spoken_tokens_count():
    words = (WordTokens(' "hm', (7, 8), (1, 2)), WordTokens(" so,", (9, 10), (0, 1)))
    text = WindowText(words, np.array([(0.2, 0.4), (0.4, 0.6)]))
    assert text.tokens == [7, 8, 9, 10]
    assert text.ranges.tolist() == [[1, 2], [2, 3]]
    steps = torch.zeros(5, 50)
    for token in range(5):
        steps[token, 10 * token : 10 * token + 10] = 1.0
    window = HeadMaps(text, ((0, 0),), steps[None], np.ones(100))
    [spans] = word_spans([steps], [window])
    assert spans == pytest.approx(text.spans, abs=SECONDS * 1.01)


def test_the_share_inside_counts_parts_of_positions():
    text = WindowText(WORDS[:1], np.array([(0.03, 0.07)]))
    weights = torch.full((1, 1, 5), 0.2)
    # half of position 1, all of 2, half of 3
    assert share_inside(weights, text, SECONDS).item() == pytest.approx(0.4)


def test_no_window_gives_no_heads():
    assert score_by_times([]) == score_without_times([]) == ()


# by the text alone


@given(st.permutations(range(8)))
def test_monotonicity_is_kendalls_tau(peaks):
    weights = torch.zeros(1, 8, 10)
    weights[0, range(8), peaks] = 1.0
    tau = stats.kendalltau(range(8), peaks).statistic
    assert monotonicity(weights)[0] == pytest.approx(max(0.0, tau))


def test_a_head_that_looks_at_one_place_is_in_no_order():
    assert monotonicity(attending(STUCK, BACKWARDS).weights(1.0)).tolist() == [0.0, 0.0]


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=9))
def test_sharpness_is_what_entropy_leaves(row):
    weights = torch.tensor([[row]], dtype=torch.float64)
    weights /= weights.sum()
    expected = 1 - stats.entropy(row) / np.log(len(row))
    assert sharpness(weights)[0] == pytest.approx(expected, abs=1e-9)


def test_heads_in_order_that_agree_come_first():
    unknown = np.full((5, 2), np.nan)
    rated = score_without_times([attending(STUCK, GOOD, BACKWARDS, LATE, GOOD, spans=unknown)])
    assert {head.head for head in rated[:3]} == {1, 3, 4}
    assert all(head.monotonicity == 1.0 and head.agreement == 1.0 for head in rated[:3])
    assert all(head.score == 0 for head in rated[3:])
    scores = [head.score for head in rated]
    assert scores == sorted(scores, reverse=True)


def test_one_head_agrees_with_itself():
    [rated] = score_without_times([attending(GOOD)])
    assert rated.agreement == 1.0
    assert rated.score == pytest.approx(np.cbrt(rated.monotonicity * rated.sharpness))


def test_the_consensus_is_that_of_heads_in_order():
    window = attending(STUCK, GOOD, BACKWARDS, GOOD, STUCK)
    assert consensus(window) == pytest.approx(SPANS, abs=1.5 * SECONDS)


def test_the_consensus_of_heads_that_all_fail_is_still_one():
    spans = consensus(attending(STUCK, BACKWARDS))
    assert spans.shape == (5, 2)
    assert np.isfinite(spans).all()


def test_the_consensus_by_viterbi_is_that_of_the_same_heads():
    spans = consensus(attending(STUCK, GOOD, BACKWARDS, GOOD, STUCK), AlignmentOptions())
    assert spans == pytest.approx(SPANS, abs=2 * SECONDS)


# a model's heads


@pytest.fixture(scope="module")
def jfk_mel(shared):
    with open_audio(shared / "data" / "jfk.flac") as stream:
        return log_mel(stream, n_mels=80)


@pytest.fixture(scope="module")
def window(embedded_model, jfk_mel):
    """The first words of a recording, whose times are not known."""
    tokenizer = tokenizer_of(embedded_model)
    line = Line(JFK, ((0, len(JFK)),))
    words = tuple(word.encoded for word in script_words(line, tokenizer))
    text = WindowText(words, np.full((len(words), 2), np.nan))
    return HeadWindow(jfk_mel, tokenizer, 0, jfk_mel.n_frames, text)


@pytest.fixture(scope="module")
def encoded(embedded_model, jfk_mel):
    with torch.inference_mode():
        return embedded_model.encode(jfk_mel.window(0, jfk_mel.n_frames, 3000)[None])


@pytest.mark.parametrize("method", ["viterbi", "dtw"])
def test_some_heads_give_the_times_that_align_gives_with_them(
    embedded_model, window, encoded, method
):
    heads = ((1, 0), (1, 2), (1, 4))
    options = AlignmentOptions(method=method, heads=heads)
    [timed] = time_texts(
        *(embedded_model, window.tokenizer, encoded, [window.text.words]),
        [window.length],
        options,
    )
    maps = window.scores(embedded_model).select(heads).maps(options)
    [spans] = word_spans([maps.maps.mean(dim=0)], [maps])
    expected = np.array([(word.start, word.end) for word in timed])
    # other layers' attention is fused here and explicit there
    assert np.abs(spans - expected).max() <= 2 * SECONDS
    assert np.median(np.abs(spans - expected)) < 1e-6


def test_the_maps_of_all_heads_are_those_that_words_are_timed_by(embedded_model, window, encoded):
    dims = embedded_model.dims
    scores = window.scores(embedded_model)
    assert scores.heads == tuple(
        (layer, head) for layer in range(dims.n_text_layer) for head in range(dims.n_text_head)
    )

    start = window.tokenizer.sot_sequence_including_notimestamps
    tokens = torch.tensor([[*start, *window.text.tokens, window.tokenizer.eot]])
    marked = embedded_model.alignment_pairs
    with torch.inference_mode(), capture_scores(embedded_model.decoder, marked) as capture:
        embedded_model.decoder(tokens, encoded)
    captured = capture.scores[0, :, :, : window.length // 2]
    expected = attention_matrix(captured, qk_scale=1.0, medfilt_width=7)[len(start) - 1 : -1]

    chosen = scores.select(marked)
    # other layers' attention is fused here and explicit there
    assert torch.allclose(chosen.maps().maps.mean(dim=0), expected, atol=1e-4)
    some = window.scores(embedded_model, marked)
    assert torch.allclose(some.forced.scores, chosen.forced.scores, atol=1e-4)


def test_halved_maps_are_as_good():
    maps = attending(GOOD, LATE).maps()
    assert maps.halved().maps.dtype == torch.float16
    assert torch.allclose(maps.halved().maps.float(), maps.maps, rtol=1e-3, atol=1e-3)
    assert replace(maps, maps=maps.maps).heads == maps.heads
