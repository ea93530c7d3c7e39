"""The interleaving of hasura/graphql-engine#8632: two transactions that commit against the order of their numbers."""

import asyncio
from dataclasses import dataclass

from sqlalchemy import text

from core.clock import SystemClock
from db.engine import Engines
from db.migrating import upgrade
from db.repositories import event_log
from db.unit_of_work import Database, UnitOfWork
from events.log import Log
from tests.fakes.bell import RecordingBell
from tests.integration.recording import commit, note

BLOCKED = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


@dataclass(frozen=True)
class Orders:
    """How many of the two events a reader that follows positions never sees."""

    lost_by_sequence: int
    lost_by_log: int


async def try_orders(url: str) -> Orders:
    """Do it on an empty PostgreSQL database: once with a bare sequence, once with our log."""
    await upgrade(url)
    engines = Engines(url)
    try:
        return Orders(2 - await _seen_of_sequence(engines), 2 - await _seen_of_log(engines))
    finally:
        await engines.close()


async def _seen_of_sequence(engines: Engines) -> int:
    async with engines.writing() as session:
        await session.execute(text("CREATE TABLE bare (id bigserial PRIMARY KEY, name text)"))
    async with engines.writing() as slow:
        await slow.execute(text("INSERT INTO bare (name) VALUES ('slow')"))
        async with engines.writing() as fast:
            await fast.execute(text("INSERT INTO bare (name) VALUES ('fast')"))
        seen = await _bare_after(engines, 0)
    return len(seen) + len(await _bare_after(engines, max(seen)))


async def _bare_after(engines: Engines, position: int) -> list[int]:
    async with engines.reading() as session:
        rows = await session.execute(text("SELECT id FROM bare WHERE id > :position"), {"position": position})
        return [*rows.scalars()]


async def _seen_of_log(engines: Engines) -> int:
    """The slow one has its position and has not committed; the fast one comes, and a reader reads."""
    database, log = Database(engines, RecordingBell(), SystemClock()), Log(engines)
    async with asyncio.TaskGroup() as group, engines.writing() as slow:
        unit = UnitOfWork(session=slow, now=SystemClock().now())
        note(unit, "slow")
        await event_log.append(slow, unit.now, unit.pending)
        group.create_task(commit(database, "fast"))
        await _until_blocked(engines)
        page = await log.read_after(0, 10)
    rest = await log.read_after(page.position, 10)
    return len(page.envelopes) + len(rest.envelopes)


async def _until_blocked(engines: Engines) -> None:
    async with asyncio.timeout(10):
        while True:
            async with engines.reading() as session:
                if (await session.execute(BLOCKED)).scalar_one():
                    return
