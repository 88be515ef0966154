"""Worker processes: tasks are shared out, deaths cost one task alone, and nobody is left behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

from subalign.cli.workers import Ended, Lost, Note, Ready, Started, WorkerPool
from subalign.errors import UsageError
from worker_tasks import counter, refusing, unprepared


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{process}/stat") as file:  # noqa: PTH123 (may vanish meanwhile)
        return file.read().split()[2] != "Z"


def test_tasks_are_shared_out_and_each_is_done_once():
    tasks = [("double", number) for number in range(20)]
    seen = []
    with WorkerPool(tasks) as pool:
        pool.start(counter)
        for event in pool.events():
            seen.append(event)
            if isinstance(event, Ready) and event.worker == 0:
                assert pool.start(counter) == 1
    ended = [event for event in seen if isinstance(event, Ended)]
    assert sorted(event.task for event in ended) == tasks
    assert all(event.result[:2] == event.task for event in ended)
    # each worker is prepared once, and goes on with what it has
    ready = [event for event in seen if isinstance(event, Ready)]
    for event in ready:
        counts = [one.result[2] for one in ended if one.worker == event.worker]
        assert counts == list(range(1, len(counts) + 1))
    for event in ended:
        assert seen.index(Started(event.worker, event.task)) < seen.index(event)
        assert Note(event.worker, ("is at", event.task[1])) in seen
    assert not any(is_alive(event.told) for event in ready)


def test_a_death_costs_its_own_task(tmp_path):
    tasks = [("double", 1), ("die", 2), ("die once", str(tmp_path / "once")), ("double", 4)]
    ended, lost = [], []
    with WorkerPool(tasks) as pool:
        pool.start(counter)
        for event in pool.events():
            if isinstance(event, Ended):
                ended.append(event.task[1])
            if isinstance(event, Lost):
                lost.append((event.task[0], event.prepared, event.reason))
                if event.task[0] == "die once":
                    pool.waiting.append(event.task)
                pool.start(counter)
    assert lost == [("die", True, "killed by SIGKILL"), ("die once", True, "with exit code 7")]
    assert ended == [1, 4, str(tmp_path / "once")]


def test_what_is_wrong_for_every_task_is_raised():
    for setup, tasks, error in (
        (refusing, [("double", 1)], UsageError),
        (counter, [("raise", "bad")], UsageError),
        (counter, [("raise what cannot be sent", "bad")], RuntimeError),
    ):
        with pytest.raises(error), WorkerPool(tasks) as pool:  # noqa: PT012
            pool.start(setup)
            list(pool.events())


def test_a_worker_that_dies_unprepared_is_told():
    with WorkerPool([("double", 1)]) as pool:
        pool.start(unprepared)
        [lost] = pool.events()
        assert lost == Lost(0, None, False, "with exit code 3")
        assert (len(pool), len(pool.waiting)) == (0, 1)


RUN = """
import sys
from subalign.cli import take_interrupts
from subalign.cli.workers import Started, WorkerPool
from worker_tasks import counter

def run():
    with WorkerPool([("sleep", name) for name in sys.argv[1:]]) as pool:
        pool.start(counter)
        pool.start(counter)
        for event in pool.events():
            pass

if __name__ == "__main__":
    take_interrupts(sys._getframe())
    try:
        run()
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM", "SIGKILL"])
def test_workers_end_with_what_started_them(tmp_path, repo_root, wait_for, how):
    (tmp_path / "run.py").write_text(RUN)
    files = [tmp_path / "a.pid", tmp_path / "b.pid"]
    path = os.pathsep.join(map(str, (repo_root / "src", repo_root / "tests")))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "run.py", *files],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, before)
    wait_for(lambda: all(file.exists() and file.read_text() for file in files), process)
    workers = [int(file.read_text()) for file in files]
    assert all(map(is_alive, workers))
    if how == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it
    else:
        process.send_signal(getattr(signal, how))
    error = process.communicate(timeout=60)[1]
    end = time.monotonic() + 60
    while any(map(is_alive, workers)):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert error == b""
    if how != "SIGKILL":
        assert process.returncode == 130
        assert all(file.with_suffix(".cleaned").exists() for file in files)
