"""The Viterbi path and the mixtures' statistics against plain NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.kernels.hmm import Mixtures, mixture_statistics, state_path

DIMENSIONS = 3


def random_mixtures(rng, n_states=4, n_components=3):
    weights = rng.dirichlet(np.ones(n_components), n_states)
    precisions = rng.uniform(0.5, 2.0, (n_states, n_components, DIMENSIONS))
    constants = np.log(weights) + 0.5 * (np.log(precisions) - np.log(2 * np.pi)).sum(axis=-1)
    constants[1:, -1] = -np.inf  # a component that is not used
    return Mixtures(rng.normal(size=precisions.shape), precisions, constants)


def component_scores(features, mixtures):
    """(frames, states, components)."""
    errors = features[:, None, None].astype(float) - mixtures.means
    return mixtures.constants - 0.5 * (errors**2 * mixtures.precisions).sum(axis=-1)


def emissions(features, mixtures):
    """(frames, states)."""
    return np.logaddexp.reduce(component_scores(features, mixtures), axis=-1)


def best_path(scores, states, first, end, optional):
    """The same search without bounds on memory: every place of every frame."""
    n_frames, n_places = len(scores), len(states)
    best = np.full((n_frames, n_places), -np.inf)
    steps = np.zeros((n_frames, n_places), int)
    for t in range(n_frames):
        for place in range(n_places):
            if not first[place] <= t < end[place]:
                continue
            ways = [(best[t - 1, place], 0)] if t else []
            if t and place:
                ways.append((best[t - 1, place - 1], 1))
            if t and place > 1 and optional[place - 1]:
                ways.append((best[t - 1, place - 2], 2))
            if t == 0 and (place == 0 or (place == 1 and optional[0])):
                ways.append((0.0, 0))
            score, steps[t, place] = max(ways, key=lambda way: way[0], default=(-np.inf, 0))
            best[t, place] = score + scores[t, states[place]]
    ends = [n_places - 1] + ([n_places - 2] if n_places > 1 and optional[-1] else [])
    place = max(ends, key=lambda place: best[-1, place])
    if best[-1, place] == -np.inf:
        return np.empty(0, int)
    path = []
    for t in range(n_frames - 1, -1, -1):
        path.append(place)
        place -= steps[t, place]
    return np.array(path[::-1])


@given(
    seed=st.integers(0, 10_000),
    n_frames=st.integers(1, 30),
    n_places=st.integers(1, 9),
    slack=st.integers(1, 30),
)
def test_the_path_is_the_best(seed, n_frames, n_places, slack):
    rng = np.random.default_rng(seed)
    mixtures = random_mixtures(rng)
    features = rng.normal(size=(n_frames, DIMENSIONS)).astype(np.float32)
    states = rng.integers(0, 4, n_places)
    middle = np.linspace(0, n_frames, n_places).astype(int)
    first, end = np.maximum(middle - slack, 0), np.minimum(middle + slack, n_frames)
    optional = np.arange(n_places) % 3 == 0
    path = state_path(features, states, first, end, optional, mixtures)
    expected = best_path(emissions(features, mixtures), states, first, end, optional)
    assert path.tolist() == expected.tolist()


@given(seed=st.integers(0, 10_000), n_frames=st.integers(1, 30), away=st.floats(0, 3))
def test_scores_and_the_way_from_its_span_count_for_each_place(seed, n_frames, away):
    rng = np.random.default_rng(seed)
    mixtures = random_mixtures(rng)
    features = rng.normal(size=(n_frames, DIMENSIONS)).astype(np.float32)
    states = np.array([0, 1, 2, 3, 0])
    first, end = np.zeros(5, int), np.full(5, n_frames)
    optional = states == 0
    scores = rng.normal(size=(4, n_frames)).astype(np.float32)
    spans = np.sort(rng.integers(0, n_frames + 1, (5, 2)), axis=1)
    frames = np.arange(n_frames)[:, None]
    outside = np.maximum(np.maximum(spans[:, 0] - frames, frames + 1 - spans[:, 1]), 0)
    # the plain search has a state for each place
    by_place = (emissions(features, mixtures) + scores.T)[:, states] - away * outside
    expected = best_path(by_place, np.arange(5), first, end, optional)
    path = state_path(
        *(features, states, first, end, optional, mixtures),
        spans=spans,
        away=away,
        scores=scores,
    )
    assert path.tolist() == expected.tolist()


def test_a_path_keeps_within_its_bounds():
    rng = np.random.default_rng(1)
    mixtures = random_mixtures(rng)
    features = rng.normal(size=(40, DIMENSIONS)).astype(np.float32)
    states = np.array([0, 1, 2, 0])
    first, end = np.array([0, 5, 20, 30]), np.array([10, 25, 35, 40])
    path = state_path(features, states, first, end, np.zeros(4, bool), mixtures)
    frames = np.arange(40)
    assert path[0] == 0
    assert path[-1] == 3
    assert (first[path] <= frames).all()
    assert (frames < end[path]).all()


@pytest.mark.parametrize(
    ("n_frames", "first", "end"),
    [
        (2, [0, 0, 0], [2, 2, 2]),  # three places, two frames
        (6, [0, 4, 4], [2, 6, 6]),  # nothing between frames 2 and 4
    ],
)
def test_no_path_is_nothing(n_frames, first, end):
    mixtures = random_mixtures(np.random.default_rng(0))
    features = np.zeros((n_frames, DIMENSIONS), np.float32)
    places = np.array([0, 1, 2])
    found = state_path(
        features, places, np.array(first), np.array(end), np.zeros(3, bool), mixtures
    )
    assert found.size == 0


def test_nothing_has_no_path():
    mixtures = random_mixtures(np.random.default_rng(0))
    nothing = np.empty(0, np.int64)
    features = np.zeros((0, DIMENSIONS), np.float32)
    flags = np.empty(0, bool)
    assert state_path(features, nothing, nothing, nothing, flags, mixtures).size == 0


def test_optional_places_are_left_out_where_that_is_better():
    means = np.array([[[0.0] * DIMENSIONS], [[9.0] * DIMENSIONS]])
    mixtures = Mixtures(means, np.ones_like(means), np.zeros((2, 1)))
    loud = np.full((6, DIMENSIONS), 9.0, np.float32)
    chain = np.array([0, 1, 0])
    path = state_path(
        loud, chain, np.zeros(3, int), np.full(3, 6), np.array([True, False, True]), mixtures
    )
    assert path.tolist() == [1] * 6


def test_ties_stay_in_a_state():
    mixtures = Mixtures(np.zeros((1, 1, DIMENSIONS)), np.ones((1, 1, DIMENSIONS)), np.zeros((1, 1)))
    features = np.zeros((5, DIMENSIONS), np.float32)
    chain = np.zeros(3, np.int64)
    path = state_path(features, chain, np.zeros(3, int), np.full(3, 5), np.zeros(3, bool), mixtures)
    assert path.tolist() == [0, 1, 2, 2, 2]


@given(seed=st.integers(0, 10_000), n_frames=st.integers(0, 20))
def test_statistics_share_frames_among_components(seed, n_frames):
    rng = np.random.default_rng(seed)
    mixtures = random_mixtures(rng)
    features = rng.normal(size=(n_frames, DIMENSIONS)).astype(np.float32)
    states = rng.integers(-1, 4, n_frames)
    found = mixture_statistics(features, states, mixtures)
    scores = component_scores(features, mixtures)
    expected = [np.zeros_like(array) for array in (found.counts, found.sums, found.squares)]
    for frame, state in enumerate(states):
        if state >= 0:
            own = scores[frame, state]
            shares = np.exp(own - np.logaddexp.reduce(own))
            values = features[frame].astype(float)
            expected[0][state] += shares
            expected[1][state] += shares[:, None] * values
            expected[2][state] += shares[:, None] * values**2
    for ours, theirs in zip((found.counts, found.sums, found.squares), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
