"""`--engine ray`: actors on a cluster of this machine, whose workers are killed and nodes lost."""

import json
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import pytest

import subalign.cli.transcribe_workers as transcribe_workers
import worker_tasks
from subalign.cli.ray_pool import RayPool
from subalign.cli.workers import Ended, Lost, Ready

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster(repo_root):
    """A head without cores, and two nodes of one core each."""
    ray = pytest.importorskip("ray", minversion="2.52")
    from ray.cluster_utils import Cluster

    path = os.pathsep.join(map(str, (repo_root / "src", repo_root / "tests")))
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", path)
    patch.setenv("RAY_AUTH_MODE", "disabled")
    patch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    # nodes are added in a thread, where no handler for the process's end can be set
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0}, shutdown_at_exit=False)
    cluster.nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    ray.init(address=cluster.address, log_to_driver=False, configure_logging=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    patch.undo()


@pytest.fixture
def transcribe(cluster, subalign, monkeypatch):
    """Paths are absolute, as storage that nodes share has them."""

    def run(folder, *arguments, by=worker_tasks.cluster_transcriber):
        monkeypatch.setattr(transcribe_workers, "_prepare", by)
        fixed = (folder, "-o", folder / "out", "--resume", "--engine", "ray")
        return subalign("transcribe", *fixed, "--threads", "1", *arguments)

    return run


def rows(subalign, folder):
    exported = json.loads(subalign("jobs", "export", folder / "out" / "subalign.ledger").out)
    return {Path(row["source"]).stem: row for row in exported}


def make(folder, *names):
    for name in names:
        (folder / f"{name}.wav").write_bytes(b"sound")


def test_recordings_are_shared_out_to_actors(transcribe, subalign, folder):
    make(folder, *map(str, range(30)), "bad", "die", "once")
    outcome = transcribe(folder)
    assert outcome.code == 1
    found = rows(subalign, folder)
    states = {name: (row["state"], row["attempts"]) for name, row in found.items()}
    assert states.pop("bad") == ("failed", 1)
    assert states.pop("die") == ("failed", 2)
    assert states.pop("once") == ("done", 2)
    assert set(states.values()) == {("done", 1)}
    assert len(states) == 30
    assert (folder / "out" / "7.srt").read_text() == "text"
    assert "die.wav was set aside" in outcome.err
    assert subalign("jobs", "verify", folder / "out" / "subalign.ledger").code == 0


def test_only_who_ends_an_actor_is_to_blame(cluster, tmp_path):
    guilty = [("die once", str(tmp_path / str(number))) for number in range(8)]
    tasks = [task for one in guilty for task in (("double", one[1]), one, ("double", one[1]))]
    lost, ended = [], []
    with RayPool(tasks, None, 1) as pool:
        pool.start(worker_tasks.counter)
        pool.start(worker_tasks.counter)
        for event in pool.events():
            if isinstance(event, Lost):
                lost.append(event.task)
                pool.waiting.append(event.task)
                pool.start(worker_tasks.counter)
            elif isinstance(event, Ended):
                ended.append(event.task)
    assert sorted(lost) == guilty
    assert sorted(ended) == sorted(tasks)


def test_threads_of_actors_wait_as_those_of_the_command(cluster):
    with RayPool(["task"], None, 1) as pool:
        pool.start(worker_tasks.environment)
        ready = next(event for event in pool.events() if isinstance(event, Ready))
    assert ready.told["GOMP_SPINCOUNT"] == "3000"


def test_lost_nodes_and_killed_workers_lose_no_recording(transcribe, subalign, folder, cluster):
    names = [f"slow{number}" for number in range(60)]
    make(folder, *names)
    stop = threading.Event()

    def disturb():
        kills = 0
        while not stop.wait(1.0):
            workers = [path for path in folder.glob("*.pid") if path.read_text() == "at work"]
            if workers and kills < 3:
                kills += 1
                with suppress(ProcessLookupError, FileNotFoundError):
                    os.kill(int(workers[0].stem), signal.SIGKILL)
                    workers[0].unlink()
            elif kills == 3:
                kills += 1
                cluster.remove_node(cluster.nodes.pop(), allow_graceful=False)
                cluster.nodes.append(cluster.add_node(num_cpus=1))

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        outcome = transcribe(folder)
    finally:
        stop.set()
        thread.join()
    found = rows(subalign, folder)
    assert sorted(found) == sorted(names)
    assert {row["state"] for row in found.values()} <= {"done", "failed"}
    assert outcome.err.count("it is tried again") >= 3
    if outcome.code:  # killed twice by chance
        assert transcribe(folder, "--retry-failed").code == 0
    assert all((folder / "out" / f"{name}.srt").read_text() == "text" for name in names)
    assert len(list((folder / "out").glob("*.srt"))) == 60


def test_what_is_wrong_for_every_recording(transcribe, folder):
    make(folder, "a")
    outcome = transcribe(folder, by=worker_tasks.refusing_transcriber)
    assert (outcome.code, outcome.err) == (2, "Error: no such model\n")
