"""Reads past SQLAlchemy, whose session costs a multiple of what SQLite needs for them: the rows of prepared statements.

`SqliteReads` is for what a process asks at every event: several statements, one snapshot, one turn of a thread. Its
connections are of nobody else.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from db.prepared import Sent
from db.sqlite_driver import Driver

Rows = Sequence[Sequence[Any]]
_NO_WAITING = ("PRAGMA busy_timeout = 0",)


def rows_of(raw: sqlite3.Connection, sent: Sent) -> Rows:
    """All rows of a statement, with the driver's values.

    Raises:
        sqlite3.Error: whatever SQLite says.
    """
    return raw.execute(sent.text, sent.values).fetchall()


class SqliteReads:
    """Connections to one file that only read, as many as were ever needed at the same time."""

    def __init__(self, file: str, driver: Driver, pragmas: Sequence[str]) -> None:
        self._file = file
        self._driver = driver
        self._pragmas = pragmas
        self._idle: list[sqlite3.Connection] = []
        self._prompt: list[sqlite3.Connection] = []
        """Those that never wait for a lock."""

    def __repr__(self) -> str:
        return f"<SqliteReads of {self._file}, {len(self._idle)} idle>"

    async def read(self, asked: Sequence[Sent]) -> list[Rows]:
        """The rows of each statement, all of one snapshot.

        Raises:
            sqlite3.Error: whatever SQLite says; the connection is not used again.
        """
        raw = self._idle.pop() if self._idle else await self._driver.turn(None, self._open, alone=True)
        try:
            found = await self._driver.turn(raw, _read, raw, asked)
        except BaseException:
            # The turn is over, so nobody uses it.
            raw.close()
            raise
        self._idle.append(raw)
        return found

    async def read_fresh(self, asked: Sequence[Sent]) -> list[Rows]:
        """The same for a few rows that were written a moment ago, and so are in memory: in the event loop's own thread.

        To hand work over to a thread and to be told of its end costs several times what SQLite needs for them. Nothing
        is waited for here: where a lock would be, the rows are read as all others are.

        Raises:
            sqlite3.Error: whatever SQLite says; the connection is not used again.
        """
        if self._prompt:
            prompt = self._prompt.pop()
        else:
            prompt = await self._driver.turn(None, self._open, *_NO_WAITING, alone=True)
        try:
            found = _read(prompt, asked)
        except sqlite3.Error:
            prompt.close()
            return await self.read(asked)
        self._prompt.append(prompt)
        return found

    def close(self) -> None:
        """End the connections that nobody uses."""
        for unused in (self._idle, self._prompt):
            while unused:
                unused.pop().close()

    def _open(self, *more: str) -> sqlite3.Connection:
        # Used by one thread at a time, in whatever thread is free.
        raw = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
        for pragma in (*self._pragmas, *more):
            raw.execute(pragma)
        return raw


def _read(raw: sqlite3.Connection, asked: Sequence[Sent]) -> list[Rows]:
    raw.execute("BEGIN DEFERRED")
    try:
        return [rows_of(raw, each) for each in asked]
    finally:
        raw.rollback()
