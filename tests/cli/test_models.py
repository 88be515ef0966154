"""`subalign models`: what is where, and fetching ahead."""

import json
import os
import re
import shutil

import subalign.model as subalign_model
from embedded import MEGABYTES
from subalign.cli.models import models_as_table
from subalign.model import Fetching, ModelEntry, official_models


def test_list_shows_every_name_with_its_state(subalign):
    outcome = subalign("models", "list")
    assert (outcome.code, outcome.err) == (0, "")
    table, notes = outcome.out.split("\n\n")
    heading, *lines = table.splitlines()
    assert heading.split() == "NAME STATE SIZE MEMORY SPEED LANGUAGES FROM".split()
    assert [line.split()[0] for line in lines] == ["micro.en", *official_models()]
    assert lines[0].split()[1:4] == ["embedded", MEGABYTES, "MB"]
    rows = {line.split()[0]: re.split("  +", line, maxsplit=7)[1:] for line in lines}
    assert rows["micro.en"][2:5] == ["579 MB", "very fast", "English"]
    assert rows["turbo"] == [
        *("available", "1.6 GB", "5.4 GB", "slow", "100", "hub, openai"),
        "the same as large-v3-turbo",
    ]
    assert rows["base"] == [
        *("available", "145 MB", "986 MB", "fast", "99", "hub, index, openai"),
        "Systran/faster-whisper-base",
    ]
    assert rows["base.en"][4] == "English"
    assert notes == (
        "MEMORY and SPEED are about what transcribing takes on a processor.\n"
        "Where no model is named: micro.en.\n"
    )


def test_what_nobody_knows_of_a_model_is_a_dash(tmp_path):
    entry = ModelEntry("me/mine", None, "cached", 5_000_000, tmp_path, "faster-whisper")
    line = models_as_table([entry]).splitlines()[1]
    assert line.split()[:7] == ["me/mine", "cached", "5", "MB", "-", "-", "-"]


def test_list_says_what_lies_here_and_whose_it_is(subalign, tmp_path, monkeypatch):
    monkeypatch.setenv("SUBALIGN_CACHE", str(tmp_path))
    folder = tmp_path / "models" / "tiny.en"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(bytes(2_000_000))
    lines = subalign("models", "list").out.splitlines()
    facts = ["tiny.en", "cached", "2 MB", "777 MB", "very fast", "English", "subalign"]
    assert re.split("  +", lines[2]) == [*facts, str(folder)]
    assert subalign("models", "where", "tiny.en").out == f"{folder}\n"


def test_list_as_json(subalign, embedded):
    entries = json.loads(subalign("models", "list", "--json").out)
    assert entries[0]["name"] == "micro.en"
    assert entries[0]["path"] == str(embedded)
    assert entries[0]["size"] == sum(file.stat().st_size for file in embedded.iterdir())
    tiny = next(entry for entry in entries if entry["name"] == "tiny.en")
    assert tiny["sources"] == ["hub", "index", "openai"]
    assert tiny["repository"] == "Systran/faster-whisper-tiny.en"
    assert (tiny["languages"], tiny["speed"]) == (1, "very fast")


def test_one_line_says_what_is_fetched(subalign, monkeypatch, tmp_path):
    def fetch(name, *, source, progress):
        for done in (0, 50_000_000, 100_000_000):
            progress(Fetching(name, f"the {source}", 100_000_000, done))
        return tmp_path

    monkeypatch.setattr(subalign_model, "fetch", fetch)
    outcome = subalign("models", "get", "tiny.en", "--from", "index")
    assert (outcome.code, outcome.out) == (0, f"{tmp_path}\n")
    assert outcome.err == "Fetching model tiny.en (100 MB) from the index.\n"


def test_a_source_that_there_is_not(subalign):
    outcome = subalign("models", "get", "tiny.en", "--from", "mars")
    assert outcome.code == 2
    assert outcome.err == (
        "Error: There is no source mars: models come from hub, index or openai.\n"
    )


def test_where_and_get_print_the_folder(subalign, embedded):
    for command in ("where", "get"):
        outcome = subalign("models", command, "micro.en")
        assert (outcome.code, outcome.out, outcome.err) == (0, f"{embedded}\n", "")


def test_a_model_that_is_not_here(subalign):
    outcome = subalign("models", "where", "tiny")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == (
        "Error: Model tiny is not on this machine: `subalign models get tiny` fetches it.\n"
    )
    outcome = subalign("models", "get", "tiny", "-q")
    assert outcome.code == 3
    assert outcome.err == (
        "Error: Model tiny is not on this machine and HF_HUB_OFFLINE forbids to fetch it: give "
        "--model a local folder, or use the embedded micro.en.\n"
    )


def test_an_unknown_name(subalign):
    for command in ("where", "get"):
        outcome = subalign("models", command, "smal")
        assert outcome.code == 3
        assert outcome.err == (
            "Error: There is no model smal: did you mean small? `subalign models list` shows all "
            "names.\n"
        )


def test_model_dir_is_where_models_are_looked_for(transcribe, folder, clip, embedded):
    repository = folder / "hub" / "models--me--mine"
    shutil.copytree(embedded, repository / "snapshots" / "1234")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("1234")
    arguments = ("talk.wav", "--model", "me/mine", "-f", "json", "--temperature", "0")
    assert transcribe(*arguments).code == 3
    before = dict(os.environ)
    assert transcribe(*arguments, "--model_dir", "hub").code == 0
    assert (folder / "talk.json").exists()
    assert dict(os.environ) == before
    assert transcribe(*arguments, "--overwrite").code == 3  # and no longer
