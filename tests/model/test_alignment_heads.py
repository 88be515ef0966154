"""Heads of names and folders are those that the loaded model has."""

import json
from dataclasses import asdict

import pytest

from checkpoint_models import DIMS, random_model, write_ctranslate2, write_hugging_face, write_json
from subalign.errors import CheckpointError, UnknownModelError
from subalign.model import (
    TimingHeads,
    decode_dump,
    heads_of,
    known_heads,
    load_whisper,
    official_models,
    pack_heads,
    save_checkpoint,
)
from subalign.model.config import DIMENSION_KEYS
from subalign.model.timing_heads import upper_half

SIZES = asdict(DIMS)


@pytest.fixture
def model():
    model = random_model()
    model.mark_alignment_heads([(0, 2), (1, 3)])
    return model


@pytest.fixture
def ours(model, tmp_path):
    model.name = "mine"
    save_checkpoint(model, tmp_path / "ours")
    return tmp_path / "ours"


@pytest.fixture
def theirs(model, tmp_path):
    return write_hugging_face(model, tmp_path / "fine-tune")


def change(path, **changes):
    content = json.loads(path.read_text()) | changes
    write_json(path, {key: value for key, value in content.items() if value is not None})


def test_known_heads_are_the_embedded_ones_and_the_official_ones(embedded_model):
    first, *official = known_heads()
    assert (first.name, first.pairs) == ("micro.en", embedded_model.alignment_pairs)
    assert [heads.name for heads in official] == list(official_models())
    for heads in official:
        fact = official_models()[heads.name]
        assert (heads.n_layers, heads.n_heads) == (fact.dims.n_text_layer, fact.dims.n_text_head)
        assert (heads.dump, heads.alias_of) == (fact.alignment_heads, fact.alias_of)
        assert heads == heads_of(heads.name)


def test_the_heads_of_our_folder(ours, model):
    heads = heads_of(str(ours))
    assert (heads.name, heads.n_layers, heads.n_heads, heads.stated) == ("mine", 2, 4, True)
    assert heads.pairs == load_whisper(ours).alignment_pairs == ((0, 2), (1, 3))
    assert decode_dump(heads.dump, 2, 4) == heads.pairs


def test_the_heads_of_a_hugging_face_folder_without_its_weights(theirs):
    expected = load_whisper(theirs).alignment_pairs
    (theirs / "model.safetensors").unlink()
    heads = heads_of(str(theirs))
    assert (heads.name, heads.stated) == ("fine-tune", True)
    assert heads.pairs == expected == ((0, 2), (1, 3))


def test_the_heads_of_a_ctranslate2_folder(model, tmp_path):
    folder = write_ctranslate2(model, tmp_path / "faster")
    heads, loaded = heads_of(str(folder)), load_whisper(folder)
    assert (heads.name, heads.stated, heads.timing_stated) == ("faster", True, False)
    assert heads.pairs == loaded.alignment_pairs == ((0, 2), (1, 3))
    assert heads.timing == TimingHeads(loaded.timing_pairs, loaded.timing_shift)
    (folder / "model.bin").write_bytes(b"damaged")
    with pytest.raises(CheckpointError, match=r"model\.bin"):
        heads_of(str(folder))


@pytest.mark.parametrize("stated", [True, False])
def test_an_official_model_in_a_folder_has_its_heads_by_name(theirs, stated):
    official = official_models()["tiny.en"]
    sizes = {theirs: getattr(official.dims, ours) for ours, theirs in DIMENSION_KEYS.items()}
    change(theirs / "config.json", **sizes)
    named = heads_of("tiny.en")
    change(theirs / "generation_config.json", alignment_heads=named.pairs if stated else None)
    change(theirs / "generation_config.json", no_timestamps_token_id=None)
    heads = heads_of(str(theirs))
    assert (heads.pairs, heads.timing) == (named.pairs, named.timing)
    assert heads.taken_for == (None if stated else "tiny.en")


def test_timing_heads_that_our_folder_states(ours):
    assert heads_of(str(ours)).timing_stated
    change(ours / "config.json", timing_heads=[[1, 2], [0, 1]], timing_shift=0.03)
    assert heads_of(str(ours)).timing == TimingHeads(((0, 1), (1, 2)), 0.03)
    change(ours / "config.json", timing_heads=None)
    heads = heads_of(str(ours))
    assert (heads.timing, heads.timing_stated) == (upper_half(2, 4), False)


@pytest.mark.parametrize("stated", [None, [], [[0, 2], [2, 0]]])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_hugging_face_folder_without_heads_of_its_own(theirs, stated):
    change(theirs / "generation_config.json", alignment_heads=stated)
    heads = heads_of(str(theirs))
    assert not heads.stated
    assert heads.pairs == load_whisper(theirs).alignment_pairs == ((1, 0), (1, 1), (1, 2), (1, 3))


def test_our_folder_without_heads(ours):
    change(ours / "config.json", alignment_heads=None)
    heads = heads_of(str(ours))
    assert not heads.stated
    assert heads.pairs == load_whisper(ours).alignment_pairs


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"alignment_heads": [[2, 0]]}, "states alignment_heads that the model does not have"),
        ({"alignment_heads": []}, "states alignment_heads that the model does not have"),
        ({"alignment_heads": "all"}, "no (layer, head) pairs"),
        ({"timing_heads": [[2, 0]]}, "states timing_heads that the model does not have"),
        ({"timing_shift": "late"}, "states a timing_shift that is no number"),
        ({"dims": None}, "lacks dims"),
        ({"dims": {"n_text_layer": 2, "n_text_head": 4}}, "does not state n_mels"),
        ({"dims": SIZES | {"n_text_layer": True}}, "n_text_layer is True, not a whole number"),
        ({"dims": SIZES | {"n_text_layer": 1 << 30}}, "n_text_layer is over 320"),
        ({"format": "subalign-checkpoint-9"}, "this subalign reads subalign-checkpoint-1"),
    ],
)
def test_a_config_that_makes_no_sense(ours, changes, sentence):
    change(ours / "config.json", **changes)
    with pytest.raises(CheckpointError) as caught:
        heads_of(str(ours))
    assert sentence in str(caught.value)
    assert str(ours / "config.json") in str(caught.value)


def test_folders_of_other_models(theirs, tmp_path):
    change(theirs / "config.json", model_type="bart")
    with pytest.raises(CheckpointError, match="holds a bart model"):
        heads_of(str(theirs))
    change(theirs / "config.json", model_type=None, decoder_layers=None)
    with pytest.raises(CheckpointError, match="does not state decoder_layers"):
        heads_of(str(theirs))
    with pytest.raises(CheckpointError, match=r"There is no config\.json"):
        heads_of(str(tmp_path))


@pytest.mark.parametrize("name", ["", "me/mine", "x" * 5000 + "/", "README.md"])
def test_what_is_no_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").touch()
    with pytest.raises(UnknownModelError, match="There is no checkpoint folder at"):
        heads_of(name)


@pytest.mark.parametrize("name", ["tinny", "x" * 5000, "tiny\0"])
def test_what_is_no_name(name):
    with pytest.raises(UnknownModelError, match="There is no model"):
        heads_of(name)


def test_official_heads_pack_to_the_official_time():
    fact = official_models()["small"]
    pairs = decode_dump(fact.alignment_heads, 12, 12)
    assert pack_heads(pairs, n_layers=12, n_heads=12)[5:10] == fact.alignment_heads[5:10] != "00000"
    # neither other heads nor another shape are official
    assert pack_heads(pairs[1:], n_layers=12, n_heads=12)[5:10] == "00000"
    assert pack_heads(pairs, n_layers=13, n_heads=12)[5:10] == "00000"
