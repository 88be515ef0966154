"""The heads that method viterbi times words by, and what stands for them where none were chosen."""

import pytest

from checkpoint_models import random_model
from subalign.errors import CheckpointError
from subalign.model import TimingHeads, known_timing_heads, official_models
from subalign.model.timing_heads import upper_half


def test_known_timing_heads_are_heads_of_their_model():
    known = {name: known_timing_heads(name) for name in official_models()}
    assert {name for name, heads in known.items() if heads} == {"tiny.en", "base"}
    for name, heads in known.items():
        if heads is not None:
            dims = official_models()[name].dims
            assert heads.pairs == tuple(sorted(set(heads.pairs)))
            assert all(layer < dims.n_text_layer for layer, _ in heads.pairs)
            assert all(head < dims.n_text_head for _, head in heads.pairs)


def test_the_embedded_model_states_its_own(embedded_model):
    timing = TimingHeads(embedded_model.timing_pairs, embedded_model.timing_shift)
    assert known_timing_heads("micro.en") == timing


def test_nothing_is_known_of_other_names():
    assert known_timing_heads("me/mine") is None


def test_the_upper_half_is_shifted_as_a_whole():
    model = random_model()
    assert upper_half(2, 4) == TimingHeads(((1, 0), (1, 1), (1, 2), (1, 3)), 0.02)
    assert TimingHeads(model.timing_pairs, model.timing_shift) == upper_half(2, 4)
    assert upper_half(5, 1).pairs == ((2, 0), (3, 0), (4, 0))


@pytest.mark.parametrize("pairs", [[], [(2, 0)], [(0, 4)], [(-1, 0)]])
def test_impossible_timing_heads_are_refused(pairs):
    model = random_model()
    before = model.timing_pairs
    with pytest.raises(CheckpointError, match="iming head"):
        model.mark_timing_heads(pairs)
    assert model.timing_pairs == before


def test_alignment_and_timing_heads_are_marked_apart():
    model = random_model()
    alignment, timing = model.alignment_pairs, model.timing_pairs
    model.mark_alignment_heads([(0, 0)])
    assert model.timing_pairs == timing
    model.mark_timing_heads([(0, 1), (0, 1)], 0.01)
    assert (model.timing_pairs, model.timing_shift) == (((0, 1),), 0.01)
    assert model.alignment_pairs == ((0, 0),) != alignment
