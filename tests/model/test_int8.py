"""A model in int8 is near the same in float32, in every path, and leaves the original as it is."""

import threading
from copy import deepcopy

import pytest
import torch

from checkpoint_models import random_model as small_checkpoint
from subalign.errors import CheckpointError
from subalign.model import (
    KeyValues,
    ModelDimensions,
    disable_sdpa,
    explicit_attention,
    load_whisper,
    save_checkpoint,
)
from subalign.model.devices import int8_available
from subalign.model.int8 import (
    Bfloat16KeyValues,
    Int8Embedding,
    Int8KeyValues,
    Int8Linear,
    quantize,
)
from whisper_peer import random_model

pytestmark = pytest.mark.skipif(not int8_available(), reason="PyTorch has no int8 product here")

SMALL = ModelDimensions(80, 100, 64, 4, 2, 2000, 64, 64, 4, 3)


def error(found, expected):
    """The size of the difference, relative to what is expected."""
    return float((found - expected).norm() / expected.norm())


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.manual_seed(seed))


@pytest.fixture(scope="module")
def model():
    return random_model(SMALL)


@pytest.fixture(scope="module")
def quantized(model):
    quantized = deepcopy(model)
    quantize(quantized, model.state_dict().__getitem__)
    return quantized


@pytest.mark.parametrize("row_scales", [False, True])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("shape", [(3, 1), (2, 40)])
def test_a_layer_multiplies_as_in_float32(shape, with_bias, row_scales):
    weight, bias = numbers(96, 64), numbers(96, seed=1) if with_bias else None
    layer = Int8Linear(weight, bias, row_scales=row_scales)
    x = numbers(*shape, 64, seed=2)
    found = layer.product(x)
    assert found.shape == (*shape, 96)
    assert error(found, torch.nn.functional.linear(x, weight, bias)) < 0.015
    assert torch.equal(layer(x), found)


def test_row_scales_are_for_rows_of_different_sizes():
    weight, x = numbers(32, 64), numbers(50, 64) * torch.logspace(-3, 2, 50)[:, None]
    expected = x @ weight.T
    rows = Int8Linear(weight, None, row_scales=True).product(x)
    assert max(error(*pair) for pair in zip(rows, expected, strict=True)) < 0.03
    tensor = Int8Linear(weight, None).product(x)
    assert error(tensor[0], expected[0]) > 0.5


@pytest.mark.parametrize("row_scales", [False, True])
def test_nothing_gives_the_bias(row_scales):
    layer = Int8Linear(torch.zeros(8, 16), torch.arange(8.0), row_scales=row_scales)
    assert torch.equal(layer.product(torch.zeros(2, 16)), torch.arange(8.0).expand(2, 8))
    assert torch.equal(layer.product(numbers(2, 16)), torch.arange(8.0).expand(2, 8))


def test_inputs_of_seven_bits_where_sums_have_sixteen():
    weight, x = numbers(32, 64), numbers(5, 64, seed=1)
    layer = Int8Linear(weight, None)
    layer._reduced_range = True
    assert error(layer.product(x), x @ weight.T) < 0.025


@pytest.mark.parametrize("type_", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("seed", range(2))
def test_tokens_vectors_are_exact(type_, seed):
    vectors = numbers(5000, 16, seed=seed).to(type_)
    embedding = Int8Embedding(vectors)
    tokens = torch.tensor([[0, 4999], [17, 4097]])
    assert torch.equal(embedding(tokens).float(), vectors[tokens].float())
    hidden = numbers(3, 16, seed=9)
    assert error(embedding.project(hidden), hidden @ vectors.float().T) < 0.015


def test_vectors_of_half_precision_take_half_the_memory():
    kept = Int8Embedding(numbers(10, 16).half().float())._vectors
    assert kept.dtype == torch.float16
    assert Int8Embedding(numbers(10, 16))._vectors.dtype == torch.float32


@pytest.mark.parametrize("queries", [1, 5, 8, 9, 40])
def test_keys_and_values_in_8_bits(queries):
    memory = KeyValues(numbers(3, 4, 50, 16), numbers(3, 4, 50, 16, seed=1))
    query = numbers(3, 4, queries, 16, seed=2)
    rounded = Int8KeyValues.of(memory)
    assert error(rounded.attend(query), memory.attend(query)) < 0.02
    # what the kernel and what PyTorch make of the same integers
    torch.testing.assert_close(
        rounded.attend(query), rounded.floats().attend(query), atol=1e-5, rtol=0
    )
    assert torch.equal(rounded.select(slice(1, 2)).attend(query[1:2]), rounded.attend(query)[1:2])
    assert torch.equal(rounded.select(torch.tensor([2])).keys[0], rounded.keys[2])


def test_self_attention_in_bfloat16():
    memory = KeyValues(numbers(2, 4, 90, 16), numbers(2, 4, 90, 16, seed=1))
    query = numbers(2, 4, 90, 16, seed=2)
    found = Bfloat16KeyValues(*memory).attend(query)
    assert found.dtype == torch.float32
    assert error(found, memory.attend(query)) < 0.01


@torch.inference_mode()
def test_features_and_logits(model, quantized):
    mel, tokens = numbers(2, 80, 200), torch.randint(0, 2000, (2, 12))
    encoded, expected = quantized.encode(mel), model.encode(mel)
    assert encoded.features.dtype == quantized.dtype == torch.float32
    assert error(encoded.features, expected.features) < 0.03
    logits = model.decoder(tokens, expected)
    assert error(quantized.decoder(tokens, encoded), logits) < 0.04
    cache = quantized.new_cache(2)
    steps = [quantized.decoder(tokens[:, n : n + 1], encoded, cache) for n in range(12)]
    assert error(torch.cat(steps, dim=1), logits) < 0.04


@torch.inference_mode()
def test_beams_share_a_window(model, quantized):
    mel, tokens = numbers(2, 80, 200), torch.randint(0, 2000, (6, 1))
    found = quantized.decoder(tokens, quantized.encode(mel), quantized.new_cache(6))
    expected = model.decoder(tokens, model.encode(mel), model.new_cache(6))
    assert error(found, expected) < 0.04


@torch.inference_mode()
def test_the_explicit_path_gives_raw_scores(model, quantized):
    mel, tokens = numbers(1, 80, 200), torch.randint(0, 2000, (1, 12))
    encoded = quantized.encode(mel)
    fused = quantized.decoder(tokens, encoded)
    with disable_sdpa():
        torch.testing.assert_close(quantized.decoder(tokens, encoded), fused, atol=0.01, rtol=0)
    scores = []
    for network, memory in ((quantized, encoded.cross[0]), (model, model.encode(mel).cross[0])):
        attention = network.decoder.blocks[0].cross_attn
        with explicit_attention([attention]):
            scores.append(attention(numbers(1, 12, 64, seed=5), memory)[1])
    assert scores[0].shape == (1, 4, 12, 100)
    assert error(*scores) < 0.05


@torch.inference_mode()
def test_windows_are_selected(quantized):
    encoded = quantized.encode(numbers(3, 80, 200))
    tokens = torch.randint(0, 2000, (3, 1))
    whole = quantized.decoder(tokens, encoded)
    part = quantized.decoder(tokens[2:], encoded.select(torch.tensor([2])))
    assert error(part, whole[2:]) < 0.03


@torch.inference_mode()
def test_threads_do_not_disturb_each_other(quantized):
    mels = [numbers(1, 80, 200, seed=seed) for seed in range(4)]
    expected = [quantized.encode(mel).features for mel in mels]
    found = {}

    def encode(seed):
        with torch.inference_mode():
            for _ in range(5):
                found[seed] = quantized.encode(mels[seed]).features

    threads = [threading.Thread(target=encode, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(4):
        torch.testing.assert_close(found[seed], expected[seed])


@torch.inference_mode()
def test_loading_rounds_what_the_checkpoint_holds(tmp_path):
    original = small_checkpoint()
    save_checkpoint(original, tmp_path / "model")
    loaded = load_whisper(tmp_path / "model", device="cpu", compute="int8")
    assert loaded.quantized
    assert not original.quantized
    # what is no linear layer is what it was
    kept = loaded.state_dict()
    assert kept
    assert all(torch.equal(kept[name], original.state_dict()[name]) for name in kept)
    assert not any(name.endswith(("query.weight", "mlp.0.weight")) for name in kept)
    expected = deepcopy(original)
    quantize(expected, original.state_dict().__getitem__)
    mel, tokens = numbers(1, 80, 20), torch.randint(0, 256, (1, 5))
    torch.testing.assert_close(loaded(mel, tokens), expected(mel, tokens))


def test_a_model_in_int8_is_not_saved(tmp_path):
    save_checkpoint(small_checkpoint(), tmp_path / "model")
    loaded = load_whisper(tmp_path / "model", device="cpu", compute="int8")
    with pytest.raises(CheckpointError, match="load it with `compute=float32`"):
        save_checkpoint(loaded, tmp_path / "again")
    assert not (tmp_path / "again").exists()
