"""A writer that is cancelled at any moment leaves the database to the next one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import event, text

from db.engine import Engines


async def write(engines: Engines) -> None:
    async with engines.writing() as session:
        await session.execute(text("UPDATE event_log_head SET position = position + 1"))
        await session.execute(text("SELECT 1"))


async def read(engines: Engines) -> None:
    async with engines.reading() as session:
        await session.execute(text("SELECT position FROM event_log_head"))


async def test_a_cancelled_transaction_holds_no_lock(
    engines: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the rollback of `db/engine.py` SQLite is locked for good within some ten of these."""
    caplog.set_level(logging.CRITICAL, logger="sqlalchemy.pool")
    for turns in range(150):
        doomed = asyncio.get_running_loop().create_task(write(engines))
        for _ in range(turns % 50):
            await asyncio.sleep(0)
        doomed.cancel()
        await asyncio.wait({doomed})
        async with asyncio.timeout(30):
            await write(engines)


@pytest.mark.parametrize("work", [write, read])
async def test_whoever_is_cancelled_at_the_very_end_is_no_error(
    engines: Engines, caplog: pytest.LogCaptureFixture, work: Callable[[Engines], Awaitable[None]]
) -> None:
    """When a connection goes back SQLAlchemy may roll back once more, and tells a failure of that with a traceback."""
    caplog.set_level(logging.WARNING)
    doomed: list[asyncio.Future[None]] = []

    def cancel(*_: object) -> None:
        doomed[-1].cancel()

    for engine in (engines.reader, engines.writer):
        event.listen(engine.sync_engine.pool, "reset", cancel)
    for _ in range(3):
        doomed.append(asyncio.ensure_future(work(engines)))
        await asyncio.wait({doomed[-1]})
    for engine in (engines.reader, engines.writer):
        event.remove(engine.sync_engine.pool, "reset", cancel)
    await write(engines)
    assert [record.getMessage() for record in caplog.records] == []
