"""The largest logits are those that PyTorch finds."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from subalign.decoding.search import largest


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 3),
    st.integers(1, 700),
    st.integers(1, 7),
    st.booleans(),
)
def test_the_largest_are_topks(seed, rows, n_values, count, ties):
    count = min(count, n_values)
    values = torch.randn(rows, n_values, generator=torch.Generator().manual_seed(seed))
    if ties:
        values = (values * 2).round()
    values[:, ::3] = -torch.inf
    found, places = largest(values, count)
    assert torch.equal(found, values.topk(count, dim=1).values)
    assert torch.equal(values.gather(1, places), found)
    assert all(len(set(row)) == count for row in places.tolist())


def test_what_is_no_number_is_found_as_topk_finds_it():
    values = torch.zeros(1, 1000)
    values[0, 500] = torch.nan
    assert largest(values, 1)[1].item() == values.argmax().item() == 500
