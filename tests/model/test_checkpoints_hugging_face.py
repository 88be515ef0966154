import json
import logging
import os
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from checkpoint_models import (
    BYTES,
    DIMS,
    hugging_face_config,
    hugging_face_state,
    hugging_face_vocabulary,
    random_model,
    same_weights,
    write_hugging_face,
    write_json,
)
from subalign.errors import CheckpointError
from subalign.model import load_whisper


@pytest.fixture
def folder(model, tmp_path):
    return write_hugging_face(model, tmp_path / "fine-tune")


def load(folder, dtype="float32"):
    return load_whisper(folder, device="cpu", compute=dtype)


def edit_json(path, **changes):
    content = json.loads(path.read_text()) | changes
    write_json(path, {key: value for key, value in content.items() if value is not None})


def edit_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")


def test_a_hugging_face_folder_is_read_whole(folder, model):
    loaded = load(folder)
    assert same_weights(loaded, model)
    assert loaded.dims == DIMS
    assert loaded.name == "fine-tune"
    assert loaded.vocabulary == BYTES
    assert loaded.multilingual is False
    assert loaded.alignment_pairs == model.alignment_pairs
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_converted_weights_give_the_same_logits(folder, model):
    mel = torch.randn(2, 80, 20, generator=torch.manual_seed(3))
    tokens = torch.tensor([[1, 2, 3], [4, 5, 6]])
    with torch.inference_mode():
        assert torch.equal(load(folder)(mel, tokens), model(mel, tokens))


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_sharded_weights(tmp_path, model, suffix):
    folder = write_hugging_face(model, tmp_path / "sharded", weights=False)
    names = sorted(hugging_face_state(model))
    stem = "model" if suffix == "safetensors" else "pytorch_model"
    shard_of = {}
    for number, part in enumerate((names[::3], names[1::3], names[2::3]), start=1):
        shard = f"{stem}-{number:05}-of-00003.{suffix}"
        shard_of |= dict.fromkeys(part, shard)
        tensors = {name: hugging_face_state(model)[name] for name in part}
        (save_file if suffix == "safetensors" else torch.save)(tensors, folder / shard)
    write_json(folder / f"{stem}.{suffix}.index.json", {"weight_map": shard_of})
    assert same_weights(load(folder), model)

    (folder / f"{stem}-00002-of-00003.{suffix}").unlink()
    with pytest.raises(CheckpointError, match=rf"lacks the file {stem}-00002-of-00003\.{suffix}"):
        load(folder)


@pytest.mark.parametrize("name", ["../outside.safetensors", "/etc/passwd", 3, ["a"]])
def test_shards_do_not_lie_outside_the_folder(tmp_path, model, name):
    folder = write_hugging_face(model, tmp_path / "sharded", weights=False)
    save_file(hugging_face_state(model), tmp_path / "outside.safetensors")
    write_json(folder / "model.safetensors.index.json", {"weight_map": {"a": name}})
    with pytest.raises(CheckpointError, match="may not lie outside its folder"):
        load(folder)


@pytest.mark.parametrize("content", [{}, {"weight_map": []}, {"weight_map": {}}])
def test_index_without_files(tmp_path, model, content):
    folder = write_hugging_face(model, tmp_path / "sharded", weights=False)
    write_json(folder / "model.safetensors.index.json", content)
    with pytest.raises(CheckpointError, match="names no files"):
        load(folder)


def test_pytorch_weights_with_the_tied_projection(tmp_path, model):
    folder = write_hugging_face(model, tmp_path / "old", weights=False)
    state = hugging_face_state(model)
    state["proj_out.weight"] = state["model.decoder.embed_tokens.weight"]
    torch.save(state, folder / "pytorch_model.bin")
    assert same_weights(load(folder), model)


def test_the_embedding_may_be_stored_as_the_projection_alone(folder, model):
    def rename(weights):
        weights["proj_out.weight"] = weights.pop("model.decoder.embed_tokens.weight")

    edit_weights(folder, rename)
    assert same_weights(load(folder), model)


def test_an_untied_projection_is_refused(folder):
    def untie(weights):
        weights["proj_out.weight"] = weights["model.decoder.embed_tokens.weight"] + 1

    edit_weights(folder, untie)
    with pytest.raises(CheckpointError, match="output projection of its own"):
        load(folder)


def test_names_without_the_model_prefix(tmp_path, model):
    folder = write_hugging_face(model, tmp_path / "bare", weights=False)
    state = {
        name.removeprefix("model."): value for name, value in hugging_face_state(model).items()
    }
    save_file(state, folder / "model.safetensors")
    assert same_weights(load(folder), model)


def test_a_pickle_that_tries_to_run_code_is_refused(tmp_path, model):
    folder = write_hugging_face(model, tmp_path / "bad", weights=False)
    trace = tmp_path / "was-run"

    class Intruder:
        def __reduce__(self):
            return os.mkdir, (str(trace),)

    torch.save(hugging_face_state(model) | {"x": Intruder()}, folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="was refused"):
        load(folder)
    assert not trace.exists()


def test_safetensors_go_before_pickles(folder, model):
    (folder / "pytorch_model.bin").write_bytes(b"not looked at")
    assert same_weights(load(folder), model)


def test_a_decoder_with_fewer_layers_than_the_encoder(tmp_path):
    model = random_model(replace(DIMS, n_text_layer=1))
    folder = write_hugging_face(model, tmp_path / "distilled")
    loaded = load(folder)
    assert same_weights(loaded, model)
    assert loaded.alignment_pairs == ((0, 0), (0, 1), (0, 2), (0, 3))


def test_heads_of_the_teacher_are_left_out_with_a_notice(folder, caplog):
    path = folder / "generation_config.json"
    edit_json(path, alignment_heads=[[1, 0], [5, 3]])
    with caplog.at_level(logging.WARNING, "subalign"):
        loaded = load(folder)
    assert loaded.alignment_pairs == ((1, 0), (1, 1), (1, 2), (1, 3))
    assert caplog.messages == [
        f"{path} names alignment heads that the model does not have: words are timed by all heads "
        "of the upper half of its layers."
    ]


@pytest.mark.parametrize("heads", [None, []])
def test_no_heads_means_the_upper_half_of_the_layers(folder, heads):
    edit_json(folder / "generation_config.json", alignment_heads=heads)
    assert load(folder).alignment_pairs == ((1, 0), (1, 1), (1, 2), (1, 3))


def test_without_generation_config(folder, model):
    (folder / "generation_config.json").unlink()
    loaded = load(folder)
    assert same_weights(loaded, model)
    assert loaded.alignment_pairs == ((1, 0), (1, 1), (1, 2), (1, 3))


def test_multilingual_is_stated_by_generation_config(folder):
    edit_json(folder / "generation_config.json", is_multilingual=True)
    assert load(folder).multilingual is True


def test_padding_rows_of_the_embedding_are_cut(folder, model):
    def pad(weights):
        name = "model.decoder.embed_tokens.weight"
        weights[name] = torch.cat([weights[name], torch.ones(40, 16)])

    edit_weights(folder, pad)
    edit_json(folder / "config.json", vocab_size=DIMS.n_vocab + 40)
    loaded = load(folder)
    assert loaded.dims == DIMS
    assert same_weights(loaded, model)
    assert loaded.num_languages == 99


def test_vocabulary_out_of_tokenizer_json(folder):
    (folder / "vocab.json").unlink()
    (folder / "added_tokens.json").unlink()
    write_json(
        folder / "tokenizer.json",
        {
            "added_tokens": [{"id": 256, "content": "<|endoftext|>"}],
            "model": {"type": "BPE", "vocab": hugging_face_vocabulary() | {"<|endoftext|>": 256}},
        },
    )
    assert load(folder).vocabulary == BYTES


def test_no_vocabulary_at_all(folder):
    (folder / "vocab.json").unlink()
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    assert str(caught.value) == (
        f"{folder} carries no vocabulary, and no official one has {DIMS.n_vocab} tokens: put the "
        "model's vocab.tiktoken beside it."
    )


def test_another_architecture_is_named(folder):
    edit_json(folder / "config.json", model_type="wav2vec2")
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    assert str(caught.value) == (
        f"{folder} holds a wav2vec2 model: give one of Whisper's architecture."
    )


@pytest.mark.parametrize("key", sorted(set(hugging_face_config(DIMS)) - {"architectures"}))
def test_incomplete_config(folder, key, model):
    edit_json(folder / "config.json", **{key: None})
    if key == "model_type":
        assert same_weights(load(folder), model)
        return
    with pytest.raises(CheckpointError, match=rf"config\.json does not state {key}: "):
        load(folder)


def test_missing_and_extra_tensors_are_named(folder):
    def spoil(weights):
        del weights["model.decoder.layers.1.encoder_attn.k_proj.weight"]
        weights["model.decoder.layers.0.self_attn.q_proj.lora_A"] = torch.zeros(1)

    edit_weights(folder, spoil)
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    assert str(caught.value).startswith(
        f"{folder} is missing tensor decoder.blocks.1.cross_attn.key.weight and has the unknown "
        "tensor decoder.layers.0.self_attn.q_proj.lora_A: "
    )


def test_config_that_does_not_fit_the_weights(folder):
    edit_json(folder / "config.json", num_mel_bins=128)
    with pytest.raises(CheckpointError, match=r"conv1\.weight \(16 x 80 x 3 instead of 16 x 128"):
        load(folder)


def test_folder_without_weights(tmp_path, model):
    folder = write_hugging_face(model, tmp_path / "empty", weights=False)
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    assert str(caught.value) == (
        f"{folder} holds no model.safetensors and no pytorch_model.bin: give a folder that has "
        "the model's weights."
    )


def test_half_precision(folder, model):
    assert same_weights(load(folder, "float16"), model.half())
