import json
import re
from dataclasses import asdict

import pytest
import torch

from subalign.cli.messages import exit_code_of
from subalign.errors import UnknownModelError
from subalign.model import (
    EMBEDDED_MODEL,
    Whisper,
    fetch,
    list_models,
    load_whisper,
    official_models,
    where,
)
from subalign.model.registry import canonical_name, embedded_folder


def test_facts_are_those_that_stand_beside_the_project(shared):
    facts = json.loads((shared / "facts" / "whisper_models.json").read_text())
    models = official_models()
    assert list(models) == list(facts)
    for name, model in models.items():
        fact = facts[name]
        assert asdict(model.dims) == fact["dims"]
        assert model.alias_of == fact["alias_of"]
        assert model.repository == fact["hf_repo"]
        assert model.pt_sha256 == fact["openai_pt_sha256"]
        assert model.pt_sha256 in model.pt_url


@pytest.mark.parametrize("name", ["tiny.en", "large-v2", "turbo"])
def test_dumps_give_the_listed_heads(shared, name):
    facts = json.loads((shared / "facts" / "whisper_models.json").read_text())[name]
    fact = official_models()[name]
    # the heads depend on nothing but the number of layers and heads
    dims = {"n_audio_state": 40, "n_text_state": 40, "n_audio_head": 20, "n_audio_layer": 1}
    shape = {"n_text_layer": fact.dims.n_text_layer, "n_text_head": fact.dims.n_text_head}
    if fact.dims.n_text_head == 6:
        dims = {"n_audio_state": 12, "n_text_state": 12, "n_audio_head": 6, "n_audio_layer": 1}
    model = Whisper(type(fact.dims)(**asdict(fact.dims) | dims | shape | {"n_vocab": 2000}))
    model.set_alignment_heads(fact.alignment_heads)
    assert [list(pair) for pair in model.alignment_pairs] == sorted(facts["alignment_heads"])


@pytest.mark.parametrize("name", ["tiny.en", "small", "large-v3-turbo"])
def test_download_size_counts_every_number_of_the_checkpoint(name):
    fact = official_models()[name]
    from subalign.model.checkpoints.assembly import _Unallocated

    with _Unallocated():
        numbers = sum(value.numel() for value in Whisper(fact.dims).state_dict().values())
    assert fact.download_bytes == 2 * numbers


def test_download_sizes_are_those_of_the_hub():
    # as huggingface.co shows them, of the float16 weights
    shown = {"tiny": 75.5e6, "base.en": 145e6, "large-v3": 3.09e9, "turbo": 1.62e9}
    for name, size in shown.items():
        assert official_models()[name].download_bytes == pytest.approx(size, rel=0.01)


def test_canonical_names():
    assert canonical_name("turbo") == "large-v3-turbo"
    assert canonical_name("large") == "large-v3"
    assert canonical_name("base.en") == "base.en"
    assert canonical_name("micro.en") == "micro.en"
    assert canonical_name("huge") is None


def test_the_embedded_model_is_here():
    assert where(EMBEDDED_MODEL) == fetch(EMBEDDED_MODEL) == embedded_folder()
    names = {path.name for path in embedded_folder().iterdir()}
    assert names == {"config.json", "model.safetensors", "vocab.tiktoken"}


def test_the_embedded_model_is_listed_first_with_its_size():
    first, *rest = list_models()
    assert (first.name, first.state, first.path) == ("micro.en", "embedded", embedded_folder())
    assert first.size == sum(path.stat().st_size for path in embedded_folder().iterdir())
    assert [entry.name for entry in rest] == list(official_models())
    assert {entry.state for entry in rest} == {"available"}
    assert all(entry.size == official_models()[entry.name].download_bytes for entry in rest)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("tinny", "tiny"),
        ("Turbo", "turbo"),
        ("base.eng", "base.en"),
        ("large-v4", "large-v3"),
        ("micro", "micro.en"),
    ],
)
@pytest.mark.parametrize("ask", [load_whisper, fetch, where])
def test_unknown_names_bring_the_nearest_one(name, nearest, ask):
    with pytest.raises(UnknownModelError) as caught:
        ask(name)
    assert re.fullmatch(
        rf"There is no model {name}: did you mean {re.escape(nearest)}\? "
        r"`subalign models list` shows all names\.",
        str(caught.value),
    )
    assert exit_code_of(caught.value) == 3


def test_a_name_that_is_like_none():
    with pytest.raises(UnknownModelError) as caught:
        load_whisper("zzz")
    assert str(caught.value) == ("There is no model zzz: `subalign models list` shows all names.")


@pytest.mark.parametrize("path", ["no/such/folder", "./missing", "missing.pt", "/nowhere/at/all"])
def test_paths_that_are_not_there(path):
    with pytest.raises(UnknownModelError, match="There is no checkpoint at "):
        load_whisper(path)


def test_an_official_name_is_no_path_and_a_path_is_no_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "micro.en").mkdir()
    assert load_whisper("micro.en", device="cpu").name == "micro.en"
    with pytest.raises(UnknownModelError, match="There is no checkpoint at turbo"):
        load_whisper(tmp_path.__class__("turbo"))


def test_building_without_memory_reaches_no_other_thread():
    import threading

    from subalign.model.checkpoints.assembly import _Unallocated

    seen = []
    with _Unallocated():
        thread = threading.Thread(target=lambda: seen.append(torch.empty(3).is_meta))
        thread.start()
        thread.join()
        assert torch.empty(3).is_meta
    assert seen == [False]
    assert not torch.empty(3).is_meta
