"""The words' attention, and the segmentation of a window that it leads to."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.special
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from subalign.alignment.teacher_forcing import TeacherForced, word_attention
from subalign.alignment.viterbi import (
    Viterbi,
    ViterbiThresholds,
    segment_words,
    spoken_length,
    time_words,
)
from subalign.alignment.words import WordTokens
from subalign.options import AlignmentOptions


def words_of(*texts):
    return [WordTokens(text, (0,), (0, 1)) for text in texts]


def letters(counts):
    return words_of(*("a" * count for count in counts))


@pytest.mark.parametrize(("qk_scale", "width"), [(1.0, 1), (2.5, 5)])
def test_attention_is_the_mean_over_heads_and_spoken_tokens(qk_scale, width):
    rows = torch.randn(3, 7, 40, generator=torch.Generator().manual_seed(0)) * 2
    words = [
        WordTokens(" one", (1, 2), (0, 2)),
        WordTokens(' "two,', (3, 4, 5), (1, 2)),
        WordTokens(" -", (6,), (0, 0)),  # nothing of it is said, but it has a row
        WordTokens(" three", (7,), (0, 1)),
    ]
    found = word_attention(rows, words, qk_scale=qk_scale, medfilt_width=width)
    weights = scipy.special.softmax(rows.double().numpy() * qk_scale, axis=-1)
    weights = scipy.ndimage.median_filter(weights, (1, 1, width), mode="mirror").mean(0)
    expected = [weights[0:2].mean(0), weights[3], weights[5], weights[6]]
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_attention_is_not_filtered_by_itself():
    scores = torch.zeros(1, 3, 9)
    scores[0, 1, 4] = 8.0
    forced = TeacherForced(scores, 1, (1.0,))
    [row] = Viterbi().attention_map(forced, letters([3]), AlignmentOptions()).numpy()
    assert row.argmax() == 4
    assert row.sum() == pytest.approx(1, abs=1e-6)
    options = AlignmentOptions(medfilt_width=3)
    [filtered] = Viterbi().attention_map(forced, letters([3]), options).numpy()
    assert np.ptp(filtered) == 0


def attention_at(spans, n_positions):
    """Each word attends to its own positions alone."""
    attention = np.zeros((len(spans), n_positions))
    for row, (start, end) in zip(attention, spans, strict=True):
        row[start:end] = 1 / (end - start)
    return attention


@pytest.mark.parametrize("shift", [-0.06, -0.03, 0.02, 0.06])
def test_attention_is_moved_onto_the_sound(shift):
    spans = [(20, 32), (32, 44), (44, 56)]
    levels = np.full(160, 0.9)  # nothing for edges to settle on
    attention = attention_at(spans, 80)
    words = letters([3, 3, 3])
    plain = time_words(attention, levels, words)
    moved = time_words(attention, levels, words, shift=shift)
    np.testing.assert_allclose(moved.spans[1], plain.spans[1] + shift, atol=0.011)
    np.testing.assert_array_equal(moved.estimated, plain.estimated)


def test_uniform_attention_stays_so_however_it_is_moved():
    found = time_words(np.full((2, 50), 0.02), np.full(100, 0.9), letters([3, 3]), shift=0.03)
    assert found.estimated.all()


def speech_at(spans, n_positions):
    speech = np.full(n_positions, 0.01)
    for start, end in spans:
        speech[start:end] = 0.99
    return speech


SPOKEN = [(20, 30), (30, 42), (60, 75), (75, 79)]


def test_words_are_where_they_are_attended_to_and_loud():
    attention, speech = attention_at(SPOKEN, 120), speech_at(SPOKEN, 120)
    found = segment_words(attention, speech, letters([3, 4, 5, 1]))
    assert found.spans.tolist() == [list(span) for span in SPOKEN]
    assert found.estimated.tolist() == [False] * 4


def test_speech_that_the_text_does_not_have_is_no_word():
    attention = attention_at(SPOKEN, 240)
    speech = speech_at([(0, 15), *SPOKEN, (100, 240)], 240)
    found = segment_words(attention, speech, letters([3, 4, 5, 1]))
    np.testing.assert_allclose(found.spans, SPOKEN, atol=5)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("nothing", [np.nan, 1 / 120])
def test_a_word_without_attention_is_estimated_and_lies_between_its_neighbours(nothing):
    attention, speech = attention_at(SPOKEN, 120), speech_at(SPOKEN, 120)
    attention[1] = nothing
    found = segment_words(attention, speech, letters([3, 4, 5, 1]))
    assert found.estimated.tolist() == [False, True, False, False]
    np.testing.assert_allclose(found.spans, SPOKEN, atol=3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("nothing", [np.nan, 0.05])
def test_without_any_attention_loudness_and_letters_decide(nothing):
    attention = np.full((2, 20), nothing)
    found = segment_words(attention, speech_at([(4, 16)], 20), letters([3, 3]))
    assert found.estimated.tolist() == [True, True]
    np.testing.assert_allclose(found.spans, [[4, 10], [10, 16]], atol=1)


@pytest.mark.parametrize(("n_words", "n_positions"), [(3, 2), (7, 1), (100, 30)])
def test_more_words_than_positions_share_them_evenly(n_words, n_positions):
    attention = np.random.default_rng(0).dirichlet(np.ones(n_positions), n_words)
    found = segment_words(attention, np.full(n_positions, 0.5), letters([2] * n_words))
    edges = np.arange(n_words + 1) * n_positions / n_words
    np.testing.assert_allclose(found.spans, np.stack([edges[:-1], edges[1:]], 1))
    assert found.estimated.all()


def test_one_position():
    found = segment_words(np.ones((1, 1)), np.ones(1), letters([4]))
    assert found.spans.tolist() == [[0, 1]]
    assert found.estimated.tolist() == [True]


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 150), st.booleans())
def test_words_have_time_and_order(seed, n_words, n_positions, sharp):
    rng = np.random.default_rng(seed)
    attention = rng.dirichlet(np.full(n_positions, 0.1 if sharp else 1.0), n_words)
    texts = letters(rng.integers(0, 12, n_words))
    found = segment_words(attention, rng.random(n_positions), texts)
    starts, ends = found.spans.T
    assert found.spans.shape == (n_words, 2)
    assert (starts[1:] >= ends[:-1]).all()
    assert starts[0] >= 0
    assert ends[-1] <= n_positions
    fewest = n_positions / n_words if n_positions < n_words else min(2, n_positions // n_words)
    assert (ends - starts >= fewest - 1e-9).all()


@pytest.mark.parametrize(
    ("text", "length"),
    [
        (" word", 5),
        (' "Word!"', 5),
        (" don't", 5),
        (" 7", 5),
        (" 1984", 17),
        (" 你好", 7),
        ("カタ", 7),
        (" é", 2),
        (" -", 2),
        ("", 2),
    ],
)
def test_length_of_words(text, length):
    assert spoken_length(text) == length


def test_thresholds_of_a_method_can_be_varied():
    attention, speech = attention_at(SPOKEN, 120), speech_at(SPOKEN, 120)
    words = letters([3, 4, 5, 1])
    spans = segment_words(attention, speech, words, ViterbiThresholds(longest=8)).spans
    assert (spans[:, 1] - spans[:, 0] <= 8).all()
    no_silence = ViterbiThresholds(shortest_silence=120)
    starts, ends = segment_words(attention, speech, words, no_silence).spans.T
    assert (starts[1:] == ends[:-1]).all()
    short = Viterbi(ViterbiThresholds(longest=8))
    [found] = short.word_spans([torch.from_numpy(attention)], [words], [np.full(240, 0.5)])
    assert (found.spans[:, 1] - found.spans[:, 0] <= 0.16 + 1e-9).all()
