"""The heads of one text, against the paper's formula in plain NumPy."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.special
import torch

from subalign.alignment.norm_heads import candidate_heads, norm_matrix
from subalign.model import ModelDimensions


def by_numpy(scores, qk_scale, width, kept=10):
    weights = scipy.special.softmax(scores.double().numpy() * qk_scale, axis=-1)
    norms = [
        sum(np.linalg.norm(row) for row in head) + sum(np.linalg.norm(row) for row in head.T)
        for head in weights
    ]
    maps = []
    for head in np.argsort(norms)[::-1][:kept]:
        columns = np.linalg.norm(weights[head], axis=0)
        maps.append(scipy.ndimage.median_filter(weights[head] / columns, (1, width), mode="mirror"))
    return np.mean(maps, axis=0)


@pytest.mark.parametrize("n_heads", [1, 10, 24])
@pytest.mark.parametrize(("qk_scale", "width"), [(1.0, 1), (1.7, 5)])
def test_equals_the_formula(n_heads, qk_scale, width):
    scores = torch.randn(n_heads, 6, 40, generator=torch.Generator().manual_seed(n_heads)) * 3
    found = norm_matrix(scores, qk_scale=qk_scale, medfilt_width=width)
    assert found.dtype == torch.float32
    expected = by_numpy(scores, qk_scale, width)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)


def test_sharp_heads_are_kept_and_blurred_ones_left_out():
    sharp = torch.eye(5).repeat(10, 1, 1) * 30
    blurred = torch.zeros(12, 5, 5)
    both = torch.cat([blurred, sharp])[torch.randperm(22, generator=torch.manual_seed(0))]
    found = norm_matrix(both, qk_scale=1.0, medfilt_width=1)
    assert torch.equal(found, norm_matrix(sharp, qk_scale=1.0, medfilt_width=1))
    np.testing.assert_allclose(found, np.eye(5), atol=1e-6)


def test_positions_that_nobody_attends_to_are_no_division_by_zero():
    scores = torch.full((3, 4, 6), -torch.inf)
    scores[:, :, 2] = 0.0
    found = norm_matrix(scores, qk_scale=1.0, medfilt_width=1)
    assert found.isfinite().all()
    assert torch.equal(found[:, 3], torch.zeros(4))


@pytest.mark.parametrize(("n_layers", "layers"), [(1, [0]), (2, [1]), (3, [1, 2]), (6, [3, 4, 5])])
def test_candidates_are_the_upper_half_of_the_decoder(n_layers, layers):
    dims = ModelDimensions(80, 200, 64, 4, 9, 2632, 128, 64, 4, n_layers)
    assert candidate_heads(dims) == tuple((layer, head) for layer in layers for head in range(4))
