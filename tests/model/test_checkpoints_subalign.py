import json
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from checkpoint_models import BYTES, DIMS, random_model, same_weights, write_json
from subalign.cli.messages import exit_code_of
from subalign.errors import CheckpointError, OutputError, OutputExistsError
from subalign.model import Whisper, load_whisper, save_checkpoint
from subalign.model.whisper import sinusoids


@pytest.fixture
def folder(tmp_path):
    save_checkpoint(random_model(), tmp_path / "mine")
    return tmp_path / "mine"


def load(folder):
    return load_whisper(folder, device="cpu", compute="float32")


def edit_config(folder, **changes):
    path = folder / "config.json"
    config = json.loads(path.read_text()) | changes
    write_json(path, {key: value for key, value in config.items() if value is not None})


def edit_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")


def test_a_saved_model_comes_back_whole(tmp_path):
    model = random_model()
    model.mark_alignment_heads([(0, 3), (1, 1)])
    model.mark_timing_heads([(1, 2), (0, 1)], -0.015)
    model.previous_text, model.short_windows = False, True
    save_checkpoint(model, tmp_path / "deep" / "mine")
    loaded = load(tmp_path / "deep" / "mine")
    assert same_weights(loaded, model)
    assert loaded.dims == model.dims
    assert loaded.name == "random"
    assert loaded.vocabulary == BYTES
    assert loaded.multilingual is False
    assert loaded.previous_text is False
    assert loaded.short_windows is True
    assert loaded.alignment_pairs == ((0, 3), (1, 1))
    assert (loaded.timing_pairs, loaded.timing_shift) == (((0, 1), (1, 2)), -0.015)
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["mine"]


def test_loaded_models_are_for_reading_only(folder):
    model = load(folder)
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_sinusoids_are_not_stored_but_computed(folder):
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        assert "encoder.positional_embedding" not in set(file.keys())
    positions = load(folder).encoder.positional_embedding
    assert torch.equal(positions, sinusoids(10, 16))


def test_other_positions_of_the_encoder_are_stored(tmp_path):
    model = random_model()
    model.encoder.positional_embedding.mul_(2)
    save_checkpoint(model, tmp_path / "mine")
    assert same_weights(load(tmp_path / "mine"), model)


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
def test_dtype_holds_for_all_weights(folder, name):
    model = load_whisper(folder, device="cpu", compute=name)
    dtypes = {value.dtype for value in model.state_dict().values()}
    assert dtypes == {getattr(torch, name)}
    assert model.dtype is getattr(torch, name)


def test_half_precision_is_saved_as_it_is(tmp_path):
    model = random_model().half()
    save_checkpoint(model, tmp_path / "half")
    with safe_open(tmp_path / "half" / "model.safetensors", framework="pt") as file:
        assert {file.get_slice(name).get_dtype() for name in file.keys()} == {"F16"}  # noqa: SIM118
    assert same_weights(load_whisper(tmp_path / "half", device="cpu", compute="float16"), model)


def test_a_loaded_model_outlives_its_files(folder):
    model, again = load(folder), load(folder)
    (folder / "model.safetensors").write_bytes(b"")
    shutil.rmtree(folder)
    assert same_weights(model, again)


def test_all_files_of_a_checkpoint_are_as_readable(folder):
    assert len({path.stat().st_mode for path in folder.iterdir()}) == 1


def test_saving_replaces_an_older_checkpoint(folder):
    model = random_model()
    model.decoder.token_embedding.weight.zero_()
    save_checkpoint(model, folder)
    assert same_weights(load(folder), model)
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]


def test_saving_into_an_empty_folder(tmp_path):
    save_checkpoint(random_model(), tmp_path)
    assert same_weights(load(tmp_path), random_model())


@pytest.mark.parametrize("name", ["thesis.txt", "config.json"])
def test_saving_does_not_replace_other_folders(tmp_path, name):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / name).write_text("{}")
    with pytest.raises(OutputExistsError, match="choose another folder"):
        save_checkpoint(random_model(), folder)
    assert (folder / name).read_text() == "{}"


def test_failed_saving_leaves_the_old_checkpoint(folder, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("subalign.model.checkpoints.subalign_folder.write_tiktoken", full)
    model = random_model()
    model.decoder.token_embedding.weight.zero_()
    with pytest.raises(OutputError, match="No space left on device"):
        save_checkpoint(model, folder)
    assert same_weights(load(folder), random_model())
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]


def test_a_model_without_vocabulary_is_not_saved(tmp_path):
    with pytest.raises(CheckpointError, match="without a vocabulary"):
        save_checkpoint(Whisper(DIMS), tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_the_embedded_model_has_its_file_s_numbers(embedded):
    model = load_whisper("micro.en", device="cpu", compute="float32")
    stored = load_file(embedded / "model.safetensors")
    state = model.state_dict()
    assert state.keys() == stored.keys() | {"encoder.positional_embedding"}
    assert all(torch.equal(state[name], value.float()) for name, value in stored.items())
    assert model.name == "micro.en"
    config = json.loads((embedded / "config.json").read_text())
    assert [list(pair) for pair in model.alignment_pairs] == config["alignment_heads"]
    assert [list(pair) for pair in model.timing_pairs] == config["timing_heads"]
    assert model.timing_shift == config["timing_shift"]
    assert model.num_languages == 99
    assert not model.multilingual


def test_reading_the_embedded_model_imports_no_hub_and_no_compiler():
    # either takes longer than the model itself
    program = (
        "import sys; import subalign.model as model; model.load_whisper('micro.en', device='cpu');"
        "print({'huggingface_hub', 'torch._dynamo'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_missing_extra_and_misshapen_tensors_are_named(folder):
    def spoil(weights):
        for name in ("bias", "weight"):
            del weights[f"decoder.ln.{name}"], weights[f"encoder.ln_post.{name}"]
        weights["decoder.head.weight"] = torch.zeros(2)
        weights["encoder.conv1.bias"] = torch.zeros(3, 5)

    edit_weights(folder, spoil)
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    assert str(caught.value) == (
        f"{folder} is missing tensors encoder.ln_post.weight, encoder.ln_post.bias, "
        "decoder.ln.weight and 1 more and has the unknown tensor decoder.head.weight and has the "
        "misshapen tensor encoder.conv1.bias (3 x 5 instead of 16): it is no Whisper checkpoint of "
        "its stated dimensions, or it is damaged; fetch it again or convert it anew."
    )
    assert exit_code_of(caught.value) == 3


def test_quantised_tensors_are_refused(folder):
    def quantise(weights):
        weights["encoder.conv1.bias"] = torch.zeros(16, dtype=torch.int8)

    edit_weights(folder, quantise)
    with pytest.raises(CheckpointError, match=r"has the quantised tensor encoder\.conv1\.bias"):
        load(folder)


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "a/b", "..", "", "C:vocab", "a\\b", 7, None, ["x"]]
)
def test_file_names_do_not_leave_the_folder(folder, name):
    (folder.parent / "secret").write_bytes((folder / "vocab.tiktoken").read_bytes())
    config = json.loads((folder / "config.json").read_text()) | {"vocabulary": name}
    write_json(folder / "config.json", config)
    with pytest.raises(CheckpointError, match="may not lie outside its folder"):
        load(folder)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": "subalign-checkpoint-9"}, "update subalign"),
        ({"format": ["x"]}, "update subalign"),
        ({"dims": None}, "lacks dims or multilingual"),
        ({"dims": {}}, "does not state n_mels, n_audio_ctx"),
        ({"multilingual": "no"}, "lacks dims or multilingual"),
        ({"split_pattern": 3}, "that is no text"),
        ({"name": 3}, "that is no text"),
        ({"alignment_heads": [[0, 1, 2]]}, "no (layer, head) pairs"),
        ({"alignment_heads": [[0, True]]}, "no (layer, head) pairs"),
        ({"alignment_heads": {"0": 1}}, "no (layer, head) pairs"),
        ({"alignment_heads": [[2, 0]]}, "states alignment_heads that the model does not have"),
        ({"timing_heads": "3:1"}, "timing_heads that are no (layer, head) pairs"),
        ({"timing_heads": [[2, 0]]}, "states timing_heads that the model does not have"),
        ({"timing_heads": [[1, 0]], "timing_shift": "20 ms"}, "a timing_shift that is no number"),
        ({"timing_heads": [[1, 0]], "timing_shift": True}, "a timing_shift that is no number"),
        ({"vocabulary": "other.tiktoken"}, "lacks the file other.tiktoken"),
    ],
)
def test_bad_configs_are_explained(folder, changes, sentence):
    edit_config(folder, **changes)
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("dims", "sentence"),
    [
        ({"n_text_head": 3}, "does not split into 3 heads"),
        ({"n_mels": 0}, "n_mels is 0"),
        ({"n_mels": "80"}, "n_mels is '80'"),
        ({"n_mels": 128}, "encoder.conv1.weight (16 x 80 x 3 instead of 16 x 128 x 3)"),
        ({"n_text_layer": 300}, "too few for its stated 3 + 300 layers"),
        ({"n_text_layer": 90_000}, "n_text_layer is over 320"),
        ({"n_mels": 10**30}, "n_mels is over 1280"),
        ({"n_audio_ctx": 10**7}, "n_audio_ctx is over 15000"),
        ({"n_audio_state": 2**62, "n_text_state": 2**62}, "n_audio_state is over 12800"),
        ({"n_audio_state": 4096, "n_text_state": 4096}, "is too small for the 1,"),
        ({"n_vocab": 2000}, "has 256 tokens, which does not fit the 2000"),
        ({"n_vocab": 1700}, "has 256 tokens, which does not fit the 1700"),
    ],
)
def test_bad_dimensions_are_explained(folder, dims, sentence):
    config = json.loads((folder / "config.json").read_text())
    edit_config(folder, dims=config["dims"] | dims)
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    assert sentence in str(caught.value)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1]", b'"x"', b"[" * 100_000])
def test_config_that_is_no_json_object(folder, content):
    (folder / "config.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"config\.json (is not valid JSON|holds no JSON)"):
        load(folder)


def test_folder_without_config(tmp_path):
    with pytest.raises(CheckpointError) as caught:
        load(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} holds no checkpoint of a kind that is read: give a folder of subalign's form, "
        "of Hugging Face's (config.json and model.safetensors or pytorch_model.bin) or of "
        "CTranslate2's (config.json and model.bin), or an OpenAI .pt file."
    )


@pytest.mark.parametrize("kept", [0, 7, 1000, -10])
def test_truncated_weights(folder, kept):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"model\.safetensors cannot be read"):
        load(folder)


def test_weights_are_missing(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"lacks the file model\.safetensors"):
        load(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_folder_whose_name_is_not_utf8(folder):
    odd = folder.rename(folder.with_name("caf\udce9"))
    assert same_weights(load(odd), random_model())
