"""One transaction that only reads and sees one state, begun when something is first read of it.

What is read by prepared statements goes to SQLite's driver itself: the beginning of the transaction, the statement and
its rows are one turn of a thread. All else, and all on PostgreSQL, goes through a session, which joins the same
transaction on the same connection. Whoever opens a snapshot closes it, and nobody reads of it at the same time.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from db import sqlite_driver
from db.folded import Columns, transposed
from db.prepared import Prepared, Sent
from db.sqlite_reads import columns_of, rows_of

T = TypeVar("T")


class Snapshot:
    """Reads of one state; `close` gives it up, whatever has happened in it."""

    __slots__ = ("_connection", "_engine", "_lent", "_session")

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._lent: PoolProxiedConnection | None = None
        self._connection: AsyncConnection | None = None
        self._session: AsyncSession | None = None

    def __repr__(self) -> str:
        return f"<Snapshot {'idle' if self._lent is None and self._session is None else 'open'}>"

    @property
    def dialect(self) -> Dialect:
        """Of the database that is read."""
        return self._engine.sync_engine.dialect

    async def rows(
        self, prepared: Prepared, values: Mapping[str, Any] | None = None
    ) -> Sequence[Sequence[Any]]:
        """All rows of a statement, as the driver gives them where their columns say so."""
        if self._is_with_session:
            return await self._by_session(prepared, values)
        sent = prepared.sent(self.dialect, values or {})
        return await self._turn(sent, sent.text, rows_of)

    async def columns(self, prepared: Prepared, values: Mapping[str, Any]) -> Columns:
        """The same by columns, of a statement that knows their types."""
        if self._is_with_session:
            return transposed(await self._by_session(prepared, values), len(prepared.types))
        sent = prepared.sent(self.dialect, values)
        return await self._turn(sent, sent.folded.text if sent.folded else sent.text, columns_of)

    async def session(self) -> AsyncSession:
        """A session that sees the same state; the same one each time."""
        if self._session is None:
            if self._lent is not None:
                joined = Connection(self._engine.sync_engine, connection=self._lent)
                self._connection = AsyncConnection(self._engine, joined)
            self._session = AsyncSession(self._connection or self._engine, expire_on_commit=False)
        return self._session

    @property
    def _is_with_session(self) -> bool:
        return self._session is not None or self.dialect.name != "sqlite"

    async def _by_session(
        self, prepared: Prepared, values: Mapping[str, Any] | None
    ) -> Sequence[Sequence[Any]]:
        session = await self.session()
        found: Sequence[Sequence[Any]] = (await session.execute(prepared.statement, values)).all()
        return found

    async def _turn(self, sent: Sent, text: str, read: Callable[[sqlite3.Connection, Sent], T]) -> T:
        """Read in a turn of a thread, in which the transaction is begun if it is not."""
        lent = self._lent
        if lent is None:
            lent = self._lent = await greenlet_spawn(self._engine.sync_engine.pool.connect)
        # Whoever counts or logs statements hears of these too.
        for told in self._engine.sync_engine.dispatch.before_cursor_execute:
            told(None, None, text, sent.values, None, False)
        connection: Any = lent.dbapi_connection
        try:
            return await connection.driver.turn(connection.raw, _begin_and, read, connection, sent)  # type: ignore[no-any-return]
        except sqlite3.OperationalError as error:
            # As SQLAlchemy says it, so that an outage is one whichever way something is read.
            raise OperationalError(text, None, error, hide_parameters=True) from error

    async def close(self) -> None:
        """Give the state up. To close a session is to roll back, which is carried through whoever is cancelled."""
        session, connection, lent = self._session, self._connection, self._lent
        self._session = self._connection = self._lent = None
        try:
            if session is not None:
                await session.close()
        finally:
            if connection is not None:
                await connection.close()
            elif lent is not None:
                _return(lent)


def _return(lent: PoolProxiedConnection) -> None:
    """Give a connection back on which no statement is under way; to roll back a reader waits for no disk."""
    driven: Any = lent.dbapi_connection
    try:
        driven.raw.rollback()
    finally:
        lent.close()


def _begin_and(
    read: Callable[[sqlite3.Connection, Sent], T], connection: sqlite_driver.Connection, sent: Sent
) -> T:
    connection.begin_reading()
    return read(connection.raw, sent)
