"""SQLite for SQLAlchemy's event loop: one turn of a thread for each statement.

aiosqlite takes a turn for each step (a cursor, the statement, its rows, the end of the cursor, the beginning and the
end of the transaction), and on a busy process the turns cost more than SQLite does. Here a statement and all of its
rows are one turn, which readers share (`db/sqlite_threads.py`); what waits for no disk and no lock, such as giving a
snapshot up, is none.

A connection is used by one statement at a time, in whatever thread is free. Whoever is cancelled during one has it
interrupted and waits for its end: so nobody ever closes or rolls back a connection that a thread is busy with.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.util import await_only

from db.sqlite_threads import Threads, Work

T = TypeVar("T")

_NAMES = (
    *("Error", "DatabaseError", "InterfaceError", "OperationalError", "IntegrityError", "ProgrammingError"),
    *(
        "DataError",
        "InternalError",
        "NotSupportedError",
        "Warning",
        "Binary",
        "PARSE_COLNAMES",
        "PARSE_DECLTYPES",
    ),
    *("sqlite_version", "sqlite_version_info", "apilevel", "threadsafety", "paramstyle"),
)
_UNHEARD = 0.01
"""Seconds after which an interruption that ended nothing is repeated."""


class Driver:
    """What SQLAlchemy takes for the driver's module: its names are those of `sqlite3`. `close` it after its engine."""

    has_stop = True
    """What SQLAlchemy asks whether a connection can be ended outside of its event loop."""

    def __init__(self, threads: int) -> None:
        for name in _NAMES:
            setattr(self, name, getattr(sqlite3, name))
        self.exceptions_module = sqlite3
        self._threads = Threads(threads)

    def __repr__(self) -> str:
        return "<Driver of SQLite>"

    def connect(self, *args: Any, **options: Any) -> "Connection":
        """Open a file."""
        opening = partial(sqlite3.connect, *args, **options)
        return Connection(self, await_only(self.turn(None, opening, alone=True)))

    async def turn(
        self, raw: sqlite3.Connection | None, work: Callable[..., T], *args: Any, alone: bool = False
    ) -> T:
        """Do `work` in a thread; if the caller is cancelled, `raw` is interrupted and the end of it waited for.

        Args:
            raw: None if the work is something that ends by itself, and is waited for.
            work: what to do.
            args: what it takes.
            alone: whether others are not to share the turn, because the work waits for a lock or for the disk.
        """
        handed, batch = self._threads.hand_over(partial(work, *args), alone=alone)
        try:
            return await handed.result
        except asyncio.CancelledError:
            if not batch.withdraw(handed):
                await _end(handed, raw)
            raise

    def close(self) -> None:
        """Let the threads end."""
        self._threads.close()


async def _end(handed: Work[Any], raw: sqlite3.Connection | None) -> None:
    """Wait for the end, whoever is cancelled meanwhile: the connection is nobody else's before that."""
    while not handed.is_over.is_set():
        if raw is not None:
            raw.interrupt()
        # Only a statement that runs is interrupted, and a thread may be about to begin one: so it is said again.
        with suppress(asyncio.CancelledError, TimeoutError):
            async with asyncio.timeout(None if raw is None else _UNHEARD):
                await handed.is_over.wait()


class Connection(AdaptedConnection):
    """One connection, as the DBAPI has it."""

    __slots__ = ("_connection", "driver", "is_reader")

    def __init__(self, driver: Driver, raw: sqlite3.Connection) -> None:
        self.driver = driver
        self._connection: Any = raw
        self.is_reader = False

    @property
    def raw(self) -> sqlite3.Connection:
        """The connection of `sqlite3`."""
        raw: sqlite3.Connection = self._connection
        return raw

    @property
    def isolation_level(self) -> str | None:
        """As `sqlite3` has it; None begins no transactions."""
        return self.raw.isolation_level

    @isolation_level.setter
    def isolation_level(self, value: str | None) -> None:
        self.raw.isolation_level = value  # type: ignore[assignment]

    def create_function(self, *args: Any, **options: Any) -> None:
        """Let SQL call a function of Python."""
        self.raw.create_function(*args, **options)

    def in_thread(self, work: Callable[..., T], *args: Any) -> T:
        """Do `work` on this connection in a thread, out of SQLAlchemy's own code."""
        return await_only(self.driver.turn(self.raw, work, *args, alone=not self.is_reader))

    def _to_its_end(self, work: Callable[[], T]) -> T:
        """The same, uninterrupted: half an end of a transaction would be none."""
        return await_only(self.driver.turn(None, work, alone=True))

    def cursor(self, *, server_side: bool = False) -> "Cursor":
        """A cursor; all of them have their rows in memory."""
        del server_side
        return Cursor(self)

    def begin_reading(self) -> None:
        """Begin a transaction that takes no lock before its first statement, if there is none."""
        self.is_reader = True
        if not self.raw.in_transaction:
            self.raw.execute("BEGIN DEFERRED")

    def rollback(self) -> None:
        """Take back what was changed, or give a snapshot up."""
        if self.is_reader:
            self.raw.rollback()
        else:
            self._to_its_end(self.raw.rollback)

    def commit(self) -> None:
        """Make what was changed last."""
        self._to_its_end(self.raw.commit)

    def close(self) -> None:
        """End the connection; the last one of a file tidies up behind all."""
        self._to_its_end(self.raw.close)

    def terminate(self) -> None:
        """End the connection outside of SQLAlchemy's own code, when nothing is under way on it."""
        self.raw.close()


class Cursor:
    """A statement and its rows."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: deque[Any] = deque()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> "Cursor":
        """Run a statement and take all of its rows."""
        return self._connection.in_thread(self._run, statement, parameters)

    def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> "Cursor":
        """Run a statement for each row of parameters."""
        return self._connection.in_thread(self._run_many, statement, parameters)

    def _run(self, statement: str, parameters: Sequence[Any]) -> "Cursor":
        return self._take(self._connection.raw.execute(statement, parameters))

    def _run_many(self, statement: str, parameters: Sequence[Sequence[Any]]) -> "Cursor":
        return self._take(self._connection.raw.executemany(statement, parameters))

    def _take(self, raw: sqlite3.Cursor) -> "Cursor":
        self.description = raw.description
        if raw.description is not None:
            self._rows = deque(raw.fetchall())
        self.rowcount, self.lastrowid = raw.rowcount, raw.lastrowid
        raw.close()
        return self

    def fetchone(self) -> Any:
        """The next row; None if there is none."""
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        """The next rows."""
        return [self._rows.popleft() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> Sequence[Any]:
        """All rows that are left."""
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def __iter__(self) -> Iterator[Any]:
        while self._rows:
            yield self._rows.popleft()

    def setinputsizes(self, *_sizes: Any) -> None:
        """SQLite needs none."""

    def close(self) -> None:
        """Let the rows go."""
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        """SQLAlchemy asks for the end of a cursor whose rows are still to be read; it has ended already."""
