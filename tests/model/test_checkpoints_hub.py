"""Fetching through the real hub client, from a small hub on this machine."""

import hashlib
import json
import os
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pytest
from huggingface_hub import constants
from safetensors.torch import save_file

from checkpoint_models import (
    DIMS,
    hugging_face_state,
    random_model,
    same_weights,
    write_hugging_face,
    write_json,
)
from subalign.cli.messages import exit_code_of
from subalign.errors import CheckpointError, ModelUnavailableError, UnknownModelError
from subalign.model import fetch, list_models, load_whisper, save_checkpoint, where

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """As much of the hub as `snapshot_download` asks for; it counts what is asked."""

    def __init__(self, root):
        self.root = root
        self.asked = []
        self.status = None
        self.broken = set()
        self.damaged = set()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                hub.answer(self)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def add(self, repository):
        """The folder that the repository's files are to be put into."""
        folder = self.root / repository
        folder.mkdir(parents=True)
        return folder

    def downloads(self):
        """The names of the files whose contents were asked for, in order."""
        files = [path for verb, path in self.asked if verb == "GET" and "/resolve/" in path]
        return [path.rpartition("/")[2] for path in files]

    def answer(self, request):
        parts = unquote(urlsplit(request.path).path).strip("/").split("/")
        about = parts[:2] == ["api", "models"]
        repository, rest = (
            ("/".join(parts[2:4]), parts[4:])
            if about
            else (
                "/".join(parts[:2]),
                parts[2:],
            )
        )
        folder = self.root / repository
        self.asked.append((request.command, request.path))
        if parts[-1] in self.broken:
            self.send(request, 418, b"")
        elif self.status:
            self.send(request, self.status[0], b"", {"X-Error-Code": self.status[1]})
        elif not folder.is_dir():
            self.send(request, 404, b"", {"X-Error-Code": "RepoNotFound"})
        elif about:
            self.send(request, 200, json.dumps(self.describe(folder, repository, rest)).encode())
        else:
            self.send_file(request, folder / rest[2])

    def describe(self, folder, repository, rest):
        files = sorted(folder.iterdir())
        if rest[:1] == ["tree"]:
            return [
                {
                    "type": "file",
                    "path": file.name,
                    "size": file.stat().st_size,
                    "oid": hashlib.sha1(file.read_bytes()).hexdigest(),
                }
                for file in files
            ]
        siblings = [self.about(file) for file in files]
        return {"id": repository, "sha": COMMIT, "siblings": siblings}

    @staticmethod
    def about(file):
        """As with `blobs=true`; weights lie in Git LFS."""
        content = file.read_bytes()
        about = {"rfilename": file.name, "size": len(content)}
        if file.suffix in (".safetensors", ".bin"):
            digest = hashlib.sha256(content).hexdigest()
            about["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 100}
        return about

    def send_file(self, request, file):
        if not file.is_file():
            self.send(request, 404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        content = file.read_bytes()
        if file.name in self.damaged:
            content = content[::-1]
        etag = hashlib.sha1(content).hexdigest()
        self.send(request, 200, content, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT})

    @staticmethod
    def send(request, status, content, headers=None):
        request.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(content)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return folder


def point_client_to(address, monkeypatch):
    """Do what HF_ENDPOINT does where it is set before the client is imported."""
    monkeypatch.setattr(constants, "ENDPOINT", address)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


@pytest.fixture
def hub(tmp_path, monkeypatch, cache):
    hub = Hub(tmp_path / "hub")
    point_client_to(hub.address, monkeypatch)
    thread = threading.Thread(target=hub.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield hub
    hub.server.shutdown()
    hub.server.server_close()
    thread.join()


@pytest.fixture
def no_hub(monkeypatch, cache):
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    point_client_to(f"http://127.0.0.1:{port}", monkeypatch)


def load(name):
    return load_whisper(name, device="cpu", compute="float32")


def test_an_official_name_is_fetched_once_and_only_what_it_needs(hub, capfd):
    model = random_model()
    model.mark_alignment_heads([(0, 0)])
    folder = write_hugging_face(model, hub.add("someone/whisper-mini"))
    for name in ("pytorch_model.bin", "flax_model.msgpack", "tokenizer.json", "README.md"):
        (folder / name).write_bytes(b"is not needed")
    (folder / "model.fp32-00001-of-00002.safetensors").write_bytes(b"is not needed")
    loaded = load("someone/whisper-mini")
    assert same_weights(loaded, model)
    assert loaded.name == "someone/whisper-mini"
    assert loaded.alignment_pairs == ((0, 0),)
    assert sorted(hub.downloads()) == [
        "added_tokens.json",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "vocab.json",
    ]
    # weights that are there prove that the rest is, for they come last
    assert hub.downloads()[-1] == "model.safetensors"
    assert capfd.readouterr() == ("", "")

    hub.asked.clear()
    assert same_weights(load("someone/whisper-mini"), model)
    assert hub.asked == []
    assert where("someone/whisper-mini") == fetch("someone/whisper-mini")


def test_official_names_stand_for_repositories_and_bring_their_heads(hub):
    # tiny.en's heads lie in 4 layers of 6 heads
    dims = replace(
        DIMS, n_audio_state=24, n_text_state=24, n_audio_head=6, n_text_head=6, n_text_layer=4
    )
    write_hugging_face(random_model(dims), hub.add("openai/whisper-tiny.en"))
    loaded = load("tiny.en")
    assert loaded.name == "tiny.en"
    assert loaded.alignment_pairs == (
        *((1, 0), (2, 0), (2, 5), (3, 0)),
        *((3, 1), (3, 2), (3, 3), (3, 4)),
    )


def test_an_alias_stands_for_its_checkpoint(hub):
    folder = hub.add("openai/whisper-large-v3-turbo")
    write_hugging_face(random_model(), folder)
    assert fetch("turbo") == fetch("large-v3-turbo") == where("turbo")
    states = {entry.name: entry for entry in list_models()}
    assert states["turbo"].state == states["large-v3-turbo"].state == "cached"
    assert states["turbo"].alias_of == "large-v3-turbo"
    assert states["turbo"].path == where("turbo")
    assert states["turbo"].size == sum(
        (folder / name).stat().st_size
        for name in (
            *("config.json", "generation_config.json", "vocab.json", "added_tokens.json"),
            "model.safetensors",
        )
    )
    assert states["base.en"].state == "available"
    assert states["base.en"].path is None


def test_other_whisper_models_in_the_cache_are_listed(hub):
    write_hugging_face(random_model(), hub.add("someone/whisper-mini"))
    write_hugging_face(random_model(), hub.add("someone/unfinished"), weights=False)
    folder = write_hugging_face(random_model(), hub.add("someone/bert"))
    config = json.loads((folder / "config.json").read_text()) | {"model_type": "bert"}
    write_json(folder / "config.json", config)
    fetch("someone/whisper-mini")
    fetch("someone/bert")
    with pytest.raises(CheckpointError):
        fetch("someone/unfinished")
    names = [entry.name for entry in list_models()]
    assert [name for name in names if "/" in name] == ["someone/whisper-mini"]


def test_progress_is_told_where_it_is_asked_for(hub):
    folder = write_hugging_face(random_model(), hub.add("someone/whisper-mini"))
    told = []
    fetch("someone/whisper-mini", progress=told.append)
    assert {(step.name, step.place) for step in told} == {
        ("someone/whisper-mini", "127.0.0.1/someone/whisper-mini")
    }
    names = ("config.json", "generation_config.json", "vocab.json", "added_tokens.json")
    size = sum((folder / name).stat().st_size for name in (*names, "model.safetensors"))
    assert {step.size for step in told} == {size}
    assert (told[0].done, told[-1].done) == (0, size)
    assert [step.done for step in told] == sorted(step.done for step in told)


def test_ctranslate2_is_taken_where_there_is_no_other_form(hub):
    folder = hub.add("Systran/faster-distil-whisper-small.en")
    names = ["config.json", "model.bin", "preprocessor_config.json", "tokenizer.json"]
    for name in (*names, "vocabulary.json", "README.md", "vocab.json"):
        (folder / name).write_text(f'{{"suppress_ids_begin": [220], "of": "{name}"}}')
    found = fetch(folder.parent.name + "/" + folder.name)
    assert sorted(path.name for path in found.iterdir()) == [*names, "vocabulary.json"]
    assert hub.downloads()[-1] == "model.bin"
    [entry] = [entry for entry in list_models() if "/" in entry.name]
    assert (entry.path, entry.origin) == (found, "faster-whisper")


def test_a_file_that_differs_from_its_sha256_is_taken_away(hub):
    write_hugging_face(random_model(), hub.add("someone/whisper-mini"))
    hub.damaged = {"model.safetensors"}
    with pytest.raises(
        ModelUnavailableError, match=r"model\.safetensors of 127\.0\.0\.1 differs from its SHA-256"
    ):
        fetch("someone/whisper-mini")
    with pytest.raises(ModelUnavailableError, match="is not on this machine"):
        where("someone/whisper-mini")
    hub.damaged = set()
    assert fetch("someone/whisper-mini") == where("someone/whisper-mini")


def test_a_link_that_leads_out_of_the_cache_costs_nobody_a_file(hub, cache, tmp_path):
    write_hugging_face(random_model(), hub.add("someone/whisper-mini"))
    snapshot = fetch("someone/whisper-mini")
    (snapshot / "model.safetensors").unlink()
    (snapshot / "config.json").unlink()
    (tmp_path / "precious").write_text("mine")
    (snapshot / "model.safetensors").symlink_to(tmp_path / "precious")
    with pytest.raises(ModelUnavailableError, match="differs from its SHA-256"):
        fetch("someone/whisper-mini")
    assert (tmp_path / "precious").read_text() == "mine"
    assert not (snapshot / "model.safetensors").exists()


@pytest.mark.parametrize("name", ["../model.bin", "a/model.bin", "/model.bin", "model.bin/.."])
def test_names_that_lead_out_of_the_folder_are_not_asked_for(hub, monkeypatch, name):
    folder = hub.add("someone/poisoned")
    (folder / "config.json").write_text("{}")
    (folder / "model.bin").write_text("weights")
    monkeypatch.setattr(hub, "about", lambda file: {"rfilename": name_in(file, name)})
    with pytest.raises(CheckpointError, match="holds no Whisper weights"):
        fetch("someone/poisoned")
    assert hub.downloads() == []


@pytest.mark.parametrize(
    "revision", [b"\xff\xfe", b"a\0b", b"../../../../../etc", b"a" * 5000, b""]
)
def test_damaged_entries_of_the_cache_count_as_absent(cache, no_hub, revision):
    entry = cache / "models--openai--whisper-tiny.en"
    (entry / "snapshots" / "1234").mkdir(parents=True)
    (entry / "refs").mkdir()
    (entry / "refs" / "main").write_bytes(revision)
    snapshot = cache / "models--a\x1b[31m--b" / "snapshots" / "1234"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text('{"model_type": "whisper"}')
    (snapshot / "model.safetensors").write_bytes(b"weights")
    assert {entry.state for entry in list_models()} == {"embedded", "available"}
    with pytest.raises(ModelUnavailableError, match="is not on this machine"):
        where("tiny.en")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
@pytest.mark.parametrize(
    "place", ["refs/main", "refs/other", "snapshots/1/config.json", "snapshots/1/x", "blobs/1"]
)
def test_pipes_in_the_cache(hub, cache, never_waiting, place):
    write_hugging_face(random_model(), hub.add("someone/whisper-mini"))
    write_hugging_face(random_model(), hub.add("someone/intact"))
    fetch("someone/intact")
    pipe = cache / "models--someone--whisper-mini" / place
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    assert [entry.name for entry in list_models() if "/" in entry.name] == ["someone/intact"]
    with pytest.raises(ModelUnavailableError, match="is not on this machine"):
        where("someone/whisper-mini")
    with pytest.raises(ModelUnavailableError, match=f"{place} is no regular file.*delete it"):
        fetch("someone/whisper-mini")
    pipe.unlink()
    assert fetch("someone/whisper-mini") == where("someone/whisper-mini")


@pytest.mark.parametrize("header", ["ETag", "X-Linked-ETag", "X-Repo-Commit"])
@pytest.mark.parametrize("value", ["../../../../out", "{}/out", 'W/"../../out"', 'W/"{}"', "C:out"])
def test_headers_that_lead_out_of_the_cache(hub, monkeypatch, tmp_path, cache, header, value):
    write_hugging_face(random_model(), hub.add("someone/poisoned"))
    send = hub.send

    def poisoned(request, status, content, headers=None):
        if headers and "ETag" in headers:
            headers = headers | {header: value.format(tmp_path)}
        send(request, status, content, headers)

    monkeypatch.setattr(hub, "send", poisoned)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(ModelUnavailableError, match="names that lead out of their folder"):
        fetch("someone/poisoned")
    made = set(tmp_path.rglob("*")) - before - {cache}
    assert all(cache in path.parents for path in made)


def name_in(file, poisoned):
    return poisoned if file.name == "model.bin" else file.name


def test_the_hub_gives_float16_where_it_has_it(hub):
    weights = {
        "Systran/faster-whisper-base.en": "model.bin",
        "openai/whisper-base.en": "model.safetensors",
    }
    for repository, file in weights.items():
        folder = hub.add(repository)
        (folder / "config.json").write_text("{}")
        (folder / file).write_text("weights")
    assert fetch("base.en").parts[-3] == "models--Systran--faster-whisper-base.en"


def test_sharded_and_pickled_repositories(hub):
    model = random_model()
    folder = write_hugging_face(model, hub.add("someone/sharded"), weights=False)
    state = hugging_face_state(model)
    shard_of = {}
    for number, names in enumerate((sorted(state)[::2], sorted(state)[1::2]), start=1):
        shard = f"model-{number:05}-of-00002.safetensors"
        save_file({name: state[name] for name in names}, folder / shard)
        shard_of |= dict.fromkeys(names, shard)
    write_json(folder / "model.safetensors.index.json", {"weight_map": shard_of})
    (folder / "pytorch_model.bin").write_bytes(b"is not needed")
    assert same_weights(load("someone/sharded"), model)
    assert "pytorch_model.bin" not in hub.downloads()


def test_a_repository_of_our_own_form(hub):
    model = random_model()
    folder = hub.add("someone/ours")
    folder.rmdir()
    save_checkpoint(model, folder)
    assert same_weights(load("someone/ours"), model)
    assert "someone/ours" in [entry.name for entry in list_models()]


def test_a_fetch_that_was_cut_off_is_taken_up_again(hub):
    model = random_model()
    model.mark_alignment_heads([(0, 0)])
    write_hugging_face(model, hub.add("someone/whisper-mini"))
    hub.broken = {"model.safetensors"}
    with pytest.raises(ModelUnavailableError):
        load("someone/whisper-mini")
    with pytest.raises(ModelUnavailableError, match="is not on this machine"):
        where("someone/whisper-mini")
    hub.broken = set()
    loaded = load("someone/whisper-mini")
    assert same_weights(loaded, model)
    assert loaded.alignment_pairs == ((0, 0),)


@pytest.mark.parametrize("missing", ["config.json", "generation_config.json", "vocab.json"])
def test_no_weights_are_cached_before_the_small_files(hub, missing):
    write_hugging_face(random_model(), hub.add("someone/whisper-mini"))
    hub.broken = {missing}
    with pytest.raises(ModelUnavailableError):
        fetch("someone/whisper-mini")
    assert "model.safetensors" not in hub.downloads()


def test_no_such_repository(hub):
    with pytest.raises(UnknownModelError) as caught:
        load("someone/nothing")
    assert str(caught.value) == (
        "There is no model someone/nothing: no such file or folder is here, and 127.0.0.1 has no "
        "such repository, or only for those who ran `hf auth login`."
    )
    assert exit_code_of(caught.value) == 3


def test_a_gated_repository(hub):
    hub.status = (403, "GatedRepo")
    with pytest.raises(ModelUnavailableError, match=r"accept its terms on 127\.0\.0\.1"):
        load("someone/gated")


def test_a_repository_without_weights(hub):
    (hub.add("someone/dataset") / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match="Repository someone/dataset holds no Whisper"):
        load("someone/dataset")


def test_a_hub_that_answers_with_an_error(hub):
    hub.status = (418, "")
    with pytest.raises(ModelUnavailableError, match=r"127\.0\.0\.1 answers with an error \(418\)"):
        fetch("base.en", source="hub")


def test_unreachable_hub(no_hub):
    with pytest.raises(ModelUnavailableError) as caught:
        load("someone/whisper-mini")
    assert str(caught.value) == (
        "Model someone/whisper-mini is not on this machine and 127.0.0.1 cannot be reached: give "
        "`model` a local folder, or use the embedded micro.en."
    )
    assert exit_code_of(caught.value) == 3


def test_offline_mode_is_respected(hub, monkeypatch):
    write_hugging_face(random_model(), hub.add("openai/whisper-base.en"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelUnavailableError, match="HF_HUB_OFFLINE forbids to fetch it"):
        load("base.en")
    assert hub.asked == []


def test_cached_models_need_no_network(hub, monkeypatch):
    model = random_model()
    write_hugging_face(model, hub.add("someone/whisper-mini"))
    fetch("someone/whisper-mini")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert same_weights(load("someone/whisper-mini"), model)


def test_a_cache_that_cannot_be_written(hub, cache):
    write_hugging_face(random_model(), hub.add("someone/whisper-mini"))
    cache.write_text("a file where a folder should be")
    with pytest.raises(ModelUnavailableError, match="cannot be stored in"):
        fetch("someone/whisper-mini")
    assert "available" in {entry.state for entry in list_models()}


def test_a_full_disk(hub, monkeypatch, cache):
    def full(*args, **settings):
        raise OSError(28, "No space left on device")

    write_hugging_face(random_model(), hub.add("someone/whisper-mini"))
    monkeypatch.setattr("subalign.model.hub.snapshot_download", full)
    with pytest.raises(ModelUnavailableError) as caught:
        fetch("someone/whisper-mini")
    assert str(caught.value) == (
        f"Model someone/whisper-mini cannot be stored in {cache} (No space left on device): free "
        "some space, or set HF_HOME to a folder that has it."
    )


def test_where_of_a_model_that_is_not_here(cache):
    with pytest.raises(ModelUnavailableError) as caught:
        where("base.en")
    assert str(caught.value) == (
        "Model base.en is not on this machine: `subalign models get base.en` fetches it."
    )
