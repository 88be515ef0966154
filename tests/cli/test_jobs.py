"""`--ledger` and `--resume`, and what `subalign jobs` tells of a run."""

import csv
import json
import wave
from pathlib import Path

import pytest

from subalign.pipeline.ledger import Ledger, Row

FAST = ("--temperature", "0", "--beam-size", "1", "--threads", "1")


@pytest.fixture
def two(folder, clip):
    """A recording and one without sound."""
    (folder / "broken.wav").write_bytes(b"no sound at all")
    return folder


def states(subalign, ledger="subalign.ledger"):
    exported = json.loads(subalign("jobs", "export", ledger).out)
    return {Path(row["source"]).name: (row["state"], row["attempts"]) for row in exported}


def test_a_run_goes_on_where_it_ended(transcribe, subalign, two):
    first = transcribe(".", "--resume", "-o", "out")
    assert first.code == 1
    assert first.err.splitlines()[-2] == "1 of 2 inputs failed:"
    assert first.err.splitlines()[-1].startswith("  broken.wav cannot be decoded (")
    ledger = two / "out" / "subalign.ledger"
    assert states(subalign, ledger) == {"broken.wav": ("failed", 1), "talk.wav": ("done", 1)}
    assert sorted(path.name for path in ledger.parent.iterdir()) == ["subalign.ledger", "talk.srt"]

    again = transcribe(".", "--resume", "-o", "out")
    assert again.code == 1
    assert again.err.splitlines()[:3] == [
        "1 of 2 recordings are done already.",
        "1 of 2 recordings failed before: --retry-failed tries them again.",
        "1 of 2 inputs failed:",
    ]
    (two / "broken.wav").write_bytes((two / "talk.wav").read_bytes())
    mended = transcribe(".", "--retry-failed", "-o", "out", "-q")
    assert (mended.code, mended.err) == (0, "")
    assert states(subalign, ledger) == {"broken.wav": ("done", 1), "talk.wav": ("done", 1)}
    assert subalign("jobs", "verify", ledger).code == 0


def test_what_has_changed_or_lost_its_results_is_done_again(transcribe, subalign, folder, clip):
    transcribe("talk.wav", "--ledger", "run", "-f", "srt,txt")
    (folder / "talk.txt").unlink()
    (folder / "talk.srt").write_text("corrected by hand")
    assert (
        "talk.srt, talk.txt"
        in transcribe("talk.wav", "--ledger", "run", "--resume", "-f", "srt,txt").err
    )
    assert (folder / "talk.srt").read_text("utf-8").startswith("1\n")
    with clip.open("ab") as file:
        file.write(bytes(2))
    assert transcribe("talk.wav", "--ledger", "run", "--resume", "-f", "srt,txt").code == 0
    assert states(subalign, "run") == {"talk.wav": ("done", 3)}


def test_files_that_no_ledger_knows_are_not_replaced(transcribe, subalign, folder, clip):
    (folder / "talk.srt").write_text("by hand")
    outcome = transcribe("talk.wav", "--resume")
    assert outcome.code == 1
    assert "talk.srt is there already" in outcome.err
    assert transcribe("talk.wav", "--retry-failed", "--skip-existing", "-q").code == 0
    assert states(subalign) == {"talk.wav": ("skipped", 0)}
    assert (folder / "talk.srt").read_text() == "by hand"
    (folder / "talk.srt").unlink()
    assert transcribe("talk.wav", "--resume", "--skip-existing", "-q").code == 0
    assert states(subalign) == {"talk.wav": ("done", 1)}


def test_other_options_or_models_are_refused(transcribe, folder, clip):
    transcribe("talk.wav", "--resume")
    outcome = transcribe("talk.wav", "--resume", "--no-word-timestamps", "-f", "vtt")
    assert outcome.code == 2
    assert outcome.err == (
        'Error: subalign.ledger was begun with other options: formats was ["srt"] and is ["vtt"], '
        "word_timestamps was true and is false. Give the same ones, or name another --ledger.\n"
    )
    there = transcribe("talk.wav", "--ledger", "subalign.ledger")
    assert there.code == 1
    assert there.err == (
        "Error: subalign.ledger is there already: add --resume to go on with it, or name another "
        "--ledger.\n"
    )
    for arguments in (["-", "--resume"], ["talk.wav", "-o", "-", "--ledger", "x"]):
        outcome = transcribe(*arguments)
        assert outcome.code == 2
        assert "--jobs and --shard are for files" in outcome.err


@pytest.fixture
def ledger(folder):
    """A small ledger of recordings that were never there."""
    with Ledger(folder / "run", {}) as ledger:
        ledger.expect(["/tapes/=a, \udcff.wav", "/tapes/b.wav"])
        error = ("NoAudioError", 'b.wav has "no audio":\nsee.')
        row = Row.ended_now("/tapes/b.wav", "failed", seconds=61.25, error=error)
        ledger.end(Row(**{name: getattr(row, name) for name in row.__slots__} | {"node": "n1"}))
    return folder / "run"


def test_a_report_tells_what_came_of_each_recording(transcribe, two):
    (two / "empty").mkdir()
    outcome = transcribe(".", "empty", "-o", "out", "--report", "out/run.json")
    assert outcome.code == 1
    rows = json.loads((two / "out" / "run.json").read_text("utf-8"))
    assert [(Path(row["source"]).name, row["state"]) for row in rows] == [
        ("broken.wav", "failed"), ("talk.wav", "done"), ("empty", "failed")
    ]  # fmt: skip
    assert rows[0]["error"].startswith("broken.wav cannot be decoded (")
    assert rows[0]["error_class"] == "MediaReadError"
    assert rows[1]["duration"] == pytest.approx(4.0, abs=0.1)
    assert [Path(file["path"]).name for file in rows[1]["outputs"]] == ["talk.srt"]
    assert rows[2]["error"].startswith("Folder empty holds no audio")

    refused = transcribe("talk.wav", "-o", "other", "--report", "out/run.json")
    assert refused.code == 1
    assert "run.json is there already" in refused.err
    again = transcribe(".", "-o", "out", "--report", "out/run.json", "--skip-existing")
    assert again.code == 1
    rows = json.loads((two / "out" / "run.json").read_text("utf-8"))
    assert {Path(row["source"]).name: row["state"] for row in rows} == {
        "broken.wav": "failed", "talk.wav": "skipped"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["talk.wav", "talk.srt", "run"])
def test_a_report_takes_no_other_files_place(transcribe, folder, clip, name):
    before = clip.read_bytes()
    outcome = transcribe("talk.wav", "--ledger", "run", "--report", name, "--overwrite")
    assert outcome.code == 2
    assert f"--report {name} is another file of this run: name a new one." in outcome.err
    assert clip.read_bytes() == before
    assert not (folder / "talk.srt").exists()


def test_show(subalign, ledger):
    assert subalign("jobs", "show", ledger).out == (
        "STATE    ATTEMPTS  LENGTH  TOOK  NODE  RECORDING\n"
        "waiting  0         -       -     -     /tapes/=a, ?.wav\n"
        "failed   1         -       1:01  n1    /tapes/b.wav\n"
        '    b.wav has "no audio": see.\n'
        "\n"
        "2 recordings: 1 waiting, 1 failed\n"
    )
    shown = subalign("jobs", "show", ledger, "--state", "failed").out
    assert "/tapes/b.wav" in shown
    assert shown.endswith("\n1 recording: 1 failed\n")


def test_export(subalign, ledger):
    first, second = json.loads(subalign("jobs", "export", ledger).out)
    assert first["source"] == "/tapes/=a, \udcff.wav"
    assert (second["state"], second["seconds"]) == ("failed", 61.25)
    rows = list(
        csv.DictReader(subalign("jobs", "export", ledger, "-f", "csv").out.splitlines(True))
    )
    assert rows[0]["source"] == "/tapes/=a, \ufffd.wav"
    assert rows[1]["error"] == 'b.wav has "no audio":\nsee.'
    assert subalign("jobs", "export", ledger, "--state", "done").out == "[\n]\n"


def test_verify_tells_what_is_gone(transcribe, subalign, folder, clip):
    transcribe("talk.wav", "--resume", "-f", "srt,txt")
    whole = subalign("jobs", "verify", "subalign.ledger")
    assert (whole.code, whole.out, whole.err) == (0, "1 recording: 1 done\n", "")
    (folder / "talk.srt").write_text("")
    (folder / "talk.txt").unlink()
    outcome = subalign("jobs", "verify", "subalign.ledger")
    assert outcome.code == 1
    assert outcome.err == (
        f"Error: {folder / 'talk.srt'} has changed.\nError: {folder / 'talk.txt'} is gone.\n"
    )


def test_merge(subalign, folder, ledger):
    with Ledger(folder / "other", {}) as other:
        other.end(Row.ended_now("/tapes/b.wav", "done"))
    outcome = subalign("jobs", "merge", "run", "other", "-o", "all")
    assert (outcome.code, outcome.err) == (0, "all has the 2 recordings of 2 ledgers.\n")
    assert "1 waiting, 1 done" in subalign("jobs", "show", "all").out
    assert subalign("jobs", "merge", "run", "-o", "all").code == 1
    assert subalign("jobs", "show", "absent").err == (
        "Error: absent does not exist: name a ledger.\n"
    )


@pytest.mark.slow
def test_a_killed_run_goes_on_within_a_recording(
    transcribe, subalign, in_process, wait_for, folder, clip
):
    with wave.open(str(clip), "rb") as short:
        sound, settings = short.readframes(short.getnframes()), short.getparams()
    with wave.open(str(folder / "long.wav"), "wb") as file:
        file.setparams(settings)
        file.writeframes(sound * 30)
    options = ("long.wav", "--resume", "-f", "json", "--batch-size", "1", "--vad", "none")
    journals = folder / "subalign.ledger-journals"

    def windows():
        return sum(path.read_bytes().count(b"\n") for path in journals.glob("*.jsonl"))

    killed = in_process("transcribe", *options, *FAST)
    wait_for(lambda: windows() >= 2, killed)
    killed.kill()
    killed.wait()
    assert not (folder / "long.json").exists()
    assert states(subalign) == {"long.wav": ("running", 0)}
    assert transcribe(*options).code == 0
    assert states(subalign) == {"long.wav": ("done", 1)}
    assert not journals.exists()
    assert transcribe(*options, "-o", "out").code == 0
    assert (folder / "long.json").read_bytes() == (folder / "out" / "long.json").read_bytes()


def test_shards_have_every_recording_once_and_merge(subalign, folder, monkeypatch):
    """Nothing is decoded: what each shard plans to do is enough."""
    names = [f"{number}.wav" for number in range(40)] + [
        f"deep/{number}.wav" for number in range(9)
    ]
    (folder / "in" / "deep").mkdir(parents=True)
    for name in names:
        (folder / "in" / name).write_bytes(b"sound")
    planned = planned_by(monkeypatch)
    shards = []
    for part in (1, 2, 3):
        planned.clear()
        assert (
            subalign("transcribe", "in", "-o", "out", "--resume", "--shard", f"{part}/3").code == 0
        )
        shards.append(set(planned))
        assert shards[-1]
        assert states(subalign, f"out/subalign-{part}-of-3.ledger").keys() == {
            Path(name).name for name in planned
        }
    assert sorted(name for shard in shards for name in shard) == sorted(names)

    # elsewhere, and with one more, each stays in its shard
    (folder / "in").rename(folder / "moved")
    (folder / "moved" / "new.wav").write_bytes(b"sound")
    planned.clear()
    subalign("transcribe", str(folder / "moved"), "-o", "other", "--shard", "2/3")
    assert set(planned) - {"new.wav"} == shards[1]

    ledgers = [f"out/subalign-{part}-of-3.ledger" for part in (1, 2, 3)]
    assert subalign("jobs", "merge", *ledgers, "-o", "all").code == 0
    assert subalign("jobs", "show", "all").out.endswith("\n49 recordings: 49 waiting\n")


def planned_by(monkeypatch):
    """The names below the given folder of what is to be transcribed."""
    planned = []

    def note(works, *_rest):
        planned.extend(str(work.input.subfolder / Path(work.input.source).name) for work in works)
        return iter(())

    monkeypatch.setattr("subalign.cli.transcribe_run._rows", note)
    return planned


def test_a_shard_without_recordings_and_one_that_is_none(transcribe, folder, clip):
    parts = [transcribe("talk.wav", "--shard", f"{part}/2", "--overwrite") for part in (1, 2)]
    assert [part.code for part in parts] == [0, 0]
    assert sorted(part.err == "No recording is in this shard.\n" for part in parts) == [False, True]
    for text in ("0/2", "3/2", "2", "a/b", "1/2/3", "-1/2"):
        outcome = transcribe("talk.wav", f"--shard={text}")
        assert outcome.code == 2
        assert outcome.err.startswith("Error: --shard takes a part and how many there are, as 1/8")


def test_two_recordings_of_one_name_collide_in_every_shard(subalign, folder, monkeypatch):
    for name in ("a.wav", "a.mp3"):
        (folder / name).write_bytes(b"sound")
    planned = planned_by(monkeypatch)
    outcomes = [subalign("transcribe", ".", "--shard", f"{part}/2") for part in (1, 2)]
    assert len(planned) == 1
    assert sum(outcome.err.count("would both be written to a.srt") for outcome in outcomes) == 2
