"""`--jobs`: recordings in several processes, with one ledger and one screen."""

import json
import os
import signal
import sys
import wave
from pathlib import Path

import pytest

import subalign.cli.transcribe_workers as transcribe_workers
import worker_tasks
from subalign.cli.console import Session
from subalign.cli.job import ComputeOptions, Results, RunOptions, TranscribeJob
from subalign.cli.speakers import SPEAKERS
from subalign.cli.transcribe_workers import _Line, _Loaded
from subalign.cli.workers import Lost, Note
from subalign.options import (
    AlignmentOptions,
    AudioOptions,
    LayoutOptions,
    TranscriptionOptions,
)

GIB = 1 << 30


@pytest.fixture
def tapes(folder):
    """Recordings of which the fake transcriber knows what comes."""

    def make(*names):
        for name in names:
            (folder / f"{name}.wav").write_bytes(b"sound")
        return folder

    return make


@pytest.fixture
def transcribe(subalign, monkeypatch):
    def run(*arguments, by=worker_tasks.transcriber):
        monkeypatch.setattr(transcribe_workers, "_prepare", by)
        return subalign("transcribe", ".", "--resume", *arguments)

    return run


def states(subalign):
    rows = json.loads(subalign("jobs", "export", "subalign.ledger").out)
    return {Path(row["source"]).stem: (row["state"], row["attempts"]) for row in rows}


def computing(outcome):
    """The device and the threads of each worker."""
    found = [line.split() for line in outcome.err.splitlines() if line.startswith("Computing")]
    return sorted((line[2], int(line[4])) for line in found)


def test_recordings_are_shared_out(transcribe, subalign, tapes):
    folder = tapes("a", "b", "together", "bad")
    outcome = transcribe("--jobs", "2", "--threads", "3")
    assert outcome.code == 1
    assert computing(outcome) == [("auto", 3), ("auto", 3)]
    assert states(subalign) == {
        "a": ("done", 1),
        "b": ("done", 1),
        "bad": ("failed", 1),
        "together": ("done", 1),
    }
    assert (folder / "a.srt").read_text() == "text"
    lines = outcome.err.splitlines()
    assert lines.count("Warning: said once") == 1
    assert lines[-3].startswith("4 recordings: 16 s of audio in ")
    assert lines[-2:] == ["1 of 4 inputs failed:", "  bad.wav is bad."]
    kinds = {path.suffix for path in folder.iterdir()}
    assert kinds == {".ledger", ".pid", ".srt", ".wav"}
    assert "3 of 4 recordings are done already." in transcribe("--jobs", "2").err


def test_what_kills_its_worker_twice_is_set_aside(transcribe, subalign, tapes):
    tapes("a", "die", "once")
    outcome = transcribe("--jobs", "1")
    assert outcome.code == 1
    assert states(subalign) == {"a": ("done", 1), "die": ("failed", 2), "once": ("done", 2)}
    assert (
        outcome.err.count("Warning: The process that was at die.wav died, killed by SIGKILL") == 1
    )
    reason = (
        "die.wav was set aside, as the process that was at it died twice, last killed by SIGKILL"
    )
    assert f"Error: {reason}" in outcome.err
    assert outcome.err.splitlines()[-1].startswith(f"  {reason}")
    again = transcribe("--jobs", "1", "--retry-failed")
    assert (again.code, states(subalign)["die"]) == (1, ("failed", 2))


class Pool:
    """Takes note of the jobs that workers are started with."""

    def __init__(self, waiting):
        self.waiting = range(waiting)
        self.computing = []

    def start(self, setup):
        compute = setup.args[0].compute
        self.computing.append((compute.device, compute.threads))
        return len(self.computing) - 1

    def __len__(self):
        return 1


@pytest.mark.parametrize(
    ("jobs", "cores", "free", "first", "expected"),
    [
        ("auto", 4, 100, _Loaded("tiny", (), GIB), [("auto", 1)] * 4),
        ("auto", 4, 9, _Loaded("turbo", (), 3 * GIB), [("auto", 1)] * 3),  # 4 GiB for each more
        ("auto", 4, 0, _Loaded("turbo", (), 3 * GIB), [("auto", 1)]),
        (4, 4, 0, _Loaded("turbo", (), 3 * GIB), [("auto", 1)] * 4),
        (2, 9, 100, _Loaded("tiny", (), 1), [("auto", 4)] * 2),
        (50, 4, 100, _Loaded("tiny", (), 1), [("auto", 1)] * 6),  # there are no more recordings
        ("auto", 8, 0, _Loaded("tiny", ("cuda:0", "cuda:1"), 1), [("auto", 1), ("cuda:1", 1)]),
        (
            *(3, 8, 0, _Loaded("tiny", ("cuda:0", "cuda:1"), 1)),
            [("auto", 2), ("cuda:1", 2), ("cuda:0", 2)],
        ),
    ],
)
def test_as_many_workers_as_there_is_room_for(monkeypatch, jobs, cores, free, first, expected):
    monkeypatch.setattr(transcribe_workers, "_cores", lambda: cores)
    monkeypatch.setattr(transcribe_workers, "_free_memory", lambda: free * GIB)
    pool = Pool(5)
    workers = transcribe_workers._Workers(pool, job(jobs), Session())
    workers.start(0)
    for worker in (0, 0):
        workers.ready(worker, first)
    assert pool.computing == expected


def job(jobs, **compute):
    """A job with so many worker processes."""
    usual = {
        "model": None,
        "model_dir": None,
        "device": "auto",
        "compute": "auto",
        "half_precision": False,
        "sdpa": True,
        "threads": 0,
    }
    return TranscribeJob(
        sources=(),
        results=Results(formats=("srt",), folder=None, to_stdout=False, existing="refuse"),
        run=RunOptions(jobs=jobs),
        layout=LayoutOptions(),
        compute=ComputeOptions(**usual | compute),
        audio=AudioOptions(),
        transcription=TranscriptionOptions(),
        alignment=AlignmentOptions(),
        verbose=False,
        quiet=False,
    )


def test_what_was_told_of_threads_and_devices_holds():
    pool = Pool(5)
    workers = transcribe_workers._Workers(pool, job(2, device="cuda:1", threads=7), Session())
    workers.start(0)
    workers.ready(0, _Loaded("tiny", ("cuda:0", "cuda:1"), 1))
    assert pool.computing == [("cuda:1", 7)] * 2


def test_what_workers_have_in_common_is_told_once(capsys):
    workers = transcribe_workers._Workers(Pool(2), job(2), Session())
    for worker in (0, 1):
        for prefix, text in (("Warning: ", "old"), (SPEAKERS, "by voices"), ("", "written")):
            workers.show(Note(worker, _Line(text, "", prefix)), progress=None)
    assert capsys.readouterr().err == "Warning: old\nSpeakers: by voices\nwritten\nwritten\n"


def test_a_worker_that_dies_while_it_loads_is_started_anew_a_few_times(capsys):
    pool = Pool(5)
    workers = transcribe_workers._Workers(pool, job(2), Session())
    workers.start(0)
    workers.ready(0, _Loaded("tiny", (), 1))
    for worker, started in ((1, 3), (2, 4), (3, 4)):
        workers.replace_idle(Lost(worker, None, False, "killed by SIGKILL"))
        assert len(pool.computing) == started
    assert capsys.readouterr().err == (
        "Warning: A worker process died while it loaded the model, killed by SIGKILL: the others "
        "go on.\n"
    )
    workers.replace_idle(Lost(0, None, True, "killed by SIGKILL"))  # it had loaded it
    assert len(pool.computing) == 5


def test_a_model_that_no_worker_can_load(transcribe, subalign, tapes):
    tapes("a")
    outcome = transcribe("--jobs", "2", by=worker_tasks.transcriber_that_dies)
    assert outcome.code == 1
    assert outcome.err == (
        "Error: A worker process died while it loaded the model, killed by SIGKILL: use a smaller "
        "--model, or fewer --jobs.\n"
    )
    assert states(subalign) == {"a": ("waiting", 0)}


def test_jobs_are_for_files(subalign, folder, clip):
    for arguments in (["-"], ["talk.wav", "-o", "-"]):
        outcome = subalign("transcribe", *arguments, "--jobs", "2")
        assert outcome.code == 2
        assert "--jobs and --shard are for files" in outcome.err
    outcome = subalign("transcribe", "talk.wav", "--jobs", "0")
    assert outcome.code == 2
    assert outcome.err == "Error: --jobs takes a whole number from 1 up or auto, not '0'.\n"


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_workers_of_the_real_model_survive_a_kill(in_process, subalign, wait_for, folder, clip):
    """Bytes as without it, whether a worker is killed or all are interrupted."""
    with wave.open(str(clip), "rb") as short:
        sound, settings = short.readframes(short.getnframes()), short.getparams()
    for name, count in (("a", 10), ("b", 1), ("c", 1)):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams(settings)
            file.writeframes(sound * count)
    fast = ("--temperature", "0", "--beam-size", "1", "--vad", "none", "--batch-size", "1")
    options = ("a.wav", "b.wav", "c.wav", "--format", "json", *fast)
    assert subalign("transcribe", *options, "-o", "here").code == 0

    def at_a():
        return any(path.read_bytes().count(b"\n") > 1 for path in folder.glob("*-journals/*"))

    run = in_process("transcribe", *options, "--resume", "--jobs", "2")
    wait_for(at_a, run)
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    workers = [int(n) for n in children if b"spawn_main" in Path(f"/proc/{n}/cmdline").read_bytes()]
    os.kill(workers[0], signal.SIGKILL)
    error = run.communicate(timeout=300)[1].decode()
    assert run.returncode == 0, error
    assert "died, killed by SIGKILL: it is tried again." in error
    assert sum(attempts for _, attempts in states(subalign).values()) == 4
    for name in "abc":
        there = (folder / "here" / f"{name}.json").read_bytes()
        assert (folder / f"{name}.json").read_bytes() == there
    assert subalign("jobs", "verify", "subalign.ledger").code == 0


def test_without_ray_the_extra_is_named(transcribe, subalign, tapes, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    tapes("a")
    outcome = transcribe("--engine", "ray")
    assert outcome.code == 1
    assert outcome.err == (
        "Error: --engine ray needs Ray: install it with `pip install subalign[ray]`.\n"
    )
    assert states(subalign) == {"a": ("waiting", 0)}
    outcome = transcribe("--address", "localhost:6379")
    assert (outcome.code, outcome.err) == (
        2,
        "Error: --address is of a Ray cluster: add --engine ray.\n",
    )
