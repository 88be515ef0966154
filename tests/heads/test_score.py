"""Heads measured by themselves: on attention made by hand, and the embedded model's."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from subalign.alignment.attention_maps import attention_matrix
from subalign.alignment.methods import time_texts
from subalign.alignment.script_words import script_words
from subalign.alignment.teacher_forcing import capture_scores
from subalign.alignment.words import WordTokens
from subalign.heads.maps import (
    BY_PATH,
    HeadMaps,
    HeardText,
    TimedText,
    all_heads,
    hear_text,
    spans_of,
)
from subalign.heads.scores import (
    consensus,
    measure_heads,
    monotonicity,
    rate_heads,
    share_inside,
    sharpness,
    word_errors,
)
from subalign.options import AlignmentOptions
from subalign.results import Line

JFK = "And so my fellow Americans, ask not what your country can do for you."
SECONDS = 0.02
# five words of one token, each of 20 positions
SPANS = np.array([(index * 0.4, index * 0.4 + 0.4) for index in range(5)])
WORDS = tuple(WordTokens(f" {name}", (index,), (0, 1)) for index, name in enumerate("abcde"))


def heard(*peaks, spans=SPANS, width=100):
    """A window whose heads attend to stretches of 20 positions from these on, one a token."""
    text = TimedText(WORDS, spans)
    scores = torch.zeros(len(peaks), 8, width)  # start, no timestamps, five tokens, end
    for head, starts in enumerate(peaks):
        for row, start in enumerate(starts, start=1):
            scores[head, row, max(0, start) : start + 20] = 8.0
    heads = tuple((0, head) for head in range(len(peaks)))
    return HeardText(text, heads, scores, 1, SECONDS, np.ones(2 * width))


GOOD = (0, 20, 40, 60, 80)
LATE = (5, 25, 45, 65, 85)
BACKWARDS = GOOD[::-1]
STUCK = (50, 50, 50, 50, 50)


# against true times


def test_a_head_that_follows_the_words_has_no_error():
    [found] = measure_heads([heard(GOOD)])
    assert (found.layer, found.head) == (0, 0)
    assert (found.error, found.start, found.end, found.bias, found.near) == pytest.approx(
        (0, 0, 0, 0, 1), abs=SECONDS
    )
    assert found.inside > 0.95


def test_a_head_that_is_late_has_that_bias():
    good, late = measure_heads([heard(LATE, GOOD)])
    assert (good.head, late.head) == (1, 0)
    assert late.bias == pytest.approx(5 * SECONDS, abs=SECONDS / 2)
    assert late.inside == pytest.approx(0.75, abs=0.05)
    assert late.loss > good.loss


def test_heads_are_sorted_by_error_over_all_windows():
    windows = [heard(GOOD, STUCK, LATE), heard(BACKWARDS, STUCK, LATE)]
    found = measure_heads(windows)
    assert found[0].head == 2
    assert [head.error for head in found] == sorted(head.error for head in found)


def test_words_of_unknown_time_do_not_count():
    spans = SPANS.copy()
    spans[2] += 1.0
    wrong = measure_heads([heard(GOOD, spans=spans)])[0]
    spans[2] = np.nan
    unknown = measure_heads([heard(GOOD, spans=spans)])[0]
    assert wrong.error > 0.2
    assert unknown.error == pytest.approx(0, abs=SECONDS)


def test_the_first_start_is_the_paths_and_not_the_heads():
    maps = HeadMaps(TimedText(WORDS, SPANS + 0.1), ((0, 0),), torch.zeros(1, 6, 100), SECONDS)
    spans = SPANS.copy()
    errors = word_errors(spans, maps)
    assert np.isnan(errors[0, 0])
    assert errors[1:, 0] == pytest.approx(-0.1)
    divided = replace(maps, levels=np.ones(200))
    assert word_errors(spans, divided)[0, 0] == pytest.approx(-0.1)


def test_only_spoken_tokens_count():
    words = (WordTokens(' "hm', (7, 8), (1, 2)), WordTokens(" so,", (9, 10), (0, 1)))
    text = TimedText(words, np.array([(0.2, 0.4), (0.4, 0.6)]))
    assert text.tokens == [7, 8, 9, 10]
    assert text.ranges.tolist() == [[1, 2], [2, 3]]
    steps = torch.zeros(5, 50)
    for token in range(5):
        steps[token, 10 * token : 10 * token + 10] = 1.0
    window = HeadMaps(text, ((0, 0),), steps[None], SECONDS)
    [spans] = spans_of([steps], [window])
    assert spans == pytest.approx(text.spans, abs=SECONDS * 1.01)


def test_the_share_inside_counts_parts_of_positions():
    text = TimedText(WORDS[:1], np.array([(0.03, 0.07)]))
    weights = torch.full((1, 1, 5), 0.2)
    # half of position 1, all of 2, half of 3
    assert share_inside(weights, text, SECONDS).item() == pytest.approx(0.4)


def test_no_window_gives_no_heads():
    assert measure_heads([]) == rate_heads([]) == ()


# by the text alone


@given(st.permutations(range(8)))
def test_monotonicity_is_kendalls_tau(peaks):
    weights = torch.zeros(1, 8, 10)
    weights[0, range(8), peaks] = 1.0
    tau = stats.kendalltau(range(8), peaks).statistic
    assert monotonicity(weights)[0] == pytest.approx(max(0.0, tau))


def test_a_head_that_looks_at_one_place_is_in_no_order():
    assert monotonicity(heard(STUCK, BACKWARDS).weights(1.0)).tolist() == [0.0, 0.0]


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=9))
def test_sharpness_is_what_entropy_leaves(row):
    weights = torch.tensor([[row]], dtype=torch.float64)
    weights /= weights.sum()
    expected = 1 - stats.entropy(row) / np.log(len(row))
    assert sharpness(weights)[0] == pytest.approx(expected, abs=1e-9)


def test_heads_in_order_that_agree_come_first():
    unknown = np.full((5, 2), np.nan)
    rated = rate_heads([heard(STUCK, GOOD, BACKWARDS, LATE, GOOD, spans=unknown)])
    assert {head.head for head in rated[:3]} == {1, 3, 4}
    assert all(head.monotonicity == 1.0 and head.agreement == 1.0 for head in rated[:3])
    assert all(head.score == 0 for head in rated[3:])
    assert [head.loss for head in rated] == sorted(head.loss for head in rated)


def test_one_head_agrees_with_itself():
    [rated] = rate_heads([heard(GOOD)])
    assert rated.agreement == 1.0
    assert rated.score == pytest.approx(np.cbrt(rated.monotonicity * rated.sharpness))


def test_the_consensus_is_that_of_heads_in_order():
    window = heard(STUCK, GOOD, BACKWARDS, GOOD, STUCK)
    assert consensus(window) == pytest.approx(SPANS, abs=1.5 * SECONDS)


def test_the_consensus_of_heads_that_all_fail_is_still_one():
    spans = consensus(heard(STUCK, BACKWARDS))
    assert spans.shape == (5, 2)
    assert np.isfinite(spans).all()


def test_the_consensus_by_division_is_that_of_the_same_heads():
    spans = consensus(heard(STUCK, GOOD, BACKWARDS, GOOD, STUCK), AlignmentOptions())
    assert spans == pytest.approx(SPANS, abs=2 * SECONDS)


# a model's heads


@pytest.mark.parametrize("method", ["viterbi", "dtw"])
def test_some_heads_give_the_times_that_align_gives_with_them(jfk, method):
    line = Line(JFK, ((0, len(JFK)),))
    words = tuple(word.encoded for word in script_words(line, jfk.tokenizer))
    text = TimedText(words, np.full((len(words), 2), np.nan))
    heads = ((1, 0), (1, 2), (1, 4))
    options = AlignmentOptions(method=method, heads=heads)
    [timed] = time_texts(jfk.model, jfk.tokenizer, jfk.encoded, [words], [jfk.num_frames], options)

    window = hear_text(jfk.model, jfk.tokenizer, jfk.encoded, text, jfk.num_frames)
    maps = window.select(heads).maps(options)
    [spans] = spans_of([maps.maps.mean(dim=0)], [maps])
    expected = np.array([(word.start, word.end) for word in timed])
    # other layers' attention is fused here and explicit there
    assert np.abs(spans - expected).max() <= 2 * SECONDS
    assert np.median(np.abs(spans - expected)) < 1e-6


def test_a_method_that_chooses_its_heads_has_no_maps():
    with pytest.raises(ValueError, match="norms chooses its heads itself"):
        heard(GOOD).maps(AlignmentOptions(method="norms"))


def test_the_maps_of_all_heads_are_those_that_words_are_timed_by(jfk):
    text = TimedText(
        tuple(
            WordTokens(word, tuple(tokens), (0, len(tokens)))
            for word, tokens in zip(
                *jfk.tokenizer.split_to_word_tokens(jfk.tokenizer.encode(" And so my fellow")),
                strict=True,
            )
        ),
        np.full((4, 2), np.nan),
    )
    window = hear_text(jfk.model, jfk.tokenizer, jfk.encoded, text, jfk.num_frames)
    assert window.heads == all_heads(jfk.model)

    start = jfk.tokenizer.sot_sequence_including_notimestamps
    tokens = torch.tensor([[*start, *text.tokens, jfk.tokenizer.eot]])
    marked = jfk.model.alignment_pairs
    with torch.inference_mode(), capture_scores(jfk.model.decoder, marked) as capture:
        jfk.model.decoder(tokens, jfk.encoded)
    scores = capture.scores[0, :, :, : jfk.num_frames // 2]
    expected = attention_matrix(scores, qk_scale=1.0, medfilt_width=7)[len(start) - 1 : -1]

    chosen = window.select(marked).maps(BY_PATH).maps
    # other layers' attention is fused here and explicit there
    assert torch.allclose(chosen.mean(dim=0), expected, atol=1e-4)
    some = hear_text(jfk.model, jfk.tokenizer, jfk.encoded, text, jfk.num_frames, marked)
    assert torch.allclose(some.scores, window.select(marked).scores, atol=1e-4)


def test_a_text_too_long_for_the_decoder(small, noise):
    text = TimedText((WordTokens(" a", (5,) * 127, (0, 127)),), np.full((1, 2), np.nan))
    with pytest.raises(ValueError, match=r"takes 130 tokens .* reads 128"):
        hear_text(small, noise.tokenizer, noise.encoded, text, 400)


def test_halved_maps_are_as_good():
    maps = heard(GOOD, LATE).maps()
    assert maps.halved().maps.dtype == torch.float16
    assert torch.allclose(maps.halved().maps.float(), maps.maps, rtol=1e-3, atol=1e-3)
    assert replace(maps, maps=maps.maps).heads == maps.heads
