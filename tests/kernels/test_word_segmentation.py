"""The best segmentation into words and silences is the one that trying all of them finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_oracles import segmentation_oracle, segmentation_score
from subalign.kernels.word_segmentation import SegmentationCosts, best_segmentation

COSTS = SegmentationCosts(
    shortest=2, longest=5, tightness=3.0, shortest_silence=2, silence_start=1.0, untranscribed=4.0
)
FREE = SegmentationCosts(
    shortest=1, longest=9, tightness=0.0, shortest_silence=2, silence_start=0.0, untranscribed=3.0
)


def rows(rng, n_words, n_positions, draw):
    """Scores of words, of silence and of speech outside the text."""
    return (
        draw(rng, (n_words, n_positions)),
        draw(rng, n_positions),
        draw(rng, n_positions),
        rng.uniform(1, 6, n_words),
    )


def reals(rng, shape):
    return rng.normal(size=shape) * 2


def whole_numbers(rng, shape):
    return rng.integers(-1, 2, shape).astype(np.float64)


costs = st.builds(
    SegmentationCosts,
    shortest=st.integers(1, 3),
    longest=st.integers(3, 6),
    tightness=st.sampled_from([0.0, 1.0, 15.0]),
    shortest_silence=st.integers(1, 4),
    silence_start=st.sampled_from([0.0, 0.5, 4.0]),
    untranscribed=st.sampled_from([0.0, 2.0, 60.0]),
)


@st.composite
def problems(draw, most_words=3, most_positions=10):
    span_costs = draw(costs)
    n_positions = draw(st.integers(span_costs.shortest, most_positions))
    n_words = draw(st.integers(1, min(most_words, n_positions // span_costs.shortest)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = draw(st.sampled_from([reals, whole_numbers]))
    return rows(rng, n_words, n_positions, scores), span_costs


@settings(max_examples=150)
@given(problems())
def test_is_worth_as_much_as_the_best_of_all_segmentations(problem):
    arguments, span_costs = problem
    found = best_segmentation(*arguments, span_costs)
    best = segmentation_oracle(*arguments, span_costs)
    assert found.dtype == np.int64
    assert found.shape == best.shape
    worth, highest = (
        segmentation_score(segmentation.tolist(), *arguments, span_costs)
        for segmentation in (found, best)
    )
    assert worth == pytest.approx(highest, abs=1e-9)


@settings(max_examples=100)
@given(problems(most_words=12, most_positions=60))
def test_words_are_in_order_within_their_limits(problem):
    arguments, span_costs = problem
    spans = best_segmentation(*arguments, span_costs)
    assert_allowed(spans, arguments[0].shape, span_costs)


def assert_allowed(spans, shape, span_costs):
    n_words, n_positions = shape
    assert len(spans) == n_words
    assert 0 <= spans.min() <= spans.max() <= n_positions
    lengths = spans[:, 1] - spans[:, 0]
    assert lengths.min() >= span_costs.shortest
    assert lengths.max() <= span_costs.longest
    pauses = spans[1:, 0] - spans[:-1, 1]
    assert ((pauses == 0) | (pauses >= span_costs.shortest_silence)).all()


def random_segmentation(chance, n_words, n_positions, span_costs):
    """Any segmentation that is allowed: words and silences of random length, from anywhere."""
    left = n_positions
    lengths = [span_costs.shortest] * n_words
    pauses = [0] * (n_words - 1)
    left -= sum(lengths)
    for _ in range(200):
        at = chance.randrange(n_words)
        if left and lengths[at] < span_costs.longest:
            lengths[at] += 1
            left -= 1
        at = chance.randrange(max(1, n_words - 1))
        pause_fits = n_words > 1 and not pauses[at] and left >= span_costs.shortest_silence
        if pause_fits and chance.random() < 0.1:
            pauses[at] = chance.randint(span_costs.shortest_silence, left)
            left -= pauses[at]
        if chance.random() < 0.02:
            break
    start = chance.randint(0, left)
    segmentation = []
    for length, pause in zip(lengths, [*pauses, 0], strict=True):
        segmentation.append((start, start + length))
        start += length + pause
    return tuple(segmentation)


@settings(max_examples=60)
@given(problems(most_words=12, most_positions=60), st.randoms(use_true_random=False))
def test_no_other_division_is_worth_more(problem, chance):
    arguments, span_costs = problem
    spans = best_segmentation(*arguments, span_costs)
    worth = segmentation_score(spans.tolist(), *arguments, span_costs)
    for _ in range(10):
        other = random_segmentation(chance, *arguments[0].shape, span_costs)
        assert_allowed(np.array(other), arguments[0].shape, span_costs)
        assert segmentation_score(other, *arguments, span_costs) <= worth + 1e-9


def ties(arguments, span_costs):
    """All segmentations of the highest score, for costs that whole numbers add up exactly."""
    n_words, n_positions = arguments[0].shape
    edges = range(n_positions + 1)
    spans = [(a, b) for a in edges for b in edges if a < b <= a + span_costs.longest]
    segmentations = [(span,) for span in spans]
    for _ in range(n_words - 1):
        segmentations = [
            (*segmentation, span)
            for segmentation in segmentations
            for span in spans
            if span[0] == segmentation[-1][1]
            or span[0] - segmentation[-1][1] >= span_costs.shortest_silence
        ]
    scores = [
        segmentation_score(segmentation, *arguments, span_costs) for segmentation in segmentations
    ]
    return [
        segmentation
        for segmentation, score in zip(segmentations, scores, strict=True)
        if score == max(scores)
    ]


@pytest.mark.parametrize("seed", range(30))
def test_of_equally_good_divisions_it_is_the_documented_one(seed):
    rng = np.random.default_rng(seed)
    n_words = int(rng.integers(1, 4))
    arguments = rows(rng, n_words, 7, whole_numbers)

    def preference(segmentation):
        """From the last word on: it touches the next one, else ends early; it begins early."""
        following = [start for start, _ in segmentation[1:]]
        touches = [end == start for (_, end), start in zip(segmentation, following, strict=False)]
        backwards = zip(reversed(segmentation), [False, *reversed(touches)], strict=True)
        return [(not touching, end, start) for (start, end), touching in backwards]

    best = min(ties(arguments, FREE), key=preference)
    assert best_segmentation(*arguments, FREE).tolist() == [list(span) for span in best]


def test_many_divisions_tie_in_that_test():
    rng = np.random.default_rng(0)
    assert len(ties(rows(rng, 2, 7, whole_numbers), FREE)) > 1
    assert len(ties((np.zeros((2, 7)), np.zeros(7), np.zeros(7), np.ones(2)), FREE)) > 50


def test_words_are_where_their_scores_are():
    words = np.full((3, 40), -4.0)
    for word, (start, end) in enumerate([(5, 9), (9, 12), (20, 25)]):
        words[word, start:end] = 0.0
    silence = np.full(40, -4.0)
    for start, end in ((0, 5), (12, 20), (25, 40)):
        silence[start:end] = 0.0
    outside = np.full(40, -2.0)
    spans = best_segmentation(words, silence, outside, np.array([4.0, 3.0, 5.0]), COSTS)
    assert spans.tolist() == [[5, 9], [9, 12], [20, 25]]


def test_speech_that_the_text_does_not_have_stays_outside():
    words = np.full((1, 30), -3.0)
    words[0, 15:19] = 0.0
    silence = np.full(30, -5.0)  # it is loud everywhere
    outside = np.full(30, -0.1)
    spans = best_segmentation(words, silence, outside, np.array([4.0]), COSTS)
    assert spans.tolist() == [[15, 19]]


def test_speech_that_the_text_does_not_have_stays_between_words():
    words = np.full((2, 40), -6.0)
    words[0, 4:8] = words[1, 33:37] = 0.0
    silence = np.full(40, -5.0)  # it is loud everywhere
    outside = np.full(40, -0.1)
    spans = best_segmentation(words, silence, outside, np.array([4.0, 4.0]), COSTS)
    assert spans.tolist() == [[4, 8], [33, 37]]


def test_a_word_takes_as_long_as_expected_where_nothing_else_tells():
    nothing = np.zeros(9)
    spans = best_segmentation(np.zeros((2, 9)), nothing, nothing, np.array([2.0, 5.0]), COSTS)
    assert spans.tolist() == [[0, 2], [2, 7]]


def test_no_words():
    spans = best_segmentation(np.zeros((0, 5)), np.zeros(5), np.zeros(5), np.zeros(0), COSTS)
    assert spans.shape == (0, 2)
    assert spans.dtype == np.int64


def test_words_that_just_fit_fill_everything():
    arguments = rows(np.random.default_rng(0), 4, 8, reals)
    assert best_segmentation(*arguments, COSTS).tolist() == [[0, 2], [2, 4], [4, 6], [6, 8]]


@pytest.mark.parametrize(("n_words", "n_positions"), [(5, 9), (1, 1), (1, 0)])
def test_words_that_do_not_fit_are_refused(n_words, n_positions):
    arguments = rows(np.random.default_rng(0), n_words, n_positions, reals)
    with pytest.raises(ValueError, match=f"{n_words} words of 2 .* do not fit into {n_positions}"):
        best_segmentation(*arguments, COSTS)


def test_strided_read_only_and_single_precision():
    words, silence, outside, expected = rows(np.random.default_rng(1), 3, 30, whole_numbers)
    found = best_segmentation(words, silence, outside, expected, COSTS)
    for array in (words, silence, outside, expected):
        array.flags.writeable = False
    single = [array.astype(np.float32) for array in (words, silence, outside)]
    for same in (
        (words, silence, outside),
        (np.asfortranarray(words), np.repeat(silence, 2)[::2], outside),
        single,
    ):
        assert best_segmentation(*same, expected, COSTS).tolist() == found.tolist()


def test_a_window_full_of_words_is_allowed():
    arguments = rows(np.random.default_rng(3), 120, 1500, reals)
    span_costs = SegmentationCosts(
        shortest=2,
        longest=100,
        tightness=15.0,
        shortest_silence=6,
        silence_start=4.0,
        untranscribed=60.0,
    )
    spans = best_segmentation(*arguments, span_costs)
    assert_allowed(spans, (120, 1500), span_costs)
