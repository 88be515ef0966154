import logging
import random
import struct
import tracemalloc
from contextlib import suppress
from dataclasses import replace

import pytest
import torch

from checkpoint_models import (
    BYTES,
    DIMS,
    ctranslate2_variables,
    hugging_face_vocabulary,
    random_model,
    same_weights,
    with_vocabulary_size,
    write_ctranslate2,
    write_json,
    write_model_bin,
)
from subalign.errors import CheckpointError
from subalign.model import load_whisper, save_checkpoint
from subalign.model.checkpoints.ctranslate2 import read_ctranslate2_dimensions
from subalign.tokenizer.vocabulary import read_tiktoken


@pytest.fixture
def folder(model, tmp_path):
    return write_ctranslate2(model, tmp_path / "faster")


def load(folder, dtype="float32"):
    return load_whisper(folder, device="cpu", compute=dtype)


def rewrite(folder, model, *, change=lambda variables: None, **settings):
    variables = ctranslate2_variables(model)
    change(variables)
    write_model_bin(variables, folder / "model.bin", **settings)


def error_of(folder):
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    return str(caught.value)


def test_a_folder_is_read_whole(folder, model):
    loaded = load(folder)
    assert same_weights(loaded, model)
    assert loaded.dims == DIMS
    assert loaded.name == "faster"
    assert loaded.vocabulary == BYTES
    assert loaded.multilingual is False
    assert loaded.alignment_pairs == model.alignment_pairs
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_it_gives_the_logits_of_the_same_model_in_our_own_form(folder, model, tmp_path):
    save_checkpoint(model, tmp_path / "own")
    mel = torch.randn(2, 80, 20, generator=torch.manual_seed(3))
    tokens = torch.tensor([[1, 2, 3], [4, 5, 6]])
    with torch.inference_mode():
        assert torch.equal(load(folder)(mel, tokens), load(tmp_path / "own")(mel, tokens))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_read_value_for_value(tmp_path, model, dtype):
    folder = write_ctranslate2(model.to(dtype), tmp_path / "half")
    assert same_weights(load(folder), model.float())


@pytest.mark.parametrize("dtype", [torch.int8, torch.int16])
def test_scaled_integers_come_back_as_near_as_their_steps(tmp_path, model, dtype):
    loaded = load(write_ctranslate2(model, tmp_path / "quantised", dtype)).state_dict()
    for name, value in model.state_dict().items():
        rows = value.flatten(1) if value.ndim > 1 else value[:, None]
        # the largest of a row, or of query, key and value together, is 127 or 1024 steps
        step = rows.abs().amax(1) / 127 if dtype == torch.int8 else torch.tensor(1.5 / 1024)
        off = (loaded[name] - value).flatten(1 if value.ndim > 1 else 0)
        largest = off.abs().amax(1) if value.ndim > 1 else off.abs()
        assert (largest <= step / 2 + 1e-6).all(), name


def test_scaled_integers_in_half_precision_models(tmp_path, model):
    folder = write_ctranslate2(model.half(), tmp_path / "int8_float16", torch.int8)
    assert same_weights(load(folder, "float16"), load(folder).half())


@pytest.mark.parametrize(
    ("dims", "multilingual"),
    [
        (DIMS, False),
        (replace(DIMS, n_mels=128), False),
        (with_vocabulary_size(51864), False),
        (with_vocabulary_size(51865), True),
        (replace(with_vocabulary_size(51866), n_mels=128), True),
    ],
)
def test_dimensions_are_told_by_the_shapes(tmp_path, dims, multilingual):
    model = random_model(dims)
    folder = write_ctranslate2(model, tmp_path / "any")
    assert read_ctranslate2_dimensions(folder) == dims
    if dims.n_vocab > 51000:
        (folder / "vocabulary.json").unlink()
    loaded = load(folder)
    assert loaded.dims == dims
    assert loaded.multilingual is multilingual
    assert same_weights(loaded, model)


def test_equal_tensors_lie_in_the_file_once(folder, model):
    names = [f"decoder/layer_{layer}/ffn/layer_norm/gamma" for layer in range(2)]
    for layer in range(2):
        model.decoder.blocks[layer].mlp_ln.weight.fill_(1)
    aliases = {
        "decoder/projection/weight": "decoder/embeddings/weight",
        names[1]: names[0],
    }
    rewrite(folder, model, change=lambda variables: variables.pop(names[1]), aliases=aliases)
    assert same_weights(load(folder), model)


@pytest.mark.parametrize("form", ["txt", "json", "tokenizer"])
def test_its_vocabulary(folder, form):
    tokens = [*hugging_face_vocabulary(), "<|endoftext|>", "<|en|>"]
    (folder / "vocabulary.json").unlink()
    if form == "txt":
        text = "".join(f"{token}\n" for token in tokens)
        (folder / "vocabulary.txt").write_text(text, "utf-8", newline="\n")
    elif form == "json":
        write_json(folder / "vocabulary.json", tokens)
    else:
        ids = {token: rank for rank, token in enumerate(tokens)}
        write_json(folder / "tokenizer.json", {"model": {"vocab": ids}})
    assert load(folder).vocabulary == BYTES


@pytest.mark.parametrize("name", ["gpt2", "multilingual"])
def test_without_a_vocabulary_it_has_the_official_one(tmp_path, shared, name):
    model = random_model(with_vocabulary_size(51864 if name == "gpt2" else 51865))
    folder = write_ctranslate2(model, tmp_path / "bare")
    (folder / "vocabulary.json").unlink()
    assert load(folder).vocabulary == read_tiktoken(shared / "data" / f"{name}.tiktoken")


def test_heads_of_the_teacher_are_left_out_with_a_notice(folder, caplog):
    path = folder / "config.json"
    write_json(path, {"alignment_heads": [[1, 0], [5, 3]]})
    with caplog.at_level(logging.WARNING, "subalign"):
        loaded = load(folder)
    assert loaded.alignment_pairs == ((1, 0), (1, 1), (1, 2), (1, 3))
    assert caplog.messages == [
        f"{path} names alignment heads that the model does not have: words are timed by all heads "
        "of the upper half of its layers."
    ]


def test_a_missing_config(folder):
    (folder / "config.json").unlink()
    assert "There is no config.json" in error_of(folder)


@pytest.mark.parametrize("version", [0, 5, 7, 1 << 31])
def test_other_versions(folder, model, version):
    rewrite(folder, model, version=version)
    assert error_of(folder) == (
        f"{folder / 'model.bin'} is no CTranslate2 model of version 6, the one that is read: fetch "
        "the checkpoint again, or convert it with a current ct2-transformers-converter."
    )


def test_other_architectures(folder, model):
    rewrite(folder, model, spec="TransformerDecoderSpec")
    assert error_of(folder) == (
        f"{folder / 'model.bin'} holds another architecture ('TransformerDecoderSpec'): give one "
        "of Whisper's."
    )
    rewrite(folder, model, revision=2)
    assert "is of revision 2 of WhisperSpec, but 3 is the one that is read" in error_of(folder)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("decoder/activation", torch.tensor(0, dtype=torch.int8), "sets decoder/activation to 0"),
        ("decoder/pre_norm", torch.tensor(0, dtype=torch.int8), "sets decoder/pre_norm to 0"),
        ("decoder/num_heads", torch.tensor(0, dtype=torch.int16), "n_text_head is 0"),
        ("decoder/num_heads", torch.tensor(5, dtype=torch.int16), "does not split into 5 heads"),
        ("encoder/num_heads", torch.tensor(2.0), "n_audio_head is 0"),
        ("decoder/projection/weight", torch.zeros(4, 4), "output projection of its own"),
        ("decoder/layer_0/rms_norm/weight", torch.zeros(4), "unknown tensor decoder.blocks.0.rms"),
        ("encoder/layer_1/ffn/linear_0/bias", torch.zeros(4), "misshapen tensor encoder.blocks.1"),
        ("encoder/layer_1/self_attention/linear_0/weight", torch.zeros(49, 16), "misshapen"),
        ("encoder/layer_1/self_attention/linear_0/bias", torch.ones(48), "bias on the keys"),
        ("encoder/conv1/weight", torch.zeros(2), "lacks convolutions, positions or embeddings"),
        ("decoder/layer_norm/gamma", torch.ones(16, dtype=torch.int8), "the quantised tensor"),
        ("decoder/layer_0/ffn/linear_0/weight_scale", torch.ones(3), "the quantised tensor"),
    ],
)
def test_what_is_no_whisper_model_is_said(folder, model, name, value, sentence):
    rewrite(folder, model, change=lambda variables: variables.update({name: value}))
    assert sentence in error_of(folder)


@pytest.mark.parametrize(
    "name", ["decoder/layer_1/attention/linear_1/weight", "encoder/conv2/bias"]
)
def test_missing_variables_are_named(folder, model, name):
    rewrite(folder, model, change=lambda variables: variables.pop(name))
    assert "is missing tensor" in error_of(folder)


def test_aliases_of_nothing(folder, model):
    rewrite(folder, model, aliases={"decoder/projection/weight": "nothing"})
    assert error_of(folder) == (
        f"{folder / 'model.bin'} is damaged or was cut off: fetch the checkpoint again."
    )


def test_a_file_that_was_cut_off(folder, model):
    path = folder / "model.bin"
    whole = path.read_bytes()
    for length in [*range(200), *range(200, len(whole), 3001), len(whole) - 1]:
        path.write_bytes(whole[:length])
        assert "model.bin is" in error_of(folder), length


def test_damaged_files_give_a_sentence_or_a_model(folder):
    path = folder / "model.bin"
    whole = path.read_bytes()
    # what stands between the values is a small part of the file
    names = [place for place in range(len(whole) - 80) if whole[place : place + 6] == b"coder/"]
    dice = random.Random(1)
    for _ in range(100):
        damaged = bytearray(whole)
        for _ in range(dice.choice([1, 2, 5])):
            place = dice.choice([dice.choice(names) + dice.randrange(-4, 70), dice.randrange(60)])
            bit = 1 << dice.randrange(8)
            damaged[place] = dice.choice([0, 1, 127, 255, damaged[place] ^ bit])
        path.write_bytes(damaged)
        with suppress(CheckpointError):
            load(folder)


@pytest.mark.parametrize("count", [1, 0xFFFFFFFF])
def test_absurd_sizes_take_no_memory(folder, count):
    head = struct.pack("<IH", 6, 12) + b"WhisperSpec\0" + struct.pack("<II", 3, count)
    variable = struct.pack("<H", 2) + b"a\0" + struct.pack("<B3I", 3, *[0xFFFFFFFF] * 3)
    (folder / "model.bin").write_bytes(head + variable + struct.pack("<BI", 0, 0xFFFFFFFF))
    tracemalloc.start()
    try:
        assert "is damaged or was cut off" in error_of(folder)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_the_file_may_be_replaced_while_the_model_lives(folder, model):
    loaded = load(folder)
    (folder / "model.bin").write_bytes(bytes((folder / "model.bin").stat().st_size))
    assert same_weights(loaded, model)
