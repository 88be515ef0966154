"""Viterbi path through a chain of HMM states, and statistics of their Gaussian mixtures.

Compiled by numba when first used. A state's emission is a mixture of Gaussians with diagonal
covariance; transitions cost nothing (a state may repeat, or the next one begins).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from subalign.kernels.compiling import compiled

__all__ = ["MixtureStatistics", "Mixtures", "mixture_statistics", "state_path", "warm_up"]


@dataclass(frozen=True, eq=False)
class Mixtures:
    """Gaussian mixtures, one a state.

    `means` and `precisions` (inverse variances) are (states, components, dimensions), `constants`
    (states, components) the logarithm of the weight and of the Gaussian's normalisation: minus
    infinity for a component that is not used.
    """

    means: NDArray[np.float64]
    precisions: NDArray[np.float64]
    constants: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        weights: NDArray[np.float64],
        means: NDArray[np.float64],
        variances: NDArray[np.float64],
    ) -> "Mixtures":
        """With weights in any unit (states, components), 0 for a component that is not used."""
        precisions = 1 / variances
        shares = weights / weights.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore"):
            constants = np.log(shares) + _normalisation(precisions)
        return cls(means, precisions, constants)

    @property
    def weights(self) -> NDArray[np.float64]:
        """The components' weights (states, components), which sum to 1 in each state."""
        return np.exp(self.constants - _normalisation(self.precisions))


def _normalisation(precisions: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (np.log(precisions) - np.log(2 * np.pi)).sum(axis=-1)  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class MixtureStatistics:
    """Sums over frames, each shared among the components of its state.

    `counts` (states, components) of frames, `sums` and `squares` (states, components, dimensions)
    of their features and squared features.
    """

    counts: NDArray[np.float64]
    sums: NDArray[np.float64]
    squares: NDArray[np.float64]


def state_path(
    features: NDArray[np.float32],
    states: NDArray[np.int64],
    first: NDArray[np.int64],
    end: NDArray[np.int64],
    optional: NDArray[np.bool_],
    mixtures: Mixtures,
    *,
    spans: NDArray[np.int64] | None = None,
    away: float = 0.0,
    scores: NDArray[np.float32] | None = None,
) -> NDArray[np.int64]:
    """The most probable path (frames,) through a chain of states: the place of each frame's.

    The path begins with the chain's first state and ends with its last; an `optional` one may be
    passed over, but not two in a row. Of equally probable ways the one that stays longer in a state
    is taken.

    Args:
        features: (frames, dimensions).
        states: which of the mixtures each place of the chain has (places,).
        first: the first frame that a place may have (places,), not decreasing.
        end: the frame before which a place must be left (places,), not decreasing.
        optional: whether a place may be left out (places,).
        mixtures: the states' emissions.
        spans: where each place is expected, first and end frame (places, 2); None is `first` to
            `end`.
        away: what each frame of a place costs for each frame between it and the place's span.
        scores: what is added to the states' log densities (states, frames).

    Returns an empty array where no path keeps within the bounds.
    """
    if not features.size or not states.size:
        return np.empty(0, np.int64)
    frames = np.arange(features.shape[0])
    spans = np.stack([first, end], axis=1) if spans is None else spans
    scores = np.zeros((0, 0), np.float32) if scores is None else scores
    # how many places a frame may have, at most
    width = np.searchsorted(first, frames, "right") - np.searchsorted(end, frames, "right")
    return _path_kernel()(  # type: ignore[no-any-return]
        np.ascontiguousarray(features, np.float32),
        np.ascontiguousarray(states, np.int64),
        np.ascontiguousarray(first, np.int64),
        np.ascontiguousarray(end, np.int64),
        np.ascontiguousarray(optional, np.bool_),
        *_arrays(mixtures),
        max(1, int(width.max())),
        np.ascontiguousarray(spans, np.int64),
        float(away),
        np.ascontiguousarray(scores, np.float32),
    )


def mixture_statistics(
    features: NDArray[np.float32], states: NDArray[np.int64], mixtures: Mixtures
) -> MixtureStatistics:
    """Statistics of `features` (frames, dimensions) by the state (frames,) of each; -1 for none."""
    counts = np.zeros_like(mixtures.constants)
    sums, squares = np.zeros_like(mixtures.means), np.zeros_like(mixtures.means)
    _statistics_kernel()(
        np.ascontiguousarray(features, np.float32),
        np.ascontiguousarray(states, np.int64),
        *_arrays(mixtures),
        counts,
        sums,
        squares,
    )
    return MixtureStatistics(counts, sums, squares)


def warm_up() -> None:
    """Compile the kernels, or load them from numba's cache, ahead of their first use."""
    _path_kernel()
    _statistics_kernel()


def _arrays(mixtures: Mixtures) -> tuple[NDArray[np.float64], ...]:
    return tuple(
        np.ascontiguousarray(array, np.float64)
        for array in (mixtures.means, mixtures.precisions, mixtures.constants)
    )


@cache
def _path_kernel() -> Callable[..., Any]:
    import numba

    _register_parts()
    matrix, places, flags, cubes, constants = _types()
    bounds = places
    spans = numba.types.Array(numba.int64, 2, "C", readonly=True)
    model = cubes, cubes, constants
    costs = numba.int64, spans, numba.float64, matrix
    return compiled(_path, matrix, places, bounds, bounds, flags, *model, *costs)


@cache
def _statistics_kernel() -> Callable[..., Any]:
    import numba

    _register_parts()
    matrix, states, _, cubes, constants = _types()
    counts, sums = (numba.types.Array(numba.float64, n, "C") for n in (2, 3))
    return compiled(_accumulate, matrix, states, cubes, cubes, constants, counts, sums, sums)


@cache
def _register_parts() -> None:
    """Let numba compile what the kernels call: inlined, as calls take half as long again."""
    from numba.extending import register_jitable

    for part in (_component_score, _log_density):
        register_jitable(inline="always")(part)


def _types() -> tuple[Any, ...]:
    """Features, whole numbers, flags, means or precisions, constants; read-only arrays too."""
    import numba

    kinds = (numba.float32, 2), (numba.int64, 1), (numba.boolean, 1), (numba.float64, 3)
    return tuple(
        numba.types.Array(kind, n, "C", readonly=True) for kind, n in (*kinds, (numba.float64, 2))
    )


def _component_score(
    features: NDArray[np.float32],
    t: int,
    means: NDArray[np.float64],
    precisions: NDArray[np.float64],
    constants: NDArray[np.float64],
    state: int,
    component: int,
) -> float:
    """The logarithm of a component's weight times its density at frame `t`."""
    score = constants[state, component]
    if score > -np.inf:
        for d in range(features.shape[1]):
            error = features[t, d] - means[state, component, d]
            score -= 0.5 * error * error * precisions[state, component, d]
    return score  # type: ignore[no-any-return]


def _log_density(
    features: NDArray[np.float32],
    t: int,
    means: NDArray[np.float64],
    precisions: NDArray[np.float64],
    constants: NDArray[np.float64],
    state: int,
) -> float:
    """The logarithm of a state's mixture density at frame `t`, in one pass."""
    highest, total = -np.inf, 0.0
    for component in range(constants.shape[1]):
        score = _component_score(features, t, means, precisions, constants, state, component)
        if score == -np.inf:
            continue
        if score > highest:
            total = total * np.exp(highest - score) + 1.0
            highest = score
        else:
            total += np.exp(score - highest)
    return highest + np.log(total)  # type: ignore[no-any-return]


def _path(
    features: NDArray[np.float32],
    states: NDArray[np.int64],
    first: NDArray[np.int64],
    end: NDArray[np.int64],
    optional: NDArray[np.bool_],
    means: NDArray[np.float64],
    precisions: NDArray[np.float64],
    constants: NDArray[np.float64],
    width: int,
    spans: NDArray[np.int64],
    away: float,
    scores: NDArray[np.float32],
) -> NDArray[np.int64]:
    n_frames = features.shape[0]
    n_places = states.size
    # score[p]: of the best path that is at place p in the frame before
    score = np.full(n_places, -np.inf)
    following = np.full(n_places, -np.inf)
    emission = np.zeros(constants.shape[0])
    computed = np.full(constants.shape[0], -1)
    # places passed since the frame before, for the places that a frame may have
    steps = np.zeros((n_frames, width), np.int8)
    lowest = np.zeros(n_frames, np.int64)
    bottom = 0
    for t in range(n_frames):
        before = bottom
        while bottom < n_places and end[bottom] <= t:
            bottom += 1
        lowest[t] = bottom
        for place in range(bottom, n_places):
            if first[place] > t:
                break
            best, step = -np.inf, 0
            if t == 0:
                if place == 0 or (place == 1 and optional[0]):
                    best = 0.0
            else:
                best = score[place]
                if place > before and score[place - 1] > best:
                    best, step = score[place - 1], 1
                if place > before + 1 and optional[place - 1] and score[place - 2] > best:
                    best, step = score[place - 2], 2
            following[place] = -np.inf
            if best == -np.inf:
                continue
            state = states[place]
            if computed[state] != t:
                emission[state] = _log_density(features, t, means, precisions, constants, state)
                if scores.shape[0] > 0:
                    emission[state] += scores[state, t]
                computed[state] = t
            distance = max(spans[place, 0] - t, t + 1 - spans[place, 1], 0)
            following[place] = best + emission[state] - away * distance
            steps[t, place - bottom] = step
        score, following = following, score
    place = n_places - 1
    last = lowest[n_frames - 1]
    if place > last and optional[place] and score[place - 1] > score[place]:
        place -= 1
    if place < last or score[place] == -np.inf:
        return np.empty(0, np.int64)
    path = np.empty(n_frames, np.int64)
    for t in range(n_frames - 1, -1, -1):
        path[t] = place
        place -= steps[t, place - lowest[t]]
    return path


def _accumulate(
    features: NDArray[np.float32],
    states: NDArray[np.int64],
    means: NDArray[np.float64],
    precisions: NDArray[np.float64],
    constants: NDArray[np.float64],
    counts: NDArray[np.float64],
    sums: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> None:
    n_frames, n_dims = features.shape
    n_components = constants.shape[1]
    shares = np.empty(n_components)
    for t in range(n_frames):
        state = states[t]
        if state < 0:
            continue
        highest = -np.inf
        for component in range(n_components):
            shares[component] = _component_score(
                features, t, means, precisions, constants, state, component
            )
            highest = max(highest, shares[component])
        total = 0.0
        for component in range(n_components):
            shares[component] = np.exp(shares[component] - highest)
            total += shares[component]
        for component in range(n_components):
            share = shares[component] / total
            if share == 0.0:
                continue
            counts[state, component] += share
            for d in range(n_dims):
                value = features[t, d]
                sums[state, component, d] += share * value
                squares[state, component, d] += share * value * value
