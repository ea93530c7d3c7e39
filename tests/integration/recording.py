"""The smallest change with an event that tests of the log can make."""

from uuid import UUID

from core.ids import new_id
from db.unit_of_work import Database, UnitOfWork
from events.campaign_events import CampaignCreated
from events.outbox import record
from vocabulary.access import SYSTEM


def note(unit: UnitOfWork, name: str) -> UUID:
    """Record one event that carries `name`."""
    ident = new_id()
    record(unit, CampaignCreated(campaign_id=ident, name=name), actor=SYSTEM, owner_id=None)
    return ident


async def commit(database: Database, *names: str) -> int:
    """One transaction with an event for each name; its position."""
    async with database.write() as unit:
        for name in names:
            note(unit, name)
    return unit.position
