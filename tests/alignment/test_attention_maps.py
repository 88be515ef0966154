"""Scores become one attention matrix; every step alone, against NumPy and SciPy."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.special
import torch

from subalign.alignment.teacher_forcing import (
    attention_matrix,
    softmax_over_positions,
    standardise_over_tokens,
)


@pytest.fixture
def scores():
    return torch.randn(4, 9, 50, generator=torch.Generator().manual_seed(0)) * 3


@pytest.mark.parametrize("qk_scale", [0.5, 1.0, 2.0])
def test_softmax_scales_the_scores_first(scores, qk_scale):
    expected = scipy.special.softmax(scores.numpy().astype(np.float64) * qk_scale, axis=-1)
    np.testing.assert_allclose(softmax_over_positions(scores, qk_scale).numpy(), expected, 1e-5)


def test_softmax_of_half_precision_is_single_precision(scores):
    assert softmax_over_positions(scores.half(), 1.0).dtype == torch.float32


def test_standardised_over_tokens_with_the_population_deviation(scores):
    weights = scores.double().numpy()
    expected = (weights - weights.mean(1, keepdims=True)) / weights.std(1, keepdims=True)
    found = standardise_over_tokens(scores).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_where_all_tokens_weigh_the_same_the_result_is_zero():
    weights = torch.rand(2, 5, 8)
    weights[:, :, 3] = 0.25
    found = standardise_over_tokens(weights)
    assert torch.equal(found[:, :, 3], torch.zeros(2, 5))
    assert found.isfinite().all()
    assert (found[:, :, 4] != 0).all()


def test_one_token_and_one_position_give_zeros():
    assert torch.equal(standardise_over_tokens(torch.rand(2, 1, 8)), torch.zeros(2, 1, 8))
    one_position = attention_matrix(torch.rand(2, 5, 1), qk_scale=1.0, medfilt_width=7)
    assert torch.equal(one_position, torch.zeros(5, 1))


@pytest.mark.parametrize("width", [1, 7, 11])
def test_matrix_is_the_mean_of_the_heads_medians(scores, width):
    weights = scipy.special.softmax(scores.double().numpy(), axis=-1)
    weights = (weights - weights.mean(1, keepdims=True)) / weights.std(1, keepdims=True)
    smooth = scipy.ndimage.median_filter(weights, (1, 1, width), mode="mirror")
    found = attention_matrix(scores, qk_scale=1.0, medfilt_width=width)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), smooth.mean(0), rtol=0, atol=1e-5)
