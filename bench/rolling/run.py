"""One run: start everything, replace both processes under load, and let the judge look."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from aiohttp import ClientSession, TCPConnector

from bench import history
from bench.faults.audience import Stream, clients
from bench.fleet import ClientTask, Fleet, GaveUp
from bench.history import read_log
from bench.load import Load, Tally
from bench.load_things import CAMPAIGN, Thing, make
from bench.rolling.balancer import Balancer
from bench.rolling.figures import STATEMENTS, Found, Storm, hole, totals
from bench.servers import own_postgres, own_redis
from graph import node_ids
from tests.e2e.product import TOKEN, Api, Product

BEGIN_SECONDS = 120.0
CATCH_UP_SECONDS = 60.0
END_SECONDS = 60.0
"""What an orchestrator gives a process to end, by its own default (Kubernetes: 30 s), and more on a busy machine."""
EVERYTHING = 10
"""How many follow all activity; the others follow one campaign each."""


@dataclass(frozen=True)
class Size:
    """How much of everything; `drain_seconds` None is the setting's default.

    `calm_seconds` is waited before and after each process is replaced: as long as clients take to be back.
    """

    sockets: int = 1000
    sources: int = 50
    rate: float = 50.0
    streams: int = 20
    drain_seconds: float | None = None
    calm_seconds: float = 5.0


@dataclass
class Installation:
    """What is restarted, and what stays."""

    database_url: str
    product: Product
    balancer: Balancer
    apis: list[Api]

    async def add(self, *flags: str) -> Api:
        """One process more, and whoever comes may be sent to it."""
        api = await self.product.serve(*flags, workers="none")
        self.balancer.add(api.client.url)
        self.apis.append(api)
        return api

    async def end(self, api: Api) -> None:
        """SIGTERM, until it has ended, and ended well."""
        self.apis.remove(api)
        await api.process.stop(signal.SIGTERM, END_SECONDS)
        await api.process.end()
        self.balancer.remove(api.client.url)


@dataclass(frozen=True)
class Servers:
    """What an installation stands on."""

    database_url: str
    channel_url: str

    @classmethod
    @asynccontextmanager
    async def own(cls, folder: Path) -> AsyncIterator["Servers"]:
        """A PostgreSQL and a Redis that nobody else uses."""
        async with own_postgres(folder) as postgres, own_redis(folder) as redis:
            yield cls((await postgres.create_database()).sqlalchemy_url(), redis.url)


@asynccontextmanager
async def installation(folder: Path, size: Size, servers: Servers) -> AsyncIterator[Installation]:
    """Two API processes and a worker."""
    settings = {
        "database_url": servers.database_url,
        "channel_url": servers.channel_url,
        "drain_seconds": size.drain_seconds,
    }
    async with Product(folder / "product", **settings) as product, Balancer.open() as balancer:
        place = Installation(servers.database_url, product, balancer, [])
        await place.add("--migrate")
        await asyncio.gather(place.add(), product.work())
        yield place


async def run(
    size: Size, folder: Path, servers: Servers, soon: Mapping[str, str] | None = None
) -> tuple[Found, Tally]:
    """All that was found; what `soon` says stands for what the documents show of clients."""
    async with (
        installation(folder, size, servers) as place,
        ClientSession(connector=TCPConnector(limit=0)) as http,
    ):
        things = await make(place.apis[0].client, CAMPAIGN, size.streams)
        tasks = audience(things, size, place.balancer.url)
        found = Found(streams=len({(task.query, str(task.variables)) for task in tasks}))
        async with Fleet.open(tasks, folder / "fleet", soon) as fleet:
            await fleet.until({task.name: 1 for task in tasks}, BEGIN_SECONDS)
            async with Load(http, [place.balancer.url], TOKEN, things, size.rate) as load:
                for api in tuple(place.apis):
                    found.storms.append(await replaced(place, api, http, fleet, size.calm_seconds))
                await asyncio.sleep(size.calm_seconds)
            await judge(place, fleet, tasks, found, load.tally)
    return found, load.tally


async def replaced(
    place: Installation, old: Api, http: ClientSession, fleet: Fleet, calm_seconds: float
) -> Storm:
    """Replace a process; what the others counted until it had ended, and everybody was back."""
    calm = await counted_during(place.apis, http, asyncio.sleep(calm_seconds))
    others = [api for api in place.apis if api is not old]
    connections = await connected(fleet)
    began = asyncio.get_running_loop().time()
    counts = await counted_during(others, http, left(place, old, calm_seconds))
    seconds = asyncio.get_running_loop().time() - began
    came_back = await connected(fleet) - connections
    await place.add()
    print(f"  replaced after {seconds:.1f} s", flush=True)
    return Storm(counts, seconds, came_back, calm[STATEMENTS] / calm_seconds)


async def left(place: Installation, old: Api, calm_seconds: float) -> None:
    """A process has ended, and its clients have had the time to be back."""
    await place.end(old)
    await asyncio.sleep(calm_seconds)


async def connected(fleet: Fleet) -> int:
    """How many connections all clients have made until now."""
    await fleet.positions()
    return sum(fleet.connections.values())


async def counted_during(
    apis: Sequence[Api], http: ClientSession, what: Awaitable[None]
) -> Mapping[str, float]:
    """By how much the counts of these processes grow while something goes on."""
    before = await counted(apis, http)
    await what
    after = await counted(apis, http)
    return {name: after[name] - before.get(name, 0.0) for name in after}


async def counted(apis: Sequence[Api], http: ClientSession) -> Mapping[str, float]:
    """What these processes have counted."""
    found: dict[str, float] = {}
    for api in apis:
        async with http.get(f"{api.client.url}/metrics") as answer:
            for name, value in totals(await answer.text()).items():
                found[name] = found.get(name, 0.0) + value
    return found


def audience(things: list[Thing], size: Size, url: str) -> list[ClientTask]:
    """Most follow one campaign each, some everything."""
    one_each = [
        Stream(f"campaign {number}", "campaignEvents", {"id": thing.id}, history.campaign_events(_key(thing)))
        for number, thing in enumerate(things)
    ]
    everything = [Stream("everything", "activity", {}, history.activity())]
    few = min(EVERYTHING, size.sockets)
    return clients(everything, [url], few, 0) + clients(one_each, [url], size.sockets - few, size.sources)


def _key(thing: Thing) -> UUID:
    return node_ids.uuid_in(thing.id, "Campaign")


async def judge(
    place: Installation, fleet: Fleet, tasks: list[ClientTask], found: Found, tally: Tally
) -> None:
    """See what each client has, and what became of every commit that was acknowledged."""
    log = await read_log(place.database_url)
    try:
        await fleet.catch_up(log, CATCH_UP_SECONDS)
    except (GaveUp, TimeoutError) as error:
        found.wrong.append(str(error))
    found.gave_up = fleet.gave_up
    await fleet.close()
    there = {row.position for row in log}
    found.lost = sum(position not in there for position in tally.acknowledged)
    found.verdicts = fleet.judge(log, log[-1].position)
    found.wrong += [str(verdict) for verdict in found.verdicts if not verdict.clean]
    found.holes = [hole(log, fleet.frames(task.name)) for task in tasks]
