"""A writer that is cancelled at any moment leaves the database to the next one."""

import asyncio
import logging

import pytest
from sqlalchemy import text

from db.engine import Engines


async def write(engines: Engines) -> None:
    async with engines.writing() as session:
        await session.execute(text("UPDATE event_log_head SET position = position + 1"))
        await session.execute(text("SELECT 1"))


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
        async with asyncio.timeout(5):
            await write(engines)
