"""Connections to the database: one writing engine, one reading engine, on SQLite and PostgreSQL alike.

Why two: a *write* is a short transaction that takes its locks at once; a *read* is a snapshot, so that all
that one GraphQL operation selects is exact at one position of the log.

- SQLite: the writing engine has one connection, whose pool is a fair queue of writers, and begins IMMEDIATE,
  so a transaction never fails half way for want of the lock; the reading engine begins DEFERRED in WAL mode,
  where a reader sees one snapshot and blocks nobody.
- PostgreSQL: writes are READ COMMITTED with row locks, reads REPEATABLE READ and read only.

A transaction ends in time, for a database that fell off the network says nothing for a quarter of an hour. Whatever
is no fault of the statement (no connection, no answer, a deadlock, a server that starts or stops) is `Unavailable`,
with every driver, so that whoever may try again does.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import structlog
from sqlalchemy import event, text
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from core.errors import Misconfigured, Unavailable
from db.compiled import CompiledStatements
from db.prepared import Prepared
from db.sqlite_driver import Connection, Driver
from db.sqlite_reads import Rows, SqliteReads

log = structlog.get_logger(__name__)

Session = AsyncSession
Asked = tuple[Prepared, Mapping[str, Any]]
"""A statement, and the values that it is asked with."""

SQLITE_BUSY_MILLISECONDS = 10_000
READERS = 8
WRITERS = 8
POOL_WAIT_SECONDS = 30
TRANSACTION_SECONDS = 20.0
SILENCE_RETRY_SECONDS = 5.0
"""When to try again after the database said nothing for that long, which a moment does not mend."""
LONG_TRANSACTION_SECONDS = 600.0
"""For what is one change however many rows it touches, such as deleting a campaign."""

# Classes of SQLSTATE (PostgreSQL's manual, appendix A) that say nothing against the statement: connection lost,
# rolled back for another's sake, out of resources, cancelled or shut down by an operator.
OUTAGE_CLASSES = frozenset({"08", "40", "53", "57"})


class Engines:
    """The pair of engines of one process. `statements` counts what both were asked; `close` ends all connections."""

    def __init__(self, url: str, *, log_statements: bool = False) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and not self.url.database:
            raise Misconfigured(
                "HELIOGRAPH_DATABASE_URL: SQLite needs a file, such as sqlite+aiosqlite:///heliograph.db"
            )
        # Each connection is used by one statement at a time, so none waits for a thread.
        self._driver = Driver(READERS + 1) if self.is_sqlite else None
        self._reads: SqliteReads | None = None
        if self._driver is not None:
            self._reads = SqliteReads(self.url.database or "", self._driver, _pragmas(writing=False))
        self._log_statements = log_statements
        self.writer = self._build(writing=True)
        self.reader = self._build(writing=False)
        self.statements = 0
        for engine in (self.writer, self.reader):
            event.listen(engine.sync_engine, "before_cursor_execute", self._count_statement)
            if log_statements:
                event.listen(engine.sync_engine, "before_cursor_execute", _log_statement)
        self._write_sessions = async_sessionmaker(self.writer, expire_on_commit=False)
        self._read_sessions = async_sessionmaker(self.reader, expire_on_commit=False)

    def __repr__(self) -> str:
        return f"<Engines {self.url.render_as_string(hide_password=True)}>"

    def _build(self, *, writing: bool) -> AsyncEngine:
        if self._driver is None:
            return _postgres_engine(self.url, writing=writing)
        return _sqlite_engine(self.url, self._driver, writing=writing)

    def _count_statement(self, *_event: object) -> None:
        self.statements += 1

    @property
    def dialect(self) -> Dialect:
        """That of the database."""
        return self.reader.sync_engine.dialect

    @asynccontextmanager
    async def reading(self, seconds: float | None = TRANSACTION_SECONDS) -> AsyncIterator[Session]:
        """A session whose reads all see one snapshot.

        Args:
            seconds: how long it may take in all; None for a block that is entered and left by different tasks.

        Raises:
            Unavailable: the database does not answer, or not in time.
        """
        # There is nothing to commit. To close is to roll back, which is carried through whoever is cancelled meanwhile.
        async with in_time(seconds), self._read_sessions() as session:
            yield session

    @asynccontextmanager
    async def writing(self, seconds: float | None = None) -> AsyncIterator[Session]:
        """A session in a transaction that commits when the block ends well.

        Args:
            seconds: how long it may take in all, if that is to be more than `TRANSACTION_SECONDS`.

        Raises:
            Unavailable: the database does not answer, or not in time.
        """
        async with (
            in_time(seconds or TRANSACTION_SECONDS),
            self._write_sessions() as session,
            session.begin(),
        ):
            yield session

    async def ask(self, *asked: Asked, fresh: bool = False) -> list[Rows]:
        """The rows of several statements in one snapshot, with the driver's values; the fastest way to read.

        Args:
            asked: the statements and their values.
            fresh: whether these are a few rows that were written a moment ago; SQLite has them in memory.

        Raises:
            Unavailable: the database does not answer, or not in time.
        """
        if self._reads is None:
            async with self.reading() as session:
                return [(await session.execute(each.statement, values)).all() for each, values in asked]
        self.statements += len(asked)
        sent = [each.sent(self.dialect, values) for each, values in asked]
        if self._log_statements:
            for each in sent:
                log.debug("statement", sql=each.text)
        async with in_time(TRANSACTION_SECONDS):
            return await (self._reads.read_fresh(sent) if fresh else self._reads.read(sent))

    async def check(self) -> None:
        """Ask the database for an answer.

        Raises:
            Unavailable: it gives none.
        """
        async with self.reading() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close all connections."""
        await self.writer.dispose()
        await self.reader.dispose()
        if self._reads is not None:
            self._reads.close()
        if self._driver is not None:
            self._driver.close()


class in_time:  # noqa: N801  It is used as a statement, like asyncio.timeout.
    """What the block asks of the database has to be answered within so many seconds; None: whenever."""

    __slots__ = ("_limit", "_seconds")

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._limit = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        """Begin to wait."""
        await self._limit.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Translate.

        Raises:
            Unavailable: it does not answer, or not in time.
        """
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError as late:
            raise self._silence() from late
        if isinstance(error, TimeoutError) and self._limit.expired():
            raise self._silence() from error
        translated().__exit__(kind, error, trace)

    def _silence(self) -> Unavailable:
        message = f"The database did not answer within {self._seconds:g} s; try again."
        return Unavailable(message, SILENCE_RETRY_SECONDS)


class translated:  # noqa: N801  It is used as a statement, like contextlib.suppress.
    """Turns "the database does not answer" of any driver into `Unavailable`; a defect stays what it is."""

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Translate.

        Raises:
            Unavailable: in place of a driver's error of connection.
        """
        if error is not None and _is_connection_trouble(error):
            raise Unavailable(f"The database does not answer ({_first_line(error)}); try again.") from error


def _is_connection_trouble(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
            return True
        # SQLAlchemy has no class of its own for most of what asyncpg tells apart.
        return (getattr(error.orig, "sqlstate", None) or "")[:2] in OUTAGE_CLASSES
    # What goes past SQLAlchemy has the errors of SQLite's driver.
    return isinstance(
        error, PoolTimeout | ConnectionError | sqlite3.OperationalError | sqlite3.InterfaceError
    )


def _first_line(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0]


def _log_statement(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
    # Without its values, which may be anybody's secrets.
    log.debug("statement", sql=statement)


def _postgres_engine(url: URL, *, writing: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=WRITERS if writing else READERS,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        hide_parameters=True,
        pool_pre_ping=True,
        execution_options={"compiled_cache": CompiledStatements()},
    )
    if writing:
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _sqlite_engine(url: URL, driver: Driver, *, writing: bool) -> AsyncEngine:
    connections = 1 if writing else READERS
    engine = create_async_engine(
        url,
        module=driver,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        hide_parameters=True,
        # Every session ends its transaction before its connection goes back. To roll back once more then is one more
        # turn of a thread for each transaction, and SQLAlchemy tells of who is cancelled in it as of a defect.
        pool_reset_on_return=None,
        execution_options={"compiled_cache": CompiledStatements()},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver would begin transactions by itself, and only before some statements.
        connection.isolation_level = None
        cursor: sqlite3.Cursor = connection.cursor()
        for pragma in _pragmas(writing=writing):
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "invalidate")
    def roll_back(connection: Connection, _record: object, _error: object) -> None:
        # A task that is cancelled in the middle of a statement has its connection closed. SQLite keeps one with
        # an unfinished statement half open, and with it the lock of its transaction, for ever.
        connection.raw.rollback()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        if writing:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.connection.dbapi_connection.begin_reading()

    return engine


def _pragmas(*, writing: bool) -> list[str]:
    pragmas = [f"PRAGMA busy_timeout = {SQLITE_BUSY_MILLISECONDS}", "PRAGMA foreign_keys = ON"]
    if writing:
        # FULL: what subscribers were told of must be there after a power cut too, for its positions would otherwise
        # be given to other events, which whoever has a cursor at them would never see.
        pragmas += ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"]
    else:
        pragmas += ["PRAGMA query_only = ON"]
    return pragmas
