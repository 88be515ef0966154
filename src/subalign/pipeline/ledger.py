"""The account of a run over many recordings: a row for each, in an SQLite file.

One run at a time writes to it, which a lock beside it sees to; others may read it meanwhile
(write-ahead logging). A recording that a run was at when it was killed is waiting again in the
next; only what ended counts as an attempt.
"""

import hashlib
import json
import os
import socket
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, astuple, dataclass, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from subalign.atomic_files import whole_file
from subalign.audio import is_address
from subalign.audio.source import without_secrets
from subalign.errors import InputError, OutputError, OutputExistsError, UsageError
from subalign.pipeline.outputs import Output
from subalign.version import __version__

__all__ = [
    "STATES",
    "Fingerprint",
    "Ledger",
    "Row",
    "State",
    "WrittenFile",
    "fingerprint",
    "is_done",
    "is_unchanged",
    "merge_ledgers",
    "problems_of",
    "read_ledger",
    "source_key",
    "written_files",
]

State = Literal["waiting", "running", "done", "skipped", "failed"]
STATES: tuple[State, ...] = ("waiting", "running", "done", "skipped", "failed")

_APPLICATION = 0x5342414C  # "SBAL", by which SQLite files of ours are known
_FORMAT = 1
_SAMPLE = 1 << 16  # bytes of a recording's head, and of its tail, that are hashed
_BLOCK = 1 << 20

_TABLES = """
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE recordings (
    source TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    node TEXT,
    ended TEXT,
    seconds REAL,
    duration REAL,
    version TEXT,
    error_class TEXT,
    error TEXT,
    fingerprint TEXT,
    options TEXT,
    outputs TEXT NOT NULL DEFAULT '[]'
);
"""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells whether a recording's file has changed.

    `sample` is the SHA-256 of its first and last 64 KiB; `mtime` is in nanoseconds.
    """

    size: int
    mtime: int
    sample: str


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A result's absolute path, and its SHA-256 once it is written."""

    format: str
    path: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One recording.

    `source` is its absolute path, or its address. `seconds` is how long the work took on `node`,
    until `ended` (UTC), and `duration` how long the recording is. `attempts` counts those that
    ended: with results, with an error, or with the death of the process. `skipped` is what had
    its results before. `options` are its own in a manifest, and `outputs` the last attempt's files.
    """

    source: str
    state: State = "waiting"
    attempts: int = 0
    node: str | None = None
    ended: str | None = None
    seconds: float | None = None
    duration: float | None = None
    version: str | None = None
    error_class: str | None = None
    error: str | None = None
    fingerprint: Fingerprint | None = None
    options: Mapping[str, object] | None = None
    outputs: tuple[WrittenFile, ...] = ()

    @classmethod
    def ended_now(
        cls,
        source: str,
        state: Literal["done", "skipped", "failed"],
        *,
        seconds: float | None = None,
        duration: float | None = None,
        error: tuple[str, str] | None = None,
        file: Fingerprint | None = None,
        options: Mapping[str, object] | None = None,
        outputs: tuple[WrittenFile, ...] = (),
    ) -> "Row":
        """What came of a recording on this machine; `error` is its class and the sentence.

        `file` is the recording as it was when the work began.
        """
        return cls(
            source=source,
            state=state,
            node=socket.gethostname(),
            ended=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            seconds=None if seconds is None else round(seconds, 3),
            duration=duration,
            version=__version__,
            error_class=error and error[0],
            error=error and error[1],
            fingerprint=file,
            options=options,
            outputs=outputs,
        )


_COLUMNS = tuple(field.name for field in fields(Row))


def source_key(source: str) -> str:
    """What a recording is called in ledgers: a file's absolute path, or an address.

    Of an address with a password or a query, which may be secret, that part is hashed.
    """
    if source == "-":
        return source
    if not is_address(source):
        return os.path.abspath(source)
    shown = without_secrets(source)
    if shown == source:
        return source
    return f"{shown}#{hashlib.sha256(os.fsencode(source)).hexdigest()[:16]}"


def fingerprint(source: str) -> Fingerprint | None:
    """Of a file as it is now; None where it cannot be read, as with addresses."""
    try:
        with Path(source).open("rb") as file:
            status = os.fstat(file.fileno())
            found = hashlib.sha256(file.read(_SAMPLE))
            file.seek(max(0, status.st_size - _SAMPLE))
            found.update(file.read(_SAMPLE))
    except (OSError, ValueError):
        return None
    return Fingerprint(status.st_size, status.st_mtime_ns, found.hexdigest())


def written_files(outputs: Iterable[Output], *, done: bool) -> tuple[WrittenFile, ...]:
    """What a row tells of outputs, with their SHA-256 when they are `done`.

    Raises:
        OutputError: one cannot be read.
    """
    return tuple(
        WrittenFile(
            output.format,
            os.path.abspath(output.path),
            _sha256(output.path) if done else None,
        )
        for output in outputs
    )


def _sha256(path: str | Path) -> str:
    found = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while block := file.read(_BLOCK):
                found.update(block)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"{path} cannot be read ({reason}): check its permissions.") from error
    return found.hexdigest()


class Ledger:
    """A ledger that a run writes to; without a `path` it lives in memory only.

    `options` are those that the results depend on, as JSON has them.
    """

    def __init__(
        self, path: Path | None, options: Mapping[str, object], *, resume: bool = False
    ) -> None:
        """Begin a ledger, or go on with one.

        Raises:
            OutputExistsError: it is there, and not to be resumed.
            UsageError: it was begun with other options.
            InputError: the file is no ledger.
            OutputError: it cannot be made, or another run is at it.
        """
        self.path = path
        self._journals = None if path is None else path.with_name(f"{path.name}-journals")
        self._lock: FileLock | None = None
        if path is not None:
            if not resume and os.path.lexists(path):
                raise OutputExistsError(
                    f"{path} is there already: add `resume` to go on with it, or name another "
                    "`ledger`."
                )
            self._lock = _locked(path)
        try:
            self._open(path, options)
        except BaseException:
            self._release()
            raise

    def _open(self, path: Path | None, options: Mapping[str, object]) -> None:
        fresh = path is None or not path.exists() or path.stat().st_size == 0
        with _named(path):
            self._rows = _connected(":memory:" if path is None else str(path))
            if fresh:
                self._rows.executescript(_TABLES)
                self._rows.execute(f"PRAGMA application_id = {_APPLICATION}")
                self._rows.execute(f"PRAGMA user_version = {_FORMAT}")
            else:
                _check_kind(self._rows, path)
            self._rows.execute("PRAGMA journal_mode = WAL")
            self._rows.execute("PRAGMA synchronous = NORMAL")
            self._rows.execute("UPDATE recordings SET state = 'waiting' WHERE state = 'running'")
        self.pin("options", options)

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(sqlite3.Error):
            self._rows.execute("UPDATE recordings SET state = 'waiting' WHERE state = 'running'")
            # a single file is left, also once it has been read, if nobody reads it just now
            self._rows.execute("PRAGMA busy_timeout = 0")
            self._rows.execute("PRAGMA journal_mode = DELETE")
        self._rows.close()
        if self._journals is not None:
            with suppress(OSError):  # those of interrupted recordings stay
                self._journals.rmdir()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            with suppress(OSError):  # Windows removes no open file
                Path(self._lock.lock_file).unlink()
            self._lock.release()

    def pin(self, name: str, value: Mapping[str, object]) -> None:
        """Take down what must be the same for all recordings.

        Raises:
            UsageError: it was another one before.
        """
        text = json.dumps(value, default=str)
        before = _pinned(self._rows, name)
        if before is None:
            with _named(self.path):
                self._rows.execute("INSERT INTO run VALUES (?, ?)", (name, text))
        elif before != json.loads(text):
            raise UsageError(
                f"{self.path} was begun with other options: "
                f"{_differences(before, json.loads(text))}. Give the same ones, or name another "
                "`ledger`."
            )

    def journal(self, source: str) -> Path | None:
        """Where the final windows of a recording are taken down, until its results are there."""
        if self._journals is None:
            return None
        return self._journals / f"{hashlib.sha256(os.fsencode(source)).hexdigest()[:16]}.jsonl"

    def row(self, source: str) -> Row | None:
        """The row of a recording."""
        found = self._select("WHERE source = CAST(? AS TEXT)", (os.fsencode(source),))
        return next(found, None)

    def rows(self, state: State | None = None) -> Iterator[Row]:
        """All rows in the order in which they came, or those of one state."""
        if state is None:
            return self._select("ORDER BY rowid")
        return self._select("WHERE state = ? ORDER BY rowid", (state,))

    def _select(self, condition: str, values: Sequence[object] = ()) -> Iterator[Row]:
        with _named(self.path):
            yield from _rows_of(self._rows, condition, values)

    def expect(self, sources: Iterable[str]) -> None:
        """Let recordings wait that are to be worked on, also where they were done before."""
        with _named(self.path), _transaction(self._rows):
            self._rows.executemany(
                "INSERT INTO recordings (source, state) VALUES (CAST(? AS TEXT), 'waiting') "
                "ON CONFLICT (source) DO UPDATE SET state = 'waiting'",
                ((os.fsencode(source),) for source in sources),
            )

    def start(self, source: str, outputs: Iterable[WrittenFile]) -> None:
        """The work on a recording begins, of which these files are to come."""
        self._update(source, state="running", outputs=tuple(outputs))

    def end(self, row: Row) -> None:
        """An attempt has ended; the row's own count of them is left out."""
        before = self.row(row.source)
        attempts = (before.attempts if before else 0) + (row.state != "skipped")
        self._put(replace(row, attempts=attempts))

    def lose(self, source: str, error: tuple[str, str], *, most: int) -> bool:
        """The process that was at a recording has died; whether it is to be tried again.

        `error` is the class and the sentence, `most` how many attempts a recording has.
        """
        before = self.row(source) or Row(source=source)
        lost = Row.ended_now(source, "failed", error=error, outputs=before.outputs)
        again = before.attempts + 1 < most
        self._put(
            replace(lost, attempts=before.attempts + 1, state="waiting" if again else "failed")
        )
        return again

    def forgive(self) -> None:
        """Let failed recordings be tried again, as if for the first time."""
        with _named(self.path):
            self._rows.execute(
                "UPDATE recordings SET state = 'waiting', attempts = 0 WHERE state = 'failed'"
            )

    def _update(self, source: str, **values: object) -> None:
        self._put(replace(self.row(source) or Row(source=source), **values))  # type: ignore[arg-type]

    def _put(self, row: Row) -> None:
        with _named(self.path):
            _write_row(self._rows, row)


def read_ledger(path: Path) -> list[Row]:
    """All rows of a ledger, also of one that a run is at.

    Raises:
        InputError: there is none, or the file is no ledger.
    """
    with _reading(path) as connection:
        return list(_rows_of(connection, "ORDER BY rowid"))


def rows_as_json(rows: Iterable[Row]) -> Iterator[str]:
    """Rows as a list in JSON, each on a line of its own."""
    from subalign.subtitles.formats.json import escape_controls

    lines = [escape_controls(json.dumps(asdict(row), ensure_ascii=False)) for row in rows]
    yield "[\n" + ",\n".join(f"  {line}" for line in lines) + ("\n]\n" if lines else "]\n")


def merge_ledgers(paths: Sequence[Path], target: Path, *, overwrite: bool) -> int:
    """Put the rows of several ledgers into a new one; returns their number.

    Of a recording that is in several, the row that has come farthest is kept, and of equal ones the
    latest.

    Raises:
        UsageError: they were begun with different options.
        InputError: one is no ledger.
        OutputError, OutputExistsError: the new one cannot be written.
    """
    rows: dict[str, Row] = {}
    pinned: dict[str, Any] = {}
    for path in paths:
        with _reading(path) as connection:
            for name, text in connection.execute("SELECT key, value FROM run"):
                value = json.loads(text)
                if pinned.setdefault(name, value) != value:
                    raise UsageError(
                        f"{path} was begun with other options than {paths[0]}: "
                        f"{_differences(pinned[name], value)}. Merge ledgers of one run."
                    )
            for row in _rows_of(connection, "ORDER BY rowid"):
                rows[row.source] = max(rows.get(row.source, row), row, key=_rank)
    try:
        with whole_file(target, overwrite=overwrite) as part:
            _write_new(part, rows.values(), pinned)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"{target} cannot be written ({reason}): name another file.") from error
    return len(rows)


def _write_new(path: Path, rows: Iterable[Row], pinned: Mapping[str, object]) -> None:
    with _named(path):
        connection = _connected(str(path))
        try:
            connection.executescript(_TABLES)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {_FORMAT}")
            with _transaction(connection):
                for name, value in pinned.items():
                    connection.execute("INSERT INTO run VALUES (?, ?)", (name, json.dumps(value)))
                for row in rows:
                    _write_row(connection, row)
        finally:
            connection.close()


def problems_of(row: Row) -> list[str]:
    """What is no longer as the ledger has it: of a recording that is done, its file and results."""
    if row.state != "done":
        return []
    found = []
    if row.fingerprint is not None and not is_unchanged(row):
        there = os.path.lexists(row.source)
        found.append(f"{row.source} {'has changed' if there else 'is gone'}")
    for output in row.outputs:
        try:
            if _sha256(output.path) != output.sha256:
                found.append(f"{output.path} has changed")
        except OutputError as error:
            there = os.path.lexists(output.path)
            found.append(str(error).partition(":")[0] if there else f"{output.path} is gone")
    return found


def is_unchanged(row: Row) -> bool:
    """Whether the recording is still what the row is about; an address is, as far as is known."""
    before = row.fingerprint
    if before is None:
        return True
    try:
        status = Path(row.source).stat()
    except (OSError, ValueError):
        return False
    if (status.st_size, status.st_mtime_ns) == (before.size, before.mtime):
        return True
    now = fingerprint(row.source)
    return now is not None and (now.size, now.sample) == (before.size, before.sample)


def is_done(row: Row | None) -> bool:
    """Whether nothing is to be done for a recording: it is the same, and its results are there."""
    return (
        row is not None
        and row.state == "done"
        and is_unchanged(row)
        and all(os.path.lexists(output.path) for output in row.outputs)
    )


def _rank(row: Row) -> tuple[int, str]:
    order: tuple[State, ...] = ("waiting", "running", "failed", "skipped", "done")
    return order.index(row.state), row.ended or ""


def _differences(before: Any, now: Any, name: str = "options") -> str:
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return f"{name} was {json.dumps(before)} and is {json.dumps(now)}"
    return ", ".join(
        _differences(before.get(key), now.get(key), key)
        for key in dict.fromkeys([*before, *now])
        if before.get(key) != now.get(key)
    )


def _locked(path: Path) -> FileLock:
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise OutputError(
            f"Another run is at {path}: wait for it, or name another `ledger`."
        ) from error
    except NotImplementedError:  # the file system knows no locks
        return lock
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"{path} cannot be made ({reason}): name another `ledger`.") from error
    return lock


def _connected(place: str, *, uri: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(place, uri=uri, isolation_level=None, timeout=30)
    connection.text_factory = os.fsdecode  # file names of any bytes
    return connection


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise InputError(f"{path} does not exist: name a ledger.")
    with _named(path):
        connection = _connected(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            _check_kind(connection, path)
            yield connection
        finally:
            connection.close()


def _check_kind(connection: sqlite3.Connection, path: Path | None) -> None:
    [application] = connection.execute("PRAGMA application_id").fetchone()
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION:
        raise InputError(f"{path} is no ledger of subalign: name another file.")
    if version != _FORMAT:
        raise InputError(f"{path} was made by a newer subalign: use that one.")


@contextmanager
def _named(path: Path | None) -> Iterator[None]:
    """Give SQLite's errors the file's name."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OutputError(f"{path} cannot be used ({error}): name another `ledger`.") from error
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path} is no ledger of subalign, or damaged: name another.") from error


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _pinned(connection: sqlite3.Connection, name: str) -> Any:
    found = connection.execute("SELECT value FROM run WHERE key = ?", (name,)).fetchone()
    return found and json.loads(found[0])


def _rows_of(
    connection: sqlite3.Connection, condition: str, values: Sequence[object] = ()
) -> Iterator[Row]:
    query = f"SELECT {', '.join(_COLUMNS)} FROM recordings {condition}"  # noqa: S608 (our own)
    for found in connection.execute(query, values):
        try:
            row = _row(dict(zip(_COLUMNS, found, strict=True)))
        except (ValueError, TypeError, RecursionError) as error:
            raise sqlite3.DatabaseError("a row is damaged") from error
        yield row


def _row(facts: dict[str, Any]) -> Row:
    known = facts["fingerprint"]
    facts["fingerprint"] = known and Fingerprint(*json.loads(known))
    facts["options"] = facts["options"] and json.loads(facts["options"])
    facts["outputs"] = tuple(WrittenFile(**entry) for entry in json.loads(facts["outputs"]))
    if facts["state"] not in STATES:
        raise ValueError("no state")
    return Row(**facts)


def _write_row(connection: sqlite3.Connection, row: Row) -> None:
    values: dict[str, object] = {name: getattr(row, name) for name in _COLUMNS}
    values["source"] = os.fsencode(row.source)
    values["error"] = None if row.error is None else os.fsencode(row.error)
    if row.fingerprint is not None:
        values["fingerprint"] = json.dumps(astuple(row.fingerprint))
    values["options"] = None if row.options is None else json.dumps(row.options)
    values["outputs"] = json.dumps([asdict(output) for output in row.outputs])
    # CAST takes bytes for text as they are
    marks = ", ".join("CAST(? AS TEXT)" if n in ("source", "error") else "?" for n in _COLUMNS)
    updates = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
    connection.execute(
        f"INSERT INTO recordings ({', '.join(_COLUMNS)}) VALUES ({marks}) "  # noqa: S608 (our own)
        f"ON CONFLICT (source) DO UPDATE SET {updates}",
        list(values.values()),
    )
