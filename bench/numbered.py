"""A server on SQLite whose events are numbered: what the benches of fan-out measure, on the full path.

The server is `heliograph serve` as it is installed: tokens, the log, filters, cursors, pings and metrics are all there.
Its events are committed by the process that measures, in the product's own unit of work, and rung over Redis, so that
what the server's processor did is telling, and not committing.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from bench.crowd import Payload
from bench.fanout.writer import progress
from bench.load_things import CAMPAIGN, make
from bench.load_writer import Writing, writing
from bench.peers import told
from bench.processor import processor_seconds
from bench.resident import resident_mb
from bench.servers import own_redis
from events.outbox import record
from graph import node_ids
from tests.e2e.product import Api, Product
from vocabulary.access import WORKER

OWNER = "admin"
FIELDS = told.SELECTED
QUERY = """
subscription ($id: ID!, $after: Cursor) { campaignEvents(campaignId: $id, after: $after) {
  ... on CampaignProgress { FIELDS } ... on StreamReset { reason }
} }
"""

NOBODYS = UUID(int=1)


@dataclass
class Stand:
    """A server that runs, and a writer of its events.

    Attributes:
        product: for starting the server again.
        api: the server.
        number: of the last event of each campaign; the first is 1.
    """

    product: Product
    api: Api
    number: int
    _writing: Writing
    _campaigns: Sequence[str]

    @property
    def url(self) -> str:
        """The schema's address."""
        return f"{self.api.client.url}/graphql"

    @property
    def next(self) -> int:
        """The number of the event that comes next."""
        return self.number + 1

    @property
    def processor_seconds(self) -> float:
        """What the server has used of the processor."""
        return processor_seconds(self.api.process.pid)

    @property
    def resident_kib(self) -> float:
        """What is resident of the server."""
        return resident_mb(self.api.process.pid) * 1024

    def payload(self, campaign: int, selection: str = FIELDS) -> Payload:
        """What a client subscribes with to the so-manieth campaign."""
        return {"query": QUERY.replace("FIELDS", selection), "variables": {"id": self._campaigns[campaign]}}

    async def commit(self, events: int = 1) -> int:
        """Commit so many events of each campaign in one transaction; gives the number of the last."""
        keys = [node_ids.uuid_in(each, CAMPAIGN.noun) for each in self._campaigns]
        async with self._writing.database.write() as unit:
            for number in range(self.number + 1, self.number + 1 + events):
                for key in keys:
                    record(unit, progress(key, number), actor=WORKER, owner_id=self._writing.owner_id)
        self.number += events
        return self.number

    async def commit_elsewhere(self, events: int) -> None:
        """Commit so many events of campaigns that nobody follows."""
        async with self._writing.database.write() as unit:
            for number in range(events):
                record(unit, progress(NOBODYS, number), actor=WORKER, owner_id=self._writing.owner_id)

    async def serve_again(self) -> None:
        """A process more, in the place of one that was killed."""
        self.api = await self.product.serve(workers="none")


@asynccontextmanager
async def numbered(folder: Path, campaigns: int = 1) -> AsyncIterator[Stand]:
    """A server, and so many campaigns, each with the same events."""
    database_url = f"sqlite+aiosqlite:///{folder}/numbered.db"
    async with own_redis(folder) as redis:
        places = {"database_url": database_url, "channel_url": redis.url}
        async with Product(folder / "product", **places) as product:
            api = await product.serve(workers="none")
            made = await make(api.client, CAMPAIGN, campaigns)
            async with writing(database_url, redis.url, OWNER) as place:
                yield Stand(product, api, 0, place, [each.id for each in made])
