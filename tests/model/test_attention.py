"""The two attention paths agree, and the switches between them restore and stay in their thread."""

import threading

import pytest
import torch

from subalign.model import (
    KeyValues,
    MultiHeadAttention,
    disable_sdpa,
    explicit_attention,
)


@pytest.fixture
def attention() -> MultiHeadAttention:
    torch.manual_seed(0)
    return MultiHeadAttention(48, 6).eval().requires_grad_(False)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("tokens", [1, 2, 17])
def test_paths_agree_on_self_attention(attention, tokens, causal):
    x = torch.randn(3, tokens, 48)
    fused, nothing = attention(x, causal=causal)
    with disable_sdpa():
        explicit, scores = attention(x, causal=causal)
    assert nothing is None
    assert scores.shape == (3, 6, tokens, tokens)
    torch.testing.assert_close(fused, explicit, atol=1e-4, rtol=0)


def test_paths_agree_on_cross_attention(attention):
    x, source = torch.randn(4, 3, 48), torch.randn(2, 50, 48)
    heard = attention.project(source)
    fused = attention(x, heard)[0]
    with disable_sdpa():
        explicit = attention(x, heard)[0]
    torch.testing.assert_close(fused, explicit, atol=1e-4, rtol=0)


def test_paths_agree_on_new_tokens_behind_old_ones(attention):
    x = torch.randn(2, 9, 48)
    whole = attention(x, causal=True)[0]
    memory = attention.project(x)
    for switch in (explicit_attention([]), disable_sdpa()):
        with switch:
            torch.testing.assert_close(
                attention(x[:, 4:], memory, causal=True)[0], whole[:, 4:], atol=1e-5, rtol=0
            )


@pytest.mark.parametrize("explicit", [False, True])
def test_beams_folded_into_the_query_equal_copied_windows(attention, explicit):
    x, source = torch.randn(6, 4, 48), torch.randn(2, 11, 48)
    shared = attention.project(source)
    copied = KeyValues(*(part.repeat_interleave(3, dim=0) for part in shared))
    with explicit_attention([attention] if explicit else []):
        folded, folded_scores = attention(x, shared)
        expected, scores = attention(x, copied)
    torch.testing.assert_close(folded, expected)
    if explicit:
        torch.testing.assert_close(folded_scores, scores)


def test_scores_are_raw_and_scaled(attention):
    x = torch.randn(1, 5, 48)
    with disable_sdpa():
        scores = attention(x)[1]
    query = attention.query(x).view(1, 5, 6, 8).transpose(1, 2)
    key = attention.key(x).view(1, 5, 6, 8).transpose(1, 2)
    torch.testing.assert_close(scores, query @ key.transpose(-1, -2) / 8**0.5)


def test_half_precision_scores_are_float32(attention):
    with disable_sdpa():
        scores = attention.to(torch.bfloat16)(torch.randn(1, 3, 48, dtype=torch.bfloat16))[1]
    assert scores.dtype == torch.float32


def test_disable_sdpa_nests_and_restores_on_error(attention):
    assert attention.fused
    with disable_sdpa():
        with pytest.raises(RuntimeError, match="inside"), disable_sdpa():
            raise RuntimeError("inside")
        assert not attention.fused
    assert attention.fused


def test_explicit_attention_reaches_only_its_modules(attention):
    other = MultiHeadAttention(48, 6)
    with explicit_attention([attention]):
        assert not attention.fused
        assert other.fused
        with explicit_attention([other]):
            assert not attention.fused
            assert not other.fused
        assert other.fused
    assert attention.fused


def test_class_switch_turns_the_fused_path_off(attention, monkeypatch):
    monkeypatch.setattr(MultiHeadAttention, "use_sdpa", False)
    assert attention(torch.randn(1, 2, 48))[1] is not None


def test_switches_do_not_reach_other_threads(attention):
    seen = []
    with disable_sdpa(), explicit_attention([attention]):
        thread = threading.Thread(target=lambda: seen.append(attention.fused))
        thread.start()
        thread.join()
    assert seen == [True]
