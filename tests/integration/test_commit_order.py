"""Positions are in commit order; a reader loses nothing (hasura/graphql-engine#8632)."""

import asyncio

import pytest
from sqlalchemy import text

from core.clock import SystemClock
from db.engine import Engines, Session
from db.repositories import event_log
from db.unit_of_work import Database, Outcome, UnitOfWork
from events.log import Lapsed, Log
from tests.fakes.bell import RecordingBell
from tests.integration.recording import commit, note


async def test_a_bare_sequence_loses_the_row_of_the_slower_transaction(postgres_url: str) -> None:
    """The interleaving that the design is about does happen on this server, with a plain sequence."""
    engines = Engines(postgres_url)
    async with engines.writing() as session:
        await session.execute(text("CREATE TABLE bare (id bigserial PRIMARY KEY, name text)"))
    async with engines.writing() as slow:
        await slow.execute(text("INSERT INTO bare (name) VALUES ('slow')"))
        async with engines.writing() as fast:
            await fast.execute(text("INSERT INTO bare (name) VALUES ('fast')"))
        seen, cursor = await _read_bare(engines, 0)
        assert seen == ["fast"]
    seen, cursor = await _read_bare(engines, cursor)
    await engines.close()
    assert seen == []  # "slow" is committed, has the smaller id, and is never seen.


async def _read_bare(engines: Engines, cursor: int) -> tuple[list[str], int]:
    async with engines.reading() as session:
        query = text("SELECT id, name FROM bare WHERE id > :cursor ORDER BY id")
        rows = (await session.execute(query, {"cursor": cursor})).all()
    return [row.name for row in rows], rows[-1].id if rows else cursor


async def test_the_second_writer_waits_for_the_first_and_comes_after_it(postgres_url: str) -> None:
    """The same interleaving with our log: whoever took its position first is read first, or neither is."""
    engines = Engines(postgres_url)
    database = Database(engines, RecordingBell(), SystemClock())
    log = Log(engines)
    async with asyncio.TaskGroup() as group:
        async with engines.writing() as slow:
            unit = await _appended(slow, "slow")
            fast = group.create_task(commit(database, "fast"))
            await _until_blocked(engines)
            assert (await log.read_after(0, 10)).envelopes == ()
            assert not fast.done()
        assert await fast == unit + 1
    page = await log.read_after(0, 10)
    await engines.close()
    assert [(e.position, e.summary) for e in page.envelopes] == [
        (unit, "Campaign “slow” was created"),
        (unit + 1, "Campaign “fast” was created"),
    ]


async def _appended(session: Session, name: str) -> int:
    unit = UnitOfWork(session=session, now=SystemClock().now())
    note(unit, name)
    return (await event_log.append(unit.session, unit.now, unit.pending))[0]


async def _until_blocked(engines: Engines) -> None:
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(10):
        while True:
            async with engines.reading() as session:
                if (await session.execute(query)).scalar_one():
                    return


async def test_a_rollback_leaves_no_hole(database: Database, engines: Engines, bell: RecordingBell) -> None:
    first = await commit(database, "a")

    async def fail() -> None:
        async with database.write() as unit:
            note(unit, "never")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await commit(database, "b", "c") == first + 2
    page = await Log(engines).read_after(first, 10)
    assert [e.position for e in page.envelopes] == [first + 1, first + 2]
    assert [outcome for _, outcome, _, _ in bell.settled] == [
        Outcome.COMMITTED, Outcome.ROLLED_BACK, Outcome.COMMITTED,
    ]  # fmt: skip
    assert len(bell.announced) == len(bell.settled)


async def test_many_writers_and_a_reader_that_follows_lose_and_repeat_nothing(
    database: Database, engines: Engines
) -> None:
    """A reader that goes on from the last page's position, while 8 tasks commit, sees each event once, in order."""
    log = Log(engines)
    wanted = 8 * 25
    seen: list[int] = []

    async def write(worker: int) -> None:
        for number in range(25):
            await commit(database, f"{worker}/{number}")

    async def read() -> None:
        position = 0
        while len(seen) < wanted:
            page = await log.read_after(position, 7)
            seen.extend(e.position for e in page.envelopes)
            position = page.position

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(read())
        for worker in range(8):
            group.create_task(write(worker))
    assert seen == list(range(1, wanted + 1))


async def test_reading_behind_the_floor_is_a_lapse(database: Database, engines: Engines) -> None:
    await commit(database, "a", "b", "c")
    async with engines.writing() as session:
        await session.execute(text("UPDATE event_log_head SET floor = 2"))
    log = Log(engines)
    assert [e.position for e in (await log.read_after(2, 10)).envelopes] == [3]
    with pytest.raises(Lapsed):
        await log.read_after(1, 10)
