"""Faults of transactions: one that takes its positions and holds them while others wait, and one that only holds."""

import asyncio
from contextlib import suppress

from bench.faults.schedule import Fault
from bench.faults.stage import Stage
from bench.load_writer import event_of
from db.repositories import event_log
from db.unit_of_work import UnitOfWork, append_events
from events.outbox import record
from vocabulary.access import WORKER

EVENTS = 3


class _TakenBack(Exception):
    """The transaction is to end without a commit."""


async def late_commit(stage: Stage, fault: Fault) -> None:
    """Take the next positions, let everybody wait, commit, and tell nobody."""
    await _append(stage, fault, commits=True)


async def late_rollback(stage: Stage, fault: Fault) -> None:
    """Take the next positions, let everybody wait, and give them back."""
    await _append(stage, fault, commits=False)


async def _append(stage: Stage, fault: Fault, *, commits: bool) -> None:
    database, owner_id = stage.writing.database, stage.writing.owner_id
    with suppress(_TakenBack):
        async with database.engines.writing() as session:
            unit = UnitOfWork(session=session, now=database.clock.now())
            for number, thing in enumerate(stage.things[:EVENTS]):
                record(unit, event_of(thing)(number), actor=WORKER, owner_id=owner_id)
            await append_events(unit)
            await asyncio.sleep(fault.seconds)
            if not commits:
                raise _TakenBack


async def lock_database(stage: Stage, fault: Fault) -> None:
    """Keep the one lock of a SQLite file, and write nothing."""
    async with stage.writing.database.engines.writing() as session:
        # A transaction begins with its first statement.
        await event_log.head(session)
        await asyncio.sleep(fault.seconds)
