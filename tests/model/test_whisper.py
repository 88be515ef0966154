"""The architecture against openai-whisper, and the decoder's cache against no cache."""

import base64
import gzip
from dataclasses import replace

import numpy as np
import pytest
import torch

from subalign.errors import CheckpointError, UsageError
from subalign.model import KeyValues, ModelDimensions, disable_sdpa
from whisper_peer import TINY, TINY_EN, peer_of, random_model

SMALL = ModelDimensions(80, 100, 48, 4, 2, 2000, 64, 48, 6, 3)


@pytest.mark.parametrize("dims", [TINY_EN, TINY, SMALL], ids=["tiny.en", "tiny", "small"])
@torch.inference_mode()
def test_encoder_and_logits_equal_openai_whisper(dims):
    model = random_model(dims)
    peer = peer_of(model)
    mel = torch.randn(1, dims.n_mels, dims.window_frames, generator=torch.manual_seed(1))
    tokens = torch.randint(0, dims.n_vocab, (1, 12), generator=torch.manual_seed(2))
    encoded = model.encode(mel)
    torch.testing.assert_close(encoded.features, peer.encoder(mel), atol=1e-4, rtol=1e-4)
    expected = peer.decoder(tokens, encoded.features)
    torch.testing.assert_close(model.decoder(tokens, encoded), expected, atol=1e-3, rtol=1e-4)
    with disable_sdpa():
        features = model.encoder(mel)
        torch.testing.assert_close(features, encoded.features, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(model.decoder(tokens, encoded), expected, atol=1e-3, rtol=1e-4)


def test_parameter_names_are_openais():
    model = random_model(SMALL)
    assert set(model.state_dict()) == set(peer_of(model).state_dict())


@torch.inference_mode()
def test_cached_steps_equal_one_call():
    model = random_model(SMALL)
    encoded = model.encode(torch.randn(2, 80, 200))
    tokens = torch.randint(0, 1000, (2, 10))
    whole = model.decoder(tokens, encoded)
    cache = model.new_cache(2)
    steps = [model.decoder(tokens[:, :4], encoded, cache)]
    steps += [model.decoder(tokens[:, i : i + 1], encoded, cache) for i in range(4, 8)]
    steps.append(model.decoder(tokens[:, 8:], encoded, cache))
    torch.testing.assert_close(torch.cat(steps, dim=1), whole, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_a_prompt_is_shared_by_beams_and_beams_are_reordered():
    model = random_model(SMALL)
    encoded = model.encode(torch.randn(2, 80, 200))
    prompt = torch.randint(0, 1000, (2, 5))
    cache = model.new_cache(6)
    model.decoder(prompt, encoded, cache)
    first = torch.arange(6)[:, None]
    model.decoder(first, encoded, cache)
    source = torch.tensor([2, 2, 0, 3, 5, 4])
    cache.reorder(source)
    second = torch.arange(10, 16)[:, None]
    found = model.decoder(second, encoded, cache)[:, 0]
    rows = torch.cat([prompt.repeat_interleave(3, dim=0), first[source], second], dim=1)
    for row in range(6):
        window = encoded.select(slice(row // 3, row // 3 + 1))
        expected = model.decoder(rows[row : row + 1], window)[0, -1]
        torch.testing.assert_close(found[row], expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_reordering_copies_all_that_differs(seed):
    """Beams of two windows fork, swap and die; the cache holds what it would if all was copied."""
    chance = torch.Generator().manual_seed(seed)
    cache = random_model(SMALL).new_cache(6)
    layers, _, rows, heads, _, d_head = cache._store.shape
    expected = torch.zeros(layers, 2, rows, heads, 0, d_head)
    for step in range(30):
        # the prompt is one for all beams of a window
        batch, count = (2, 3) if step == 0 else (6, 1)
        new = torch.randn(layers, 2, batch, heads, count, d_head, generator=chance)
        for layer in range(layers):
            cache.extend(layer, KeyValues(*new[layer]))
        cache.length += count
        expected = torch.cat([expected, new.repeat_interleave(6 // batch, dim=2)], dim=4)
        if step == 20:
            kept = torch.tensor([3, 4, 5])
            cache.select(kept)
            expected = expected[:, :, kept]
            break
        forks = torch.randint(0, 3, (2, 3), generator=chance)
        if step % 3 == 0:
            forks = torch.arange(3).expand(2, 3)
        source = (forks + torch.tensor([[0], [3]])).flatten()
        cache.reorder(source)
        expected = expected[:, :, source]
        assert torch.equal(cache._store[..., : cache.length, :], expected)
    assert torch.equal(cache._store[..., : cache.length, :], expected)


def test_the_cache_is_one_allocation():
    cache = random_model(SMALL).new_cache(4)
    # (layers, keys and values, rows, heads, n_text_ctx, d_head)
    assert cache._store.shape == (3, 2, 4, 6, 64, 8)


@pytest.mark.parametrize("frames", [100, 198, 400])
def test_a_window_of_another_length_is_refused(frames):
    with pytest.raises(UsageError, match="windows of 200 mel frames"):
        random_model(SMALL).encode(torch.zeros(1, 80, frames))


@torch.inference_mode()
def test_short_windows_are_for_models_that_learned_them():
    model = random_model(SMALL)
    model.short_windows = True
    encoded = model.encode(torch.randn(2, 80, 120))
    assert encoded.features.shape == (2, 60, 48)
    assert model.decoder(torch.zeros(2, 3, dtype=torch.long), encoded).shape == (2, 3, 2000)
    with pytest.raises(UsageError, match="windows of 200 mel frames, not of 202"):
        model.encode(torch.zeros(1, 80, 202))


def test_alignment_heads_default_to_the_upper_half():
    model = random_model(SMALL)
    assert model.alignment_heads.is_sparse
    assert model.alignment_pairs == tuple((la, h) for la in (1, 2) for h in range(6))


def test_alignment_heads_dump_round_trips():
    model = random_model(SMALL)
    flags = np.zeros((3, 6), dtype=bool)
    flags[2, 4] = flags[0, 1] = True
    dump = base64.b85encode(gzip.compress(flags.tobytes()))
    for form in (dump, dump.decode()):
        model.set_alignment_heads(form)
        assert model.alignment_pairs == ((0, 1), (2, 4))


@pytest.mark.parametrize("dump", ["", "nonsense", "ABzY8bu8Lr0{>%RKn9Fp%m@SkK7Kt=7ytkO", "é"])
def test_a_bad_dump_is_refused(dump):
    with pytest.raises(CheckpointError, match="dump"):
        random_model(SMALL).set_alignment_heads(dump)


@pytest.mark.parametrize("pairs", [[], [(3, 0)], [(0, 6)], [(-1, 0)]])
def test_impossible_heads_are_refused(pairs):
    with pytest.raises(CheckpointError):
        random_model(SMALL).mark_alignment_heads(pairs)


def test_moving_the_model_leaves_the_sparse_heads_alone():
    model = random_model(SMALL).to(torch.bfloat16)
    assert model.dtype == torch.bfloat16
    assert model.alignment_heads.dtype == torch.bool


@pytest.mark.parametrize(
    "change", [{"n_mels": 0}, {"n_text_head": 5}, {"n_vocab": "many"}, {"n_text_state": 60}]
)
def test_impossible_dimensions_are_refused(change):
    with pytest.raises(CheckpointError):
        replace(SMALL, **change)
