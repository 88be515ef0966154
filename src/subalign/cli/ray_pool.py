"""Tasks shared out to Ray actors on a cluster, with the events of `workers.WorkerPool`.

Each actor has two tasks, so that it never waits for the next. What an actor notes comes with its
results. A result may be lost where the next task ends the actor at once: which task that was is
known by a register. A node that is lost, or taken away, is to blame for the tasks of its actors,
not they.
"""

import io
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from subalign.cli import wait_shortly
from subalign.cli.workers import Ended, Lost, Note, Ready, Setup, Started
from subalign.errors import ToolMissingError

__all__ = ["RayPool"]

Task = TypeVar("Task")

_IN_FLIGHT = 2  # tasks of an actor: one at work, one waiting there
_CORES = 4  # of an actor without a GPU, on nodes that have them


class _Register:
    """How many tasks each actor has begun: an actor by itself, which outlives them."""

    def __init__(self) -> None:
        self._begun: dict[int, int] = {}

    def begin(self, number: int, count: int) -> None:
        self._begun[number] = count

    def begun(self, number: int) -> int:
        return self._begun.pop(number, 0)


class _Worker:
    """What an actor is: a worker's set-up, and what it carries out."""

    def __init__(self, number: int, register: Any) -> None:
        wait_shortly()  # Ray starts processes with an environment of its own
        self._number = number
        self._register = register
        self._begun = 0
        self._notes: list[object] = []
        self._carry_out: Callable[[Any], object] | None = None

    def prepare(self, setup: Setup) -> tuple[str, Any, Any]:
        import ray

        return self._outcome(lambda: self._set_up(setup, ray.get_runtime_context().get_node_id()))

    def _set_up(self, setup: Setup, node: str) -> tuple[str, object]:
        told, self._carry_out = setup(self._notes.append)
        return node, told

    def carry_out(self, task: object) -> tuple[str, Any, Any]:
        import ray

        assert self._carry_out is not None
        work = self._carry_out
        self._begun += 1
        ray.get(self._register.begin.remote(self._number, self._begun))
        return self._outcome(lambda: work(task))

    def _outcome(self, work: Callable[[], object]) -> tuple[str, Any, Any]:
        try:
            found = "result", work()
        except Exception as error:  # noqa: BLE001 (told to the driver, as it is)
            found = "error", error
        notes, self._notes[:] = list(self._notes), []
        return *found, notes


@dataclass
class _Actor(Generic[Task]):
    handle: Any
    node: str | None = None
    prepared: bool = False
    ended: int = 0  # tasks whose results have come
    # what is asked for in order: the preparation (None), then tasks
    asked: deque[tuple[Any, Task | None]] = field(default_factory=deque)


class RayPool(Generic[Task]):
    """Actors on a Ray cluster and the tasks that wait for them, as `WorkerPool`.

    `address` is the cluster's; without, it is that of RAY_ADDRESS, else this machine alone.

    Raises:
        ToolMissingError: Ray is not installed, or the cluster is not there.
    """

    def __init__(self, tasks: Iterable[Task], address: str | None, cores: int) -> None:
        self.waiting = deque(tasks)
        self._actors: dict[int, _Actor[Task]] = {}
        self._started = 0
        self._joined = _join(address)
        # Ray prints what befalls workers to standard output, which is for results
        self._silence = redirect_stdout(io.StringIO())
        ray = _ray()
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        self._gpus = sum(int(node.get("GPU", 0)) for node in nodes)
        most = max((int(node.get("CPU", 1)) for node in nodes), default=1)
        self.cores = max(1, min(cores or _CORES, most))  # more than a node has would wait for ever
        here = ray.get_runtime_context().get_node_id()
        self._register = (
            ray.remote(_Register)
            .options(
                num_cpus=0,
                max_restarts=-1,
                max_task_retries=-1,
                scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=False),
            )
            .remote()
        )
        # places for actors, as many as the nodes have GPUs, or room on their cores
        self.places = self._gpus or sum(int(node.get("CPU", 0)) // self.cores for node in nodes)

    def __enter__(self) -> "RayPool[Task]":
        self._silence.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        ray = _ray()
        for handle in (self._register, *(actor.handle for actor in self._actors.values())):
            with suppress(Exception):
                ray.kill(handle)
        if self._joined:
            ray.shutdown()
        self._silence.__exit__(None, None, None)

    def __len__(self) -> int:
        """How many actors there are."""
        return len(self._actors)

    def start(self, setup: Setup) -> int:
        """Start another actor, as soon as there is a place for it; returns its number."""
        ray = _ray()
        needs = {"num_gpus": 1} if self._gpus else {"num_cpus": self.cores}
        remote = ray.remote(_Worker).options(**needs, max_restarts=0)
        handle = remote.remote(self._started, self._register)
        actor: _Actor[Task] = _Actor(handle)
        actor.asked.append((handle.prepare.remote(setup), None))
        self._actors[self._started] = actor
        self._started += 1
        return self._started - 1

    def events(self) -> Iterator[Ready | Started[Task] | Note | Ended[Task] | Lost[Task]]:
        """What happens, until all tasks are carried out, or no actor is left.

        Raises:
            Exception: what an actor raised, which would come up in the others too.
        """
        ray = _ray()
        while True:
            yield from self._hand_out()
            busy = any(task is not None for one in self._actors.values() for _, task in one.asked)
            if not (busy or self.waiting) or not self._actors:
                return
            first = {one.asked[0][0]: n for n, one in self._actors.items() if one.asked}
            done, _ = ray.wait(list(first), num_returns=1)
            yield from self._events(first[done[0]])

    def _hand_out(self) -> Iterator[Started[Task]]:
        """Give each actor one task, then each a second one."""
        for count in range(1, _IN_FLIGHT + 1):
            for number, actor in list(self._actors.items()):
                if self.waiting and actor.prepared and len(actor.asked) < count:
                    task = self.waiting.popleft()
                    actor.asked.append((actor.handle.carry_out.remote(task), task))
                    yield Started(number, task)

    def _events(self, number: int) -> Iterator[Ready | Note | Ended[Task] | Lost[Task]]:
        ray = _ray()
        actor = self._actors[number]
        reference, task = actor.asked[0]
        try:
            kind, content, notes = ray.get(reference)
        except ray.exceptions.RayError:
            yield self._lost(number)
            return
        actor.asked.popleft()
        for note in notes:
            yield Note(number, note)
        if kind == "error":
            raise content
        if task is None:
            actor.prepared = True
            actor.node, told = content
            yield Ready(number, told)
        else:
            actor.ended += 1
            yield Ended(number, task, content)

    def _lost(self, number: int) -> Lost[Task]:
        ray = _ray()
        actor = self._actors.pop(number)
        tasks = [task for _, task in actor.asked]
        begun = ray.get(self._register.begun.remote(number)) - actor.ended
        task = tasks.pop(max(0, begun - 1))  # those before it have lost their results
        self.waiting.extendleft(one for one in reversed(tasks) if one is not None)
        alive = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
        gone = actor.node is not None and actor.node not in alive
        reason = "with its node" if gone else "as Ray's logs tell"
        return Lost(number, task, actor.prepared, reason, blameless=gone)


def _ray() -> Any:
    import ray

    return ray


def _join(address: str | None) -> bool:
    """Join the cluster, or start one on this machine; whether that was to be done."""
    try:
        import ray
    except ImportError as error:
        raise ToolMissingError(
            "`engine=ray` needs Ray: install it with `pip install subalign[ray]`."
        ) from error
    if ray.is_initialized():
        return False
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(
            address=address, include_dashboard=None, log_to_driver=False, configure_logging=False
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ToolMissingError(
            f"Ray's cluster cannot be joined ({reason}): check `address`."
        ) from error
    finally:
        signal.signal(signal.SIGTERM, handler)  # Ray would end the process at once
    return True
