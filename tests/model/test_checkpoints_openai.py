import base64
import gzip
import hashlib
import os
import pickle
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from checkpoint_models import (
    BYTES,
    openai_content,
    random_model,
    same_weights,
    with_vocabulary_size,
)
from subalign.cli.messages import exit_code_of
from subalign.errors import CheckpointError, ChecksumError
from subalign.model import Whisper, load_whisper, registry
from subalign.model.checkpoints import openai_pt
from subalign.model.registry import official_models
from subalign.tokenizer.vocabulary import read_tiktoken, write_tiktoken


def load(path):
    return load_whisper(path, device="cpu", compute="float32")


def write_pt(folder, content, name="own.pt", **settings):
    path = folder / name
    torch.save(content, path, **settings)
    write_tiktoken(BYTES, folder / "vocab.tiktoken")
    return path


@pytest.mark.parametrize("zipped", [True, False])
def test_an_openai_file_comes_back_whole(tmp_path, zipped):
    model = random_model()
    path = write_pt(tmp_path, openai_content(model), _use_new_zipfile_serialization=zipped)
    loaded = load(path)
    assert same_weights(loaded, model)
    assert loaded.dims == model.dims
    assert loaded.name == "own"
    assert loaded.vocabulary == BYTES
    assert loaded.alignment_pairs == ((1, 0), (1, 1), (1, 2), (1, 3))
    assert not loaded.multilingual


def test_half_precision_weights_are_converted(tmp_path):
    path = write_pt(tmp_path, openai_content(random_model().half()))
    assert same_weights(load(path), random_model().half().float())


class _Intruder:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_tries_to_run_code_is_refused(tmp_path, zipped):
    trace = tmp_path / "was-run"
    content = openai_content(random_model()) | {"extra": _Intruder(trace)}
    path = write_pt(tmp_path, content, _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path} was refused: it holds something other than plain weights, and reading that could "
        "run a stranger's code; use a checkpoint in safetensors form."
    )
    assert not trace.exists()


def test_a_bare_pickle_that_tries_to_run_code_is_refused(tmp_path):
    path = tmp_path / "own.pt"
    path.write_bytes(pickle.dumps(_Intruder(tmp_path / "was-run"), protocol=2))
    with pytest.raises(CheckpointError, match="was refused"):
        load(path)
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVE", b"PK\x03\x04", b"\x80\x02}q\x00."])
def test_files_that_are_no_checkpoints(tmp_path, content):
    path = tmp_path / "own.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"own\.pt"):
        load(path)


def test_truncated_file(tmp_path):
    path = write_pt(tmp_path, openai_content(random_model()))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match=r"own\.pt"):
        load(path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c.pop("dims"), "no checkpoint of OpenAI's form"),
        (lambda c: c.update(dims=[1, 2]), "no checkpoint of OpenAI's form"),
        (lambda c: c["dims"].pop("n_mels"), "does not state n_mels"),
        (lambda c: c.pop("model_state_dict"), "holds no weights by name"),
        (lambda c: c.update(model_state_dict={"a": 1}), "holds 'a', which is no weight"),
        (lambda c: c["model_state_dict"].pop("decoder.ln.bias"), "missing tensor decoder.ln.bias"),
    ],
)
def test_what_the_file_lacks_is_named(tmp_path, change, sentence):
    model = random_model()
    content = {"dims": asdict(model.dims), "model_state_dict": dict(model.state_dict())}
    change(content)
    with pytest.raises(CheckpointError) as caught:
        load(write_pt(tmp_path, content))
    assert sentence in str(caught.value)


@pytest.mark.parametrize("name", ["tiny.en", "turbo"])
def test_official_names_are_checked(tmp_path, name):
    path = write_pt(tmp_path, openai_content(random_model()), name=f"{name}.pt")
    with pytest.raises(ChecksumError) as caught:
        load(path)
    url = official_models()[name].pt_url
    assert str(caught.value) == (
        f"{path} is not OpenAI's {name}, its SHA-256 differs: delete it and fetch {url} again, or "
        "rename it if it is a model of your own."
    )
    assert exit_code_of(caught.value) == 3


@pytest.mark.parametrize("name", ["turbo", "mine"])
def test_an_official_file_gets_the_official_heads(tmp_path, monkeypatch, caplog, name):
    model = random_model()
    path = write_pt(tmp_path, openai_content(model), name=f"{name}.pt")
    fact = replace(
        official_models()["large-v3-turbo"],
        dims=model.dims,
        pt_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        alignment_heads=_dump_of_two_heads(model),
    )
    facts = {fact.name: fact, "turbo": replace(fact, name="turbo", alias_of=fact.name)}
    for module in (registry, openai_pt):
        monkeypatch.setattr(module, "official_models", lambda: facts)
    loaded = load(path)
    assert loaded.alignment_pairs == ((0, 1), (1, 2))
    assert loaded.name == "large-v3-turbo"
    assert loaded.multilingual
    told = [f"{path} is OpenAI's file of large-v3-turbo, by its SHA-256."]
    assert caplog.messages == (told if name == "mine" else [])


def _dump_of_two_heads(model):
    flags = np.zeros((model.dims.n_text_layer, model.dims.n_text_head), dtype=bool)
    flags[0, 1] = flags[1, 2] = True
    return base64.b85encode(gzip.compress(flags.tobytes())).decode()


def test_a_file_without_vocabulary_of_another_size(tmp_path):
    path = write_pt(tmp_path, openai_content(random_model()))
    (tmp_path / "vocab.tiktoken").unlink()
    with pytest.raises(CheckpointError, match=r"put the model's vocab\.tiktoken beside it"):
        load(path)


def official_size(tmp_path, n_vocab):
    torch.manual_seed(0)
    model = Whisper(with_vocabulary_size(n_vocab))
    path = tmp_path / "own.pt"
    torch.save(openai_content(model), path)
    return path


@pytest.mark.parametrize(
    ("n_vocab", "file"),
    [
        (51864, "gpt2.tiktoken"),
        (51865, "multilingual.tiktoken"),
        (51866, "multilingual.tiktoken"),
    ],
)
def test_the_official_vocabularies_are_at_hand(tmp_path, shared, n_vocab, file):
    loaded = load(official_size(tmp_path, n_vocab))
    assert loaded.vocabulary == read_tiktoken(shared / "data" / file)
    assert loaded.multilingual is (n_vocab > 51864)


@pytest.mark.parametrize(("n_vocab", "file"), [(51864, "multilingual"), (51865, "gpt2")])
def test_the_other_official_vocabulary_is_refused(tmp_path, shared, n_vocab, file):
    path = official_size(tmp_path, n_vocab)
    vocabulary = read_tiktoken(shared / "data" / f"{file}.tiktoken")
    write_tiktoken(vocabulary, tmp_path / "vocab.tiktoken")
    with pytest.raises(CheckpointError, match="which does not fit the"):
        load(path)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_file_whose_name_is_not_utf8(tmp_path):
    path = write_pt(tmp_path, openai_content(random_model()))
    odd = path.rename(path.with_name("caf\udce9.pt"))
    assert same_weights(load(odd), random_model())
