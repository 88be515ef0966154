"""`subalign models`: what is where, and fetching ahead."""

import json
import shutil

from embedded import MEGABYTES
from subalign.model import official_models


def test_list_shows_every_name_with_its_state(subalign):
    outcome = subalign("models", "list")
    assert (outcome.code, outcome.err) == (0, "")
    heading, *lines = outcome.out.splitlines()
    assert heading.split() == ["NAME", "STATE", "SIZE"]
    assert [line.split()[0] for line in lines] == ["micro.en", *official_models()]
    assert lines[0].split()[1:3] == ["embedded", MEGABYTES]
    turbo = next(line for line in lines if line.startswith("turbo "))
    assert turbo.split(maxsplit=4) == [
        "turbo",
        "available",
        "1.6",
        "GB",
        "the same as large-v3-turbo",
    ]


def test_list_as_json(subalign, embedded):
    entries = json.loads(subalign("models", "list", "--json").out)
    assert entries[0]["name"] == "micro.en"
    assert entries[0]["folder"] == str(embedded)
    assert entries[0]["size"] == sum(file.stat().st_size for file in embedded.iterdir())


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


def test_model_dir_is_where_models_are_looked_for(transcribe, in_process, folder, clip, embedded):
    repository = folder / "hub" / "models--me--mine"
    shutil.copytree(embedded, repository / "snapshots" / "1234")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("1234")
    arguments = ("transcribe", "talk.wav", "--model", "me/mine", "-f", "json", "--temperature", "0")
    assert transcribe(*arguments[1:]).code == 3
    process = in_process(*arguments, "--model_dir", "hub")
    error = process.communicate()[1].decode()
    assert process.returncode == 0, error
    assert (folder / "talk.json").exists()
