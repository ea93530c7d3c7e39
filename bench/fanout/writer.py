"""Who has our events: a process that commits them as a worker does, and rings.

The server reads them from the log, as it reads those of any other process. On SQLite, too, if the channel is one that
other processes reach: `python -m bench.fanout.writer DATABASE_URL CHANNEL_URL CAMPAIGN_ID`. It obeys as
`bench/peers/control.py` says; all numbers of one line are one transaction.
"""

import sys
import time
from datetime import datetime
from uuid import UUID

import structlog
import uvloop
from sqlalchemy import select

from bench.peers.control import obey
from bench.peers.told import ETA
from core.clock import SystemClock
from core.settings import load
from db.models import CampaignRow
from db.unit_of_work import Database
from events.campaign_events import CampaignProgress
from events.outbox import record
from vocabulary.access import WORKER
from vocabulary.campaigns import Counts, PhaseKind
from web.foundation import standing


def progress(campaign_id: UUID, number: int) -> CampaignProgress:
    """The event of this number: it stands where `bench/peers/told.py` has it, and the other values are as long."""
    return CampaignProgress(
        campaign_id=campaign_id,
        phase=PhaseKind.DNS_VALIDATION,
        counts=Counts(total=10_000, processed=1234, succeeded=1000, failed=234),
        rate_per_minute=float(number),
        eta_at=datetime.fromisoformat(ETA),
        percent=23.45,
    )


async def owner_of(database: Database, campaign_id: UUID) -> UUID:
    """Whose the campaign is, and with it its events."""
    async with database.engines.reading() as session:
        found = await session.execute(select(CampaignRow.owner_id).where(CampaignRow.id == campaign_id))
        return found.scalar_one()


async def commit(database: Database, campaign_id: UUID, owner_id: UUID, numbers: range) -> float:
    """One transaction with these; gives when it was over."""
    async with database.write() as unit:
        for number in numbers:
            record(unit, progress(campaign_id, number), actor=WORKER, owner_id=owner_id)
    return time.time()


async def write(database_url: str, channel_url: str, campaign_id: UUID) -> None:
    """The process, until it is ended."""
    settings = load(database_url=database_url, channel_url=channel_url)
    async with standing(settings, SystemClock()) as ground:
        owner_id = await owner_of(ground.database, campaign_id)
        await obey(lambda numbers: commit(ground.database, campaign_id, owner_id, numbers))


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    uvloop.run(write(sys.argv[1], sys.argv[2], UUID(sys.argv[3])))
