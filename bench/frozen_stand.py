"""One installation of `bench/frozen.py`: a server, a writer of its events, its clients, and perhaps a frozen one."""

import asyncio
import os
import signal
import time
from bisect import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Self
from uuid import UUID

from bench.deliveries import deliveries
from bench.fleet import ClientTask, Fleet
from bench.history import Concerns, Logged, Verdict, activity
from bench.resident import resident_mb
from bench.servers import own_redis
from core.clock import SystemClock
from core.settings import load
from db.unit_of_work import Database
from events.outbox import record
from events.resource_events import KeywordSetUpdated
from graph import node_ids
from tests.e2e.product import Api, Product
from tests.servers.postgres import PostgresServer
from vocabulary.access import SYSTEM
from web.foundation import standing

EVENTS_PER_COMMIT = 10
CLIENTS_PER_THING = 5
WATCH_ALL = 5
"""How many follow everything, the frozen one included; it shares what is executed with the others."""
WARM_UP = 12_000
"""More than a process keeps in memory of the newest events, so that what grows afterwards is not the window."""
BEGIN_SECONDS = 60.0
SETTLE_SECONDS = 120.0
QUERY = """
subscription ($id: ID, $after: Cursor) {
  activity(filter: { entityId: $id }, after: $after) { __typename ... on ActivityAdded { activity { kind summary } } }
}
"""


@dataclass(frozen=True)
class Scale:
    """How much of everything; `clients` counts the frozen one, and `slices` how often the installations take turns."""

    events: int
    rate: int
    clients: int
    slices: int

    @property
    def things(self) -> list[UUID]:
        """What events are about, each followed by a few clients."""
        count = (self.clients - WATCH_ALL) // CLIENTS_PER_THING
        return [UUID(int=number) for number in range(1, count + 1)]

    def __str__(self) -> str:
        few = len(self.things) * CLIENTS_PER_THING
        return (
            f"{few + WATCH_ALL}: {WATCH_ALL} follow all events, the frozen one among them, and {few} follow one of"
            f" {len(self.things)} things, {CLIENTS_PER_THING} each"
        )


class Stand:
    """One installation."""

    def __init__(self, scale: Scale, api: Api, database_url: str, database: Database, folder: Path) -> None:
        self.database_url = database_url
        self._scale = scale
        self._api = api
        self._database = database
        self._folder = folder
        self._last: dict[UUID | None, int] = {}
        self._written = 0
        self._slices: list[tuple[int, int]] = []
        self._resident_mb: list[float] = []
        self._fleet: Fleet
        self._frozen: Fleet | None = None

    def __repr__(self) -> str:
        return f"<Stand {self._folder.name}, {self._written} events, {self._resident_mb[-1]:.1f} MB>"

    @classmethod
    async def open(
        cls,
        stack: AsyncExitStack,
        folder: Path,
        postgres: PostgresServer,
        scale: Scale,
        settings: Mapping[str, object],
    ) -> Self:
        """Start everything, and warm it up; `stack` ends it."""
        redis = await stack.enter_async_context(own_redis(folder))
        url = (await postgres.create_database()).sqlalchemy_url()
        places = {"database_url": url, "channel_url": redis.url}
        product = await stack.enter_async_context(Product(folder / "product", **places, **settings))
        api = await product.serve("--migrate", workers="none")
        writer = await stack.enter_async_context(standing(load(**places), SystemClock()))
        stand = cls(scale, api, url, writer.database, folder)
        stand._fleet = await stack.enter_async_context(Fleet.open(stand._others(), folder / "others"))
        await stand._fleet.until({task.name: 1 for task in stand._others()}, BEGIN_SECONDS)
        await stand._write(WARM_UP)
        stand._resident_mb.append(resident_mb(api.process.pid))
        return stand

    def _others(self) -> list[ClientTask]:
        all_of_it = [self._task(f"all {number}", None) for number in range(WATCH_ALL - 1)]
        shares = [
            self._task(f"{thing.int} {number}", thing)
            for thing in self._scale.things
            for number in range(CLIENTS_PER_THING)
        ]
        return all_of_it + shares

    def _task(self, name: str, thing: UUID | None) -> ClientTask:
        return ClientTask(
            name=name,
            kind="ws",
            url=f"{self._api.client.url}/graphql",
            token=self._api.client.token,
            query=QUERY,
            variables={} if thing is None else {"id": node_ids.encode("KeywordSet", thing)},
            stream=activity() if thing is None else _about(thing),
        )

    async def freeze_one(self, stack: AsyncExitStack) -> None:
        """Let one client more follow everything, and stop its process as soon as it has begun."""
        task = self._task("frozen", None)
        self._frozen = await stack.enter_async_context(Fleet.open([task], self._folder / "frozen"))
        stack.push_async_callback(self._thaw)
        await self._frozen.until({task.name: 1}, BEGIN_SECONDS)
        os.kill(self._frozen.pid, signal.SIGSTOP)

    async def _thaw(self) -> None:
        if self._frozen is not None:
            os.kill(self._frozen.pid, signal.SIGCONT)

    async def wake(self, seconds: float) -> float:
        """Wake it, and wait until it has everything; gives how long that took, in seconds."""
        assert self._frozen is not None
        began = time.monotonic()
        await self._thaw()
        await self._frozen.until({"frozen": self._last[None]}, seconds)
        return time.monotonic() - began

    async def flow(self, count: int) -> None:
        """One slice: so many events, at the rate, until everybody who is awake has them."""
        first = self._last[None] + 1
        await self._write(count)
        self._slices.append((first, self._last[None]))
        self._resident_mb.append(resident_mb(self._api.process.pid))

    async def _write(self, count: int) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(0, count, EVENTS_PER_COMMIT):
            await asyncio.sleep(began + number / self._scale.rate - loop.time())
            await self._commit()
        await self._fleet.until(
            {task.name: self._last[_thing_of(task)] for task in self._others()}, SETTLE_SECONDS
        )

    async def _commit(self) -> None:
        things = self._scale.things
        told = [things[(self._written + number) % len(things)] for number in range(EVENTS_PER_COMMIT)]
        async with self._database.write() as unit:
            for thing in told:
                event = KeywordSetUpdated(
                    keyword_set_id=thing, name="Frozen", rule_count=1, changed=("name",)
                )
                record(unit, event, actor=SYSTEM, owner_id=None)
        first = unit.position - EVENTS_PER_COMMIT + 1
        self._last |= {thing: first + number for number, thing in enumerate(told)}
        self._last[None] = unit.position
        self._written += EVENTS_PER_COMMIT

    @property
    def growth_mb(self) -> float:
        """How much more memory the server has resident now than before the first slice, in megabytes."""
        return self._resident_mb[-1] - self._resident_mb[0]

    @property
    def dropped(self) -> Counter[str]:
        """How many connections the server ended by itself, by the reason."""
        entries = self._api.process.entries()
        return Counter(str(each["reason"]) for each in entries if each["event"] == "peer_dropped")

    def latencies(self, log: Sequence[Logged]) -> list[list[float]]:
        """How long each frame took to those who were awake, slice by slice, in milliseconds, ascending."""
        starts = [first for first, _ in self._slices]
        slices: list[list[float]] = [[] for _ in starts]
        for each in deliveries(log, *(self._fleet.frames(task.name) for task in self._others())):
            if starts[0] <= each.position <= self._slices[-1][1]:
                slices[bisect(starts, each.position) - 1].append(each.seconds * 1000)
        return [sorted(each) for each in slices]

    def judge(self, log: Sequence[Logged]) -> list[Verdict]:
        """The verdict on everybody."""
        fleets = [self._fleet] if self._frozen is None else [self._fleet, self._frozen]
        return [verdict for fleet in fleets for verdict in fleet.judge(log, log[-1].position)]


@cache
def _about(thing: UUID) -> Concerns:
    return partial(_is_about, thing)


def _is_about(thing: UUID, row: Logged) -> bool:
    return row.entity_id == thing


def _thing_of(task: ClientTask) -> UUID | None:
    ident = task.variables.get("id")
    return None if ident is None else node_ids.uuid_in(ident, "KeywordSet")
