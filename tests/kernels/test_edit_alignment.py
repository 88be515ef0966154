"""The gapped alignment against the textbook's, in one piece and block by block."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_oracles import alignment_score, best_score
from subalign.kernels import edit_alignment
from subalign.kernels.edit_alignment import GapCosts, gapped_partners

SCORES = np.array([[4, -2, 1, -3], [-2, 4, -2, -2], [1, -2, 3, -1], [-3, -2, -1, 5]])
sequences = st.lists(st.integers(0, 3), max_size=12)
costs = st.builds(GapCosts, st.integers(0, 6), st.integers(0, 3), st.integers(0, 14))


def align(first, second, gap_costs, scores=SCORES):
    return gapped_partners(np.array(first, int), np.array(second, int), scores, gap_costs)


@settings(max_examples=120)
@given(sequences, sequences, costs)
def test_is_worth_as_much_as_the_textbooks(first, second, gap_costs):
    partners = align(first, second, gap_costs)
    paired = partners[partners >= 0]
    assert len(partners) == len(first)
    assert (np.diff(paired) > 0).all()
    worth = alignment_score(first, second, partners, SCORES, gap_costs)
    assert worth == best_score(first, second, SCORES, gap_costs)


@settings(max_examples=60)
@given(sequences, sequences, costs)
def test_blocks_change_nothing(first, second, gap_costs):
    whole = align(first, second, gap_costs)
    with patch.multiple(edit_alignment, _STEP_BYTES=16, _ROW_BYTES=300):
        pieces = align(first, second, gap_costs)
    assert pieces.tolist() == whole.tolist()


@pytest.mark.parametrize(("first", "second"), [([], [1, 2]), ([1, 2], []), ([], [])])
def test_empty_sequences_have_no_partners(first, second):
    assert align(first, second, GapCosts(1, 1, 5)).tolist() == [-1] * len(first)


def test_a_passage_costs_the_same_whatever_its_length():
    passage = np.random.default_rng(2).integers(0, 4, 300).tolist()
    first = [0, 3, 1, 2, 3, 3, 1, 0] * 4
    partners = align(first + passage + first, first + first, GapCosts(3, 1, 20))
    assert partners[: len(first)].tolist() == list(range(len(first)))
    assert partners[-len(first) :].tolist() == list(range(len(first), 2 * len(first)))
    assert (partners[len(first) : -len(first)] == -1).sum() == 300
