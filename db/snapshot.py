"""One transaction that only reads and sees one state, begun when something is first read of it.

What is read by prepared statements goes to SQLite's driver itself: the beginning of the transaction, the statement and
its rows are one turn of a thread. A page that is read first is not even a transaction: its statement, which is not at
its end, holds the state (`db/folded.py`). All else, and all on PostgreSQL, goes through a session, which joins the same
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
from db.folded import Columns, Folded, Unfolding, transposed
from db.prepared import Prepared, Sent
from db.sqlite_reads import rows_of

T = TypeVar("T")


class Snapshot:
    """Reads of one state; `close` gives it up, whatever has happened in it."""

    __slots__ = ("_connection", "_engine", "_holding", "_lent", "_session")

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._lent: PoolProxiedConnection | None = None
        self._holding: Unfolding | None = None
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
        return await self._rows(sent)

    async def columns(self, prepared: Prepared, values: Mapping[str, Any]) -> Columns:
        """The same by columns, of a statement that knows their types."""
        if self._is_with_session:
            return transposed(await self._by_session(prepared, values), len(prepared.types))
        sent = prepared.sent(self.dialect, values)
        columns = None if sent.folded is None else await self._unfolded(sent.folded, sent.values)
        if columns is None:
            columns = transposed(await self._rows(sent), len(prepared.types))
        return columns

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

    async def _rows(self, sent: Sent) -> Sequence[Sequence[Any]]:
        connection = await self._borrow()
        return await self._turn(sent.text, sent.values, _begin_and_read, connection, sent)

    async def _unfolded(self, folded: Folded, values: Sequence[Any]) -> Columns | None:
        """The columns, if they can be told so; what is read first holds the state from then on."""
        is_first = self._lent is None
        connection = await self._borrow()
        asking = Unfolding(connection.raw, folded, values)
        if is_first:
            self._holding = asking
        try:
            await self._turn(folded.text, values, asking.ask)
            return asking.columns()
        finally:
            if not is_first:
                asking.close()

    async def _borrow(self) -> sqlite_driver.Connection:
        if self._lent is None:
            self._lent = await greenlet_spawn(self._engine.sync_engine.pool.connect)
        connection: Any = self._lent.dbapi_connection
        connection.is_reader = True
        return connection  # type: ignore[no-any-return]

    async def _turn(self, text: str, values: Sequence[Any], read: Callable[..., T], *args: Any) -> T:
        """Read in a turn of a thread."""
        connection = await self._borrow()
        # Whoever counts or logs statements hears of these too.
        for told in self._engine.sync_engine.dispatch.before_cursor_execute:
            told(None, None, text, values, None, False)
        try:
            return await connection.driver.turn(connection.raw, read, *args)
        except sqlite3.OperationalError as error:
            # As SQLAlchemy says it, so that an outage is one whichever way something is read.
            raise OperationalError(text, None, error, hide_parameters=True) from error

    def let_go(self) -> bool:
        """Give the state up if that waits for nothing, as it does without a session; gives whether that was so."""
        if self._session is not None:
            return False
        lent, holding = self._lent, self._holding
        self._lent = self._holding = None
        if holding is not None:
            holding.close()
        if lent is not None:
            _return(lent)
        return True

    async def close(self) -> None:
        """Give the state up. To close a session is to roll back, which is carried through whoever is cancelled."""
        session, connection, lent = self._session, self._connection, self._lent
        if session is None:
            self.let_go()
            return
        holding, self._holding = self._holding, None
        self._session = self._connection = self._lent = None
        try:
            if holding is not None:
                holding.close()
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


def _begin_and_read(connection: sqlite_driver.Connection, sent: Sent) -> Sequence[Sequence[Any]]:
    connection.begin_reading()
    return rows_of(connection.raw, sent)
