"""Captures take the chosen heads' scores in their own context, and leave nothing behind."""

import threading

import pytest
import torch

from subalign.alignment.teacher_forcing import capture_scores
from subalign.model import disable_sdpa

HEADS = [(1, 0), (2, 0), (2, 3)]


@pytest.fixture
def tokens():
    return torch.tensor([[5, 9, 14, 2], [7, 7, 100, 30]])


@pytest.fixture
def encoded(small):
    mel = torch.rand(2, 80, 400, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        return small.encode(mel)


def n_hooks(model):
    return sum(len(module._forward_hooks) for module in model.modules())


def fused_layers(model, tokens, encoded):
    """Which layers' cross-attention gives no scores in this context."""
    fused = []
    handles = [
        block.cross_attn.register_forward_hook(lambda _m, _i, out: fused.append(out[1] is None))
        for block in model.decoder.blocks
    ]
    model.decoder(tokens, encoded)
    for handle in handles:
        handle.remove()
    return fused


def all_scores(model, tokens, encoded):
    """(layers, windows, heads, tokens, positions), from every layer's explicit path."""
    scores = []
    handles = [
        block.cross_attn.register_forward_hook(lambda _m, _i, out: scores.append(out[1]))
        for block in model.decoder.blocks
    ]
    with disable_sdpa():
        model.decoder(tokens, encoded)
    for handle in handles:
        handle.remove()
    return torch.stack(scores)


def test_scores_are_those_of_the_chosen_heads_layer_by_layer(small, tokens, encoded):
    with capture_scores(small.decoder, [(2, 3), (1, 0), (2, 0)]) as capture:
        small.decoder(tokens, encoded)
    everything = all_scores(small, tokens, encoded)
    expected = torch.stack([everything[layer, :, head] for layer, head in HEADS], dim=1)
    assert capture.scores.shape == (2, 3, 4, 200)
    assert capture.scores.dtype == torch.float32
    torch.testing.assert_close(capture.scores, expected, atol=1e-5, rtol=0)


def test_other_layers_stay_fused(small, tokens, encoded):
    with capture_scores(small.decoder, HEADS):
        assert fused_layers(small, tokens, encoded) == [True, False, False]
    assert fused_layers(small, tokens, encoded) == [True, True, True]


def test_output_is_the_same_within_rounding(small, tokens, encoded):
    plain = small.decoder(tokens, encoded)
    with capture_scores(small.decoder, HEADS):
        captured = small.decoder(tokens, encoded)
    torch.testing.assert_close(captured, plain, atol=1e-4, rtol=0)


def test_half_precision_scores_come_as_single_precision(small, tokens):
    half = type(small)(small.dims).to(torch.bfloat16)
    half.load_state_dict(small.state_dict())
    with torch.inference_mode():
        encoded = half.encode(torch.rand(2, 80, 400))
        with capture_scores(half.decoder, HEADS) as capture:
            half.decoder(tokens, encoded)
    assert capture.scores.dtype == torch.float32


def test_hooks_are_removed_after_use(small, tokens, encoded):
    before = n_hooks(small)
    with capture_scores(small.decoder, HEADS) as capture:
        assert n_hooks(small) == before + 2
        small.decoder(tokens, encoded)
    assert n_hooks(small) == before
    kept = capture.scores.clone()
    small.decoder(tokens.flip(1), encoded)
    assert torch.equal(capture.scores, kept)


def test_hooks_are_removed_when_the_decoder_fails(small, tokens, encoded):
    before = n_hooks(small)
    with pytest.raises(IndexError), capture_scores(small.decoder, HEADS):
        small.decoder(tokens + small.dims.n_vocab, encoded)
    assert n_hooks(small) == before
    assert fused_layers(small, tokens, encoded) == [True, True, True]


def test_hooks_are_removed_on_interruption(small):
    before = n_hooks(small)
    with pytest.raises(KeyboardInterrupt), capture_scores(small.decoder, HEADS):
        raise KeyboardInterrupt
    assert n_hooks(small) == before


def test_hooks_are_removed_when_one_cannot_be_installed(small, monkeypatch):
    before = n_hooks(small)
    last = small.decoder.blocks[2].cross_attn

    def refuse(_hook):
        raise MemoryError

    monkeypatch.setattr(last, "register_forward_hook", refuse)
    with pytest.raises(MemoryError), capture_scores(small.decoder, HEADS):
        pass
    assert n_hooks(small) == before


def test_nested_captures_take_their_own_heads(small, tokens, encoded):
    with capture_scores(small.decoder, [(0, 1)]) as outer:
        with capture_scores(small.decoder, HEADS) as inner:
            small.decoder(tokens, encoded)
        with pytest.raises(RuntimeError, match="no scores were captured"):
            _ = outer.scores
        small.decoder(tokens.flip(1), encoded)
    assert inner.scores.shape[1] == 3
    torch.testing.assert_close(
        outer.scores[:, 0], all_scores(small, tokens.flip(1), encoded)[0, :, 1]
    )
    torch.testing.assert_close(
        inner.scores[:, 0], all_scores(small, tokens, encoded)[1, :, 0], atol=1e-5, rtol=0
    )


def test_the_latest_forward_pass_counts(small, tokens, encoded):
    with capture_scores(small.decoder, HEADS) as capture:
        small.decoder(tokens, encoded)
        small.decoder(tokens[:, :2], encoded)
    assert capture.scores.shape[2] == 2


def test_a_pass_in_another_thread_is_neither_captured_nor_slowed(small, tokens, encoded):
    seen = []
    with capture_scores(small.decoder, HEADS) as capture:
        thread = threading.Thread(target=lambda: seen.extend(fused_layers(small, tokens, encoded)))
        thread.start()
        thread.join()
        with pytest.raises(RuntimeError, match="no scores were captured"):
            _ = capture.scores
    assert seen == [True, True, True]


def test_threads_capture_their_own_passes_of_one_model(small, tokens, encoded):
    before = n_hooks(small)
    texts = [tokens.roll(shift, 1)[:, : 2 + shift % 3] for shift in range(6)]
    wanted = [all_scores(small, text, encoded) for text in texts]
    barrier = threading.Barrier(len(texts))
    wrong = []

    def capture_again(text, expected):
        barrier.wait()
        for _ in range(10):
            with torch.inference_mode(), capture_scores(small.decoder, HEADS) as capture:
                small.decoder(text, encoded)
            for row, (layer, head) in enumerate(HEADS):
                found, right = capture.scores[:, row], expected[layer, :, head]
                if found.shape != right.shape or not torch.allclose(found, right, atol=1e-4):
                    wrong.append((layer, head))

    threads = [
        threading.Thread(target=capture_again, args=pair)
        for pair in zip(texts, wanted, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert n_hooks(small) == before
