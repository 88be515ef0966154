"""The account of a run: what is taken down, what is refused, and what merging keeps."""

import os
import sqlite3
from dataclasses import replace

import pytest

from subalign.errors import InputError, OutputError, OutputExistsError, UsageError
from subalign.pipeline.ledger import (
    Fingerprint,
    Ledger,
    Row,
    WrittenFile,
    fingerprint,
    is_done,
    is_unchanged,
    merge_ledgers,
    problems_of,
    read_ledger,
    source_key,
)

OPTIONS = {"beam_size": 5, "layout": {"fps": None}}
LOST = ("WorkerDied", "a.wav: the process died.")


def done(source, **facts):
    return Row.ended_now(str(source), "done", seconds=1.5, duration=4.0, **facts)


def test_rows_come_back_as_they_went_in(tmp_path):
    path = tmp_path / "run.ledger"
    name = os.fsdecode(b"/tapes/\xff \xe2\x80\x8f'\".wav")
    row = done(
        name,
        file=Fingerprint(7, 1795919486860353577, "ab"),
        outputs=(WrittenFile("srt", name + ".srt", "cd"),),
    )
    with Ledger(path, OPTIONS) as ledger:
        ledger.expect([name, "/tapes/b.wav"])
        ledger.start(name, row.outputs)
        assert ledger.row(name).state == "running"
        ledger.end(row)
        assert ledger.row("/tapes/c.wav") is None
    assert read_ledger(path) == [replace(row, attempts=1), Row(source="/tapes/b.wav")]
    assert [path.name for path in tmp_path.iterdir()] == ["run.ledger"]


def test_a_ledger_is_gone_on_with_only_when_that_is_asked_for(tmp_path):
    path = tmp_path / "sub" / "run.ledger"
    Ledger(path, OPTIONS, resume=True).__exit__()
    with pytest.raises(OutputExistsError, match=r"run.ledger is there already: add `resume`"):
        Ledger(path, OPTIONS)
    with Ledger(path, OPTIONS, resume=True) as ledger:
        ledger.pin("model", {"model": "base"})
    differs = "beam_size was 5 and is 1, fps was null and is 25, vad was null and is true"
    other = {"beam_size": 1, "layout": {"fps": 25}, "vad": True}
    with pytest.raises(UsageError, match=differs):
        Ledger(path, other, resume=True)
    with (
        Ledger(path, OPTIONS, resume=True) as ledger,
        pytest.raises(UsageError, match='model was "base" and is "tiny"'),
    ):
        ledger.pin("model", {"model": "tiny"})


def test_one_run_at_a_time_and_readers_meanwhile(tmp_path):
    path = tmp_path / "run.ledger"
    with Ledger(path, OPTIONS) as ledger:
        ledger.expect(["/a.wav"])
        with pytest.raises(OutputError, match="Another run is at"):
            Ledger(path, OPTIONS, resume=True)
        assert read_ledger(path) == [Row(source="/a.wav")]
        ledger.start("/a.wav", ())
        assert read_ledger(path)[0].state == "running"


def test_what_a_killed_run_was_at_is_waiting_and_that_is_no_attempt(tmp_path):
    path = tmp_path / "run.ledger"
    killed = Ledger(path, OPTIONS)
    killed.start("/a.wav", (WrittenFile("srt", "/a.srt"),))
    killed._rows.close()  # as when the process is gone
    killed._lock.release()
    with Ledger(path, OPTIONS, resume=True) as ledger:
        row = ledger.row("/a.wav")
        assert (row.state, row.attempts) == ("waiting", 0)
        assert row.outputs == (WrittenFile("srt", "/a.srt"),)


def test_two_lost_processes_set_a_recording_aside_until_it_is_forgiven(tmp_path):
    path = tmp_path / "run.ledger"
    with Ledger(path, OPTIONS) as ledger:
        ledger.expect(["/a.wav"])
        assert ledger.lose("/a.wav", LOST, most=2)
        assert (ledger.row("/a.wav").state, ledger.row("/a.wav").attempts) == ("waiting", 1)
    with Ledger(path, OPTIONS, resume=True) as ledger:
        assert not ledger.lose("/a.wav", LOST, most=2)
        row = ledger.row("/a.wav")
        assert (row.state, row.attempts, row.error_class, row.error) == ("failed", 2, *LOST)
        ledger.forgive()
        assert (ledger.row("/a.wav").state, ledger.row("/a.wav").attempts) == ("waiting", 0)


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Ledger(None, OPTIONS) as ledger:
        ledger.end(done("/a.wav"))
        assert [row.source for row in ledger.rows("done")] == ["/a.wav"]
        assert list(ledger.rows("failed")) == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_ledger_is_named(tmp_path):
    other, text = tmp_path / "other.db", tmp_path / "text"
    sqlite3.connect(other).execute("CREATE TABLE a (b)").connection.close()
    text.write_text("a text " * 1000)
    for path in (other, text):
        with pytest.raises(InputError, match=f"{path} is no ledger of subalign"):
            read_ledger(path)
        with pytest.raises(InputError, match=f"{path} is no ledger of subalign"):
            Ledger(path, OPTIONS, resume=True)
    with pytest.raises(InputError, match="does not exist"):
        read_ledger(tmp_path / "absent")
    with pytest.raises(OutputError, match="cannot be made"):
        Ledger(text / "run.ledger", OPTIONS)
    newer = tmp_path / "newer"
    Ledger(newer, OPTIONS).__exit__()
    sqlite3.connect(newer).execute("PRAGMA user_version = 2").connection.close()
    with pytest.raises(InputError, match="newer subalign"):
        read_ledger(newer)


@pytest.mark.parametrize(
    "damage",
    ["outputs = '{'", "outputs = '[1]'", "state = 'lost'", "fingerprint = '[1]'", "options = '['"],
)
def test_a_damaged_row_is_told(tmp_path, damage):
    path = tmp_path / "run.ledger"
    with Ledger(path, OPTIONS) as ledger:
        ledger.end(done("/a.wav"))
    connection = sqlite3.connect(path)
    connection.execute(f"UPDATE recordings SET {damage}")
    connection.commit()
    connection.close()
    with pytest.raises(InputError, match=r"no ledger of subalign, or damaged"):
        read_ledger(path)


def test_a_recording_has_changed_when_its_bytes_have(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"sound" * 100_000)
    row = done(path, file=fingerprint(str(path)))
    os.utime(path, (1, 1))
    assert is_unchanged(row)  # copied, say
    path.write_bytes(b"Sound" + b"sound" * 99_999)
    assert not is_unchanged(row)
    path.unlink()
    assert not is_unchanged(row)
    assert is_unchanged(done("https://example.org/a.wav"))
    assert fingerprint("https://example.org/a.wav") is None


def test_done_is_what_is_unchanged_and_has_its_results(tmp_path):
    path, result = tmp_path / "a.wav", tmp_path / "a.srt"
    path.write_bytes(b"sound")
    result.write_bytes(b"1")
    digest = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"  # sha256sum
    written = (WrittenFile("srt", str(result), digest),)
    row = done(path, file=fingerprint(str(path)), outputs=written)
    assert is_done(row)
    assert problems_of(row) == []
    assert not is_done(None)
    assert not is_done(replace(row, state="failed"))
    result.write_bytes(b"2")
    assert is_done(row)  # somebody may have corrected it
    assert problems_of(row) == [f"{result} has changed"]
    result.unlink()
    path.write_bytes(b"other")
    assert not is_done(row)
    assert problems_of(row) == [f"{path} has changed", f"{result} is gone"]
    path.unlink()
    assert problems_of(row)[0] == f"{path} is gone"
    assert problems_of(replace(row, state="failed")) == []


def test_merging_keeps_the_row_that_has_come_farthest(tmp_path):
    paths = [tmp_path / name for name in ("1", "2")]
    failed = Row.ended_now("/b.wav", "failed", error=LOST)
    for path, rows in zip(
        paths, [[done("/a.wav"), failed], [failed, done("/b.wav"), done("/c.wav")]], strict=True
    ):
        with Ledger(path, OPTIONS) as ledger:
            ledger.pin("model", {"model": "base"})
            for row in rows:
                ledger.end(row)
    target = tmp_path / "all"
    assert merge_ledgers(paths, target, overwrite=False) == 3
    assert [(row.source, row.state) for row in read_ledger(target)] == [
        ("/a.wav", "done"),
        ("/b.wav", "done"),
        ("/c.wav", "done"),
    ]
    with Ledger(target, OPTIONS, resume=True) as merged:  # it can be gone on with
        merged.pin("model", {"model": "base"})
    with pytest.raises(OutputExistsError):
        merge_ledgers(paths, target, overwrite=False)
    Ledger(tmp_path / "other", {"beam_size": 1}).__exit__()
    with pytest.raises(UsageError, match=r"other options than .*beam_size was 5 and is 1"):
        merge_ledgers([*paths, tmp_path / "other"], target, overwrite=True)


def test_names_in_ledgers_hold_no_secrets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert source_key("a.wav") == str(tmp_path / "a.wav")
    assert source_key("https://example.org/a.wav") == "https://example.org/a.wav"
    keys = [source_key(f"https://me:secret@example.org/a.wav?key={key}") for key in "ab"]
    assert len(set(keys)) == 2
    for key in keys:
        assert key.startswith("https://example.org/a.wav#")
        assert "secret" not in key


def test_a_recording_that_is_expected_again_is_the_same_row(tmp_path):
    names = [f"/tapes/{number}.wav" for number in range(1000)]
    with Ledger(tmp_path / "run.ledger", OPTIONS) as ledger:
        ledger.expect(names)
        ledger.end(done(names[0]))
        ledger.expect(names)  # its results are gone, say
        assert sum(1 for _ in ledger.rows("waiting")) == 1000
        assert ledger.row(names[0]).attempts == 1
