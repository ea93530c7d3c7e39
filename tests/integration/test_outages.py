"""What is no fault of a statement is `Unavailable` with every driver, and nobody stops for it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from core.clock import SystemClock
from core.errors import Unavailable
from core.tasks import Owner
from db import engine as module
from db.engine import LONG_TRANSACTION_SECONDS, Engines, Session
from db.repositories import event_log
from db.unit_of_work import Database, Outcome
from events import doorbell
from events.cursor import Cursor
from events.doorbell import Doorbell
from events.envelope import Page
from events.hub import Hub
from events.log import Log
from graph import reading as reading_module
from graph.reading import Reading
from tests.fakes.bell import RecordingBell
from tests.integration.recording import commit
from tests.integration.waiting import until
from tests.servers.postgres import PostgresServer
from tests.servers.sqlite import waiting_for_the_disk

# What SQLAlchemy and asyncpg take to leave a connection, for each of them.
GIVEN_UP_SECONDS = 8


@pytest.fixture(params=["asyncpg", "psycopg"])
async def postgres(request: pytest.FixtureRequest, postgres_url: str) -> AsyncIterator[Engines]:
    made = Engines(postgres_url.replace("+asyncpg", f"+{request.param}"))
    yield made
    await made.close()


async def raised(engines: Engines, code: str) -> None:
    """Have the server end a statement with this SQLSTATE."""
    async with engines.writing() as session:
        await session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$"))


@pytest.mark.parametrize("code", ["40P01", "40001", "53300", "57014", "57P03", "08006"])
async def test_an_outage_is_unavailable_with_every_driver(postgres: Engines, code: str) -> None:
    """A deadlock, too many connections, a cancelled statement, a server that is starting up."""
    with pytest.raises(Unavailable):
        await raised(postgres, code)


@pytest.mark.parametrize(("code", "kind"), [("42601", ProgrammingError), ("23505", IntegrityError)])
async def test_a_defect_stays_what_it_is(postgres: Engines, code: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await raised(postgres, code)


async def test_a_transaction_that_takes_too_long_is_unavailable(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRANSACTION_SECONDS", 0.01)
    bell = RecordingBell()
    with pytest.raises(Unavailable, match=r"within 0\.01 s"):
        async with Database(engines, bell, SystemClock()).write():
            await asyncio.Event().wait()
    assert bell.settled == [(1, Outcome.ROLLED_BACK, 0, False)]
    with pytest.raises(Unavailable):
        async with engines.reading(0.01):
            await asyncio.Event().wait()


async def test_a_database_that_hangs_is_given_up_by_writers_and_readers(
    postgres_url: str, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGSTOP: connections stay, and nothing is answered. The reading of an operation has a limit for each read."""
    engines = Engines(postgres_url)
    database = Database(engines, RecordingBell(), SystemClock())
    readings = [Reading(engines), Reading(engines)]
    await readings[0].head()
    monkeypatch.setattr(module, "TRANSACTION_SECONDS", 0.1)
    monkeypatch.setattr(reading_module, "TRANSACTION_SECONDS", 0.1)
    postgres_server.freeze()
    try:
        async with asyncio.timeout(GIVEN_UP_SECONDS):
            for ask in (commit(database, "a"), readings[0].run(event_log.head), readings[1].head()):
                with pytest.raises(Unavailable):
                    await ask
            with pytest.raises(Unavailable):
                # Nobody asks again in a snapshot that is gone.
                await readings[0].run(_is_not_asked)
            await asyncio.gather(*(reading.close() for reading in readings))
    finally:
        postgres_server.thaw()
    monkeypatch.undo()
    assert await commit(database, "b") == 1
    await engines.close()


async def test_what_may_take_long_is_given_its_time(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRANSACTION_SECONDS", 0.01)
    database = Database(engines, RecordingBell(), SystemClock())
    async with database.write(LONG_TRANSACTION_SECONDS) as unit:
        ended = asyncio.get_running_loop().time() + 0.05
        while asyncio.get_running_loop().time() < ended:
            await unit.session.execute(text("SELECT 1"))
    with pytest.raises(Unavailable, match=r"within 0\.02 s"):
        async with database.write(0.02):
            await asyncio.Event().wait()


async def test_another_time_limit_is_not_the_database_s(engines: Engines) -> None:
    with pytest.raises(TimeoutError):
        async with engines.reading(), asyncio.timeout(0.01):
            await asyncio.Event().wait()


async def test_an_error_does_not_tell_the_values_of_its_statement(engines: Engines) -> None:
    with pytest.raises(Exception, match="nowhere") as caught:
        async with engines.writing() as session:
            await session.execute(text("INSERT INTO nowhere VALUES (:value)"), {"value": "s3cret"})
    assert "s3cret" not in str(caught.value)


async def test_a_commit_on_sqlite_is_on_the_disk(sqlite_url: str) -> None:
    """In WAL mode only FULL survives a power cut (sqlite.org/pragma.html#pragma_synchronous)."""
    engines = Engines(sqlite_url)
    with waiting_for_the_disk():
        async with engines.writing() as session:
            modes = [
                (await session.execute(text(f"PRAGMA {name}"))).scalar_one()
                for name in ("journal_mode", "synchronous")
            ]
    await engines.close()
    assert modes == ["wal", 2]


class BrokenOnce(Log):
    """A log whose first page fails for a reason that nobody foresaw."""

    broken = True

    async def read_fresh(self, position: int, limit: int, seen: Cursor) -> Page:
        if self.broken:
            self.broken = False
            raise ZeroDivisionError
        return await super().read_fresh(position, limit, seen)


async def test_the_hub_goes_on_after_a_failure_of_any_kind(engines: Engines, database: Database) -> None:
    hub = Hub(BrokenOnce(engines), window_events=10)
    await hub.start()
    hub.rung(await commit(database, "a"))
    await until(lambda: hub.position == 1)
    await hub.close()


SLOW_COMMIT = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    BEGIN PERFORM pg_sleep(10); EXCEPTION WHEN query_canceled THEN PERFORM pg_sleep(3); END;
    RETURN NULL;
END $$
"""
SLOWLY = """
CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON event_log
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()
"""
COMMITTING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COMMIT%' AND wait_event = 'PgSleep'"


async def test_a_commit_that_ends_after_its_writer_was_cancelled_is_read(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that leaves while the server commits: the first look of the hub is too early for that event."""
    monkeypatch.setattr(doorbell, "LOOK_AFTER_SECONDS", (1.0, 2.0, 4.0))
    engines, bell = Engines(postgres_url), Doorbell("memory://", "test")
    hub = Hub(Log(engines), window_events=10)
    await bell.start()
    bell.listen(lambda ring: hub.rung(ring.position, ring.tag))
    await hub.start()
    async with engines.writing() as session:
        await session.execute(text(SLOW_COMMIT))
        await session.execute(text(SLOWLY))
    async with Owner("test") as owner:
        writer = owner.start(commit(Database(engines, bell, SystemClock()), "a"), "writer")
        await _until_counted(engines, COMMITTING)
        writer.cancel()
        await asyncio.wait({writer})
        assert hub.position == 0
        await until(lambda: hub.position == 1)
    await hub.close()
    await bell.close()
    await engines.close()


async def _is_not_asked(_session: Session) -> None:
    raise AssertionError


async def _until_counted(engines: Engines, query: str) -> None:
    async with asyncio.timeout(10):
        while True:
            async with engines.reading() as session:
                if (await session.execute(text(query))).scalar_one():
                    return
