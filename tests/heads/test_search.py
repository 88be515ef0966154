"""Sets of heads: what they lose together, and the greedy search for the best."""

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from subalign.alignment.words import WordTokens
from subalign.heads.attention import BY_DTW, HeadMaps, WindowText, mean_error
from subalign.heads.find import search_heads
from subalign.heads.windows import THRESHOLDS
from subalign.options import AlignmentOptions

SECONDS = 0.02
WORDS = tuple(WordTokens(" w", (index,), (0, 1)) for index in range(4))


def window(*heads, spans=None):
    """A window whose heads' maps (tokens + 1, positions) are given."""
    maps = torch.stack([torch.as_tensor(head, dtype=torch.float32) for head in heads])
    if spans is None:
        spans = np.array([(index * 0.2, index * 0.2 + 0.2) for index in range(4)])
    text = WindowText(WORDS, spans)
    pairs = tuple((0, head) for head in range(len(heads)))
    return HeadMaps(text, pairs, maps, np.ones(100), BY_DTW)


def follows(*starts, strength=1.0):
    """A map whose token `i` is spoken from `starts[i]` until the next is."""
    spoken = torch.full((5, 50), -strength)
    for token, (start, end) in enumerate(pairwise((*starts, 50))):
        spoken[token, start:end] = strength
    return spoken


EXACT = follows(0, 10, 20, 30, 40)
LATE = follows(0, 16, 26, 36, 46)
EARLY = follows(0, 4, 14, 24, 34)
USELESS = torch.zeros(5, 50)


def random_windows(seed, n_heads=5, n_windows=2):
    generator = torch.Generator().manual_seed(seed)
    return [
        window(*torch.rand(n_heads, 5, 50, generator=generator) + 0.3 * EXACT)
        for _ in range(n_windows)
    ]


def test_the_error_of_a_set_is_that_of_the_mean_of_its_maps():
    found = window(EXACT, LATE, EARLY)
    assert mean_error([found], [0]) == pytest.approx(0.0)
    assert mean_error([found], [1]) == pytest.approx(6 * SECONDS)
    mean = window((EXACT + LATE) / 2)
    assert mean_error([found], [0, 1]) == mean_error([mean], [0])


def test_windows_count_by_their_words():
    unknown = np.full((4, 2), np.nan)
    windows = [window(LATE), window(EXACT, spans=unknown)]
    assert mean_error(windows, [0]) == mean_error(windows[:1], [0])


def test_the_head_that_follows_the_words_is_found():
    search = search_heads([window(USELESS, LATE, EXACT, EARLY)], [(0, 1)])
    assert search.marked.heads == ((0, 1),)
    assert search.marked.error == pytest.approx(6 * SECONDS)
    assert search.best.heads == ((0, 2),)
    assert search.best.error == pytest.approx(0.0)
    assert search.steps[-1] == search.best


def test_two_halves_make_a_whole():
    first, second = EXACT.clone(), EXACT.clone()
    first[2:], second[:2] = 0, 0
    search = search_heads([window(first, second, USELESS)], [(0, 2)])
    assert set(search.best.heads) == {(0, 0), (0, 1)}
    assert [len(step.heads) for step in search.steps] == [1, 2]


def test_no_more_heads_than_asked_for():
    windows = random_windows(1)
    for most in (1, 2, 99):
        best = search_heads(windows, [(0, 0)], most=most).best
        assert best.error <= mean_error(windows, [0])
        assert len(best.heads) <= most


def test_a_model_of_one_head():
    search = search_heads([window(EXACT)], [(0, 0)])
    assert search.best == search.marked


@settings(max_examples=15)
@given(st.integers(0, 1000), st.sets(st.integers(0, 4), min_size=1))
def test_the_found_heads_are_never_worse_than_the_marked(seed, marked):
    windows = random_windows(seed)
    search = search_heads(windows, [(0, head) for head in marked])
    assert search.best.error <= search.marked.error
    indices = [head for _, head in search.best.heads]
    assert search.best.error == mean_error(windows, indices)


def test_against_every_set_there_is():
    near = 0
    for seed in range(8):
        windows = random_windows(seed, n_heads=4)
        sets = [list(c) for size in range(1, 5) for c in combinations(range(4), size)]
        least = min(mean_error(windows, indices) for indices in sets)
        near += search_heads(windows, [(0, 0)]).best.error <= least + THRESHOLDS.tolerance + 1e-9
    assert near >= 6  # greedy selection may miss a set whose heads help only together


def test_half_precision_finds_the_same():
    windows = random_windows(7)
    assert search_heads([found.halved() for found in windows], [(0, 3)]).best.heads == (
        search_heads(windows, [(0, 3)]).best.heads
    )


def by_viterbi(*starts):
    """A window whose heads attend to four words of 10 positions from these on.

    The words are said from 2 s on, but there is sound from 0 s on too.
    """
    maps = torch.full((len(starts), 4, 150), 0.001)
    for head, start in enumerate(starts):
        for word in range(4):
            maps[head, word, start + 10 * word : start + 10 * word + 10] = 1.0
    text = WindowText(
        tuple(WordTokens(" we", (n,), (0, 1)) for n in range(4)),
        np.array([(2.0 + n * 0.2, 2.2 + n * 0.2) for n in range(4)]),
    )
    levels = np.zeros(300)
    levels[0:80] = levels[200:280] = 1.0
    heads = tuple((0, head) for head in range(len(starts)))
    maps /= maps.sum(dim=-1, keepdim=True)
    return HeadMaps(text, heads, maps, levels, AlignmentOptions(method="viterbi"))


def test_heads_are_found_with_the_shift_that_their_attention_needs():
    windows = [by_viterbi(104, 0)]
    flat = [replace(window, levels=np.full(300, 0.9)) for window in windows]
    best = search_heads(flat, [(0, 1)]).best
    assert best.heads == ((0, 0),)
    assert best.shift == pytest.approx(-0.08, abs=0.011)
    assert best.error == mean_error(flat, [0], shift=best.shift) < mean_error(flat, [0])


def test_marked_heads_are_measured_with_their_own_shift():
    windows = [by_viterbi(104)]
    search = search_heads(windows, [(0, 0)], shift=0.05)
    assert search.marked.shift == 0.05
    assert search.marked.error == mean_error(windows, [0], shift=0.05) >= search.best.error


def test_heads_are_found_by_viterbi():
    windows = [by_viterbi(0, 100)]
    search = search_heads(windows, [(0, 0)])
    assert search.best.heads == ((0, 1),)
    assert search.best.error == mean_error(windows, [1]) < 0.03
    assert search.marked.error == pytest.approx(2.0, abs=0.1)


def test_the_order_of_heads_is_nothing_to_their_error():
    windows = random_windows(3)
    assert mean_error(windows, [4, 0, 2]) == mean_error(windows, [0, 2, 4])


def test_nothing_to_search_in():
    with pytest.raises(ValueError, match="without a window"):
        search_heads([], [(0, 0)])
    with pytest.raises(ValueError, match="not in tuple"):
        search_heads([window(EXACT)], [(1, 0)])
