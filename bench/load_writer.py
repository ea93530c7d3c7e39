"""A writer beside the product's own: it appends events as the product does, at a rate that mutations are too dear for.

A mutation is several statements, a payload that is read back, and GraphQL around it; what streams promise is about
the log alone. So most of a load is written here, by the same unit of work with the same announcement and the same ring,
from a process that no fault kills. On SQLite with a channel inside the API process nobody hears such a ring: it is a
doorbell that is always lost, and what was committed is told with the next change (`web/sole_process.py`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count, cycle
from uuid import UUID

from bench.load import MOST_ARREARS_SECONDS, Tally
from bench.load_things import CAMPAIGN, KEYWORD_SET, POOL, PROFILE, Thing
from core.clock import SystemClock
from core.errors import Unavailable
from core.settings import load as load_settings
from core.tasks import Owner
from db.engine import Engines
from db.repositories import principals
from db.unit_of_work import Database
from events.campaign_events import CampaignUpdated
from events.doorbell import Doorbell
from events.event import EventType
from events.outbox import record
from events.pool_events import ProxyPoolUpdated
from events.resource_events import KeywordSetUpdated
from events.scoring_events import ScoringProfileUpdated
from graph import node_ids
from vocabulary.access import WORKER

WRITERS = 4


@dataclass(frozen=True)
class Writing:
    """What a writer needs: the database, and whose the events are."""

    database: Database
    owner_id: UUID


@asynccontextmanager
async def writing(database_url: str, channel_url: str, owner: str) -> AsyncIterator[Writing]:
    """A process's place in an installation: its connections, and its bell.

    Args:
        database_url: of a migrated database.
        channel_url: where to ring.
        owner: the name of the principal whose the events are.
    """
    engines = Engines(load_settings(database_url=database_url).database_url)
    bell = Doorbell(channel_url, "writer")
    await bell.start()
    async with engines.reading() as session:
        row = await principals.find_by_name(session, owner)
    if row is None:
        raise LookupError(f"There is no principal called {owner}.")
    try:
        yield Writing(Database(engines, bell, SystemClock()), row.id)
    finally:
        await bell.close()
        await engines.close()


class Writer:
    """Commits one event after another for as long as its block lasts; `tally` says how that ended.

    Args:
        where: the installation.
        things: what the events are about, in turn.
        rate: commits a second, on average.
    """

    def __init__(self, where: Writing, things: Sequence[Thing], rate: float) -> None:
        self._where = where
        self._events = cycle([event_of(thing) for thing in things])
        self._pause = WRITERS / rate
        self._numbers = count(1)
        self._over = asyncio.Event()
        self._owner = Owner("writer")
        self.tally = Tally()

    async def __aenter__(self) -> "Writer":
        self._tasks = [self._owner.start(self._write_on(number), f"{number}") for number in range(WRITERS)]
        return self

    async def __aexit__(self, *_rest: object) -> None:
        self._over.set()
        await asyncio.gather(*self._tasks)
        await self._owner.close()

    async def _write_on(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + number * self._pause / WRITERS
        while not await self._over_before(due):
            await self._write()
            due = max(due, loop.time() - MOST_ARREARS_SECONDS) + self._pause

    async def _over_before(self, due: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await self._over.wait()
        return self._over.is_set()

    async def _write(self) -> None:
        make = next(self._events)
        try:
            async with self._where.database.write() as unit:
                record(unit, make(next(self._numbers)), actor=WORKER, owner_id=self._where.owner_id)
        except Unavailable:
            # Only its commit, if it came so far, is in doubt, and the log knows.
            self.tally.in_doubt += 1
            # A database that refuses at once would be asked without a pause.
            await asyncio.sleep(self._pause)
        else:
            self.tally.acknowledged.append(unit.position)


def event_of(thing: Thing) -> Callable[[int], EventType]:
    """What tells that a thing was changed for the so-manieth time.

    Raises:
        LookupError: the writer knows no event of this kind.
    """
    key = node_ids.uuid_in(thing.id, thing.kind.noun)
    name, text = "Load", (thing.kind.text,)
    makers: dict[str, Callable[[int], EventType]] = {
        CAMPAIGN.noun: lambda n: CampaignUpdated(
            campaign_id=key, name=f"{name} {n}", changed=text, version=n
        ),
        KEYWORD_SET.noun: lambda n: KeywordSetUpdated(
            keyword_set_id=key, name=name, rule_count=1, changed=text, version=n
        ),
        POOL.noun: lambda n: ProxyPoolUpdated(
            pool_id=key, name=name, member_count=0, changed=text, version=n
        ),
        PROFILE.noun: lambda n: ScoringProfileUpdated(profile_id=key, name=name, changed=text, version=n),
    }
    return makers[thing.kind.noun]
