"""The same weights have the same alignment and timing heads, whatever form they come in."""

import json
from dataclasses import replace

import pytest
import torch

from checkpoint_models import (
    BYTES,
    DIMS,
    openai_content,
    random_model,
    same_weights,
    write_ctranslate2,
    write_hugging_face,
    write_json,
)
from subalign.model import load_whisper, loading, registry, save_checkpoint
from subalign.model.alignment_heads import pack_heads
from subalign.model.checkpoints import openai_pt
from subalign.model.registry import official_models, officials_of_shape
from subalign.model.timing_heads import choose_heads, known_timing_heads, upper_half
from subalign.tokenizer.vocabulary import write_tiktoken

SHAPE = replace(DIMS, n_text_layer=4)
HEADS = ((1, 0), (2, 3))
UPPER_HALF = upper_half(4, 4)


@pytest.fixture(autouse=True)
def official(monkeypatch):
    """A registry in which tiny.en is a small model, and no other official one has its shape."""
    dump = pack_heads(HEADS, n_layers=4, n_heads=4)
    facts = dict(official_models())
    facts["tiny.en"] = replace(facts["tiny.en"], dims=SHAPE, alignment_heads=dump)
    for module in (registry, openai_pt, loading):
        monkeypatch.setattr(module, "official_models", lambda: facts)
    return facts["tiny.en"]


@pytest.fixture
def model():
    model = random_model(SHAPE)
    model.mark_alignment_heads(HEADS)
    return model


def write_pt(model, folder):
    folder.mkdir()
    torch.save(openai_content(model), folder / "own.pt")
    write_tiktoken(BYTES, folder / "vocab.tiktoken")
    return folder / "own.pt"


def write_our_form_of_old(model, folder):
    """A folder from before there were timing heads."""
    save_checkpoint(model, folder)
    config = json.loads((folder / "config.json").read_text())
    del config["timing_heads"], config["timing_shift"]
    write_json(folder / "config.json", config)
    return folder


WRITERS = [write_pt, write_hugging_face, write_ctranslate2, write_our_form_of_old]
FORMS = pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)


def load(path):
    return load_whisper(path, device="cpu", compute="float32")


def assert_heads(loaded, alignment, timing):
    assert loaded.alignment_pairs == alignment
    assert (loaded.timing_pairs, loaded.timing_shift) == (timing.pairs, timing.shift)


@FORMS
def test_every_form_has_the_heads_of_the_model_by_name(tmp_path, model, monkeypatch, write):
    path = write(model, tmp_path / "mine")
    assert_heads(load(path), HEADS, known_timing_heads("tiny.en"))

    monkeypatch.setattr(loading, "fetch", lambda name, damaged, progress: path)
    by_name = load("tiny.en")
    assert_heads(by_name, HEADS, known_timing_heads("tiny.en"))
    assert same_weights(by_name, model)


@pytest.mark.parametrize("write", [write_hugging_face, write_ctranslate2])
def test_where_no_heads_are_stated_the_shape_tells(tmp_path, model, caplog, write):
    # the upper half is what CTranslate2's converter writes where it knows none
    unknown = UPPER_HALF.pairs if write is write_ctranslate2 else [(9, 9)]
    folder = write(model, tmp_path / "mine")
    name = "config.json" if write is write_ctranslate2 else "generation_config.json"
    write_json(folder / name, {"alignment_heads": [list(pair) for pair in unknown]})
    assert_heads(load(folder), HEADS, known_timing_heads("tiny.en"))
    assert caplog.messages == [
        f"{folder / name} names no heads of its own: by its shape it is taken for tiny.en and "
        "gets the heads of that model."
    ]


def test_by_name_nothing_is_guessed(tmp_path, model, caplog, monkeypatch):
    folder = write_ctranslate2(model, tmp_path / "mine")
    write_json(folder / "config.json", {})
    monkeypatch.setattr(loading, "fetch", lambda name, damaged, progress: folder)
    loaded = load("tiny.en")
    assert loaded.name == "tiny.en"
    assert_heads(loaded, HEADS, known_timing_heads("tiny.en"))
    assert not caplog.messages


@pytest.mark.parametrize("write", WRITERS[1:])  # an OpenAI file states none
def test_stated_heads_go_first(tmp_path, model, write):
    model.mark_alignment_heads([(3, 2)])
    assert_heads(load(write(model, tmp_path / "mine")), ((3, 2),), UPPER_HALF)


@FORMS
def test_models_of_another_shape_have_their_own_heads_or_the_upper_half(tmp_path, write, caplog):
    model = random_model(replace(SHAPE, n_audio_layer=1))
    loaded = load(write(model, tmp_path / "mine"))
    assert_heads(loaded, UPPER_HALF.pairs, UPPER_HALF)
    assert not caplog.messages


def test_a_file_of_a_known_shape_says_what_it_is_taken_for(tmp_path, model, caplog):
    path = write_pt(model, tmp_path / "mine")
    assert load(path).name == "own"
    assert caplog.messages == [
        f"{path} names no heads of its own: by its shape it is taken for tiny.en and gets the "
        "heads of that model."
    ]


@pytest.mark.parametrize(
    ("name", "taken_for"),
    [("large-v1", "large-v2"), ("large", "large-v3"), ("turbo", "large-v3-turbo")],
)
def test_of_official_models_of_one_shape_the_newest_is_meant(name, taken_for):
    dims = official_models()[name].dims
    assert officials_of_shape(dims)[-1].name == taken_for
    assert choose_heads(dims, None).taken_for.name == taken_for
    assert officials_of_shape(DIMS) == []
