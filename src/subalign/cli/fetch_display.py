"""What people see of a model that is being fetched: one line, and a bar on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from subalign.cli.console import Session
from subalign.cli.model_table import readable_size
from subalign.model import Fetching, OnFetch

__all__ = ["fetch_shown"]


@contextmanager
def fetch_shown(session: Session, *, quiet: bool) -> Iterator[OnFetch | None]:
    """What `fetch` and `load_model` call as they go on, as long as the context lasts."""
    if quiet:
        yield None
        return
    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=session.console,
        transient=True,
        disable=not session.console.is_terminal,
    )
    said: set[tuple[str, str]] = set()
    task = bars.add_task("")

    def show(fetching: Fetching) -> None:
        if (fetching.name, fetching.place) not in said:
            said.add((fetching.name, fetching.place))
            size = f" ({readable_size(fetching.size)})" if fetching.size else ""
            session.say(f"Fetching model {fetching.name}{size} from {fetching.place}.")
            bars.reset(task, total=fetching.size, description=fetching.name)
            bars.start()
        bars.update(task, completed=fetching.done, total=fetching.size)

    try:
        yield show
    finally:
        bars.stop()
