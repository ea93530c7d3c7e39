"""The servers that are compared: how each is started, where its subscribers go, and how it is told to publish."""

import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import msgspec

from bench.fanout.audience import Place, Publish
from bench.fleet.fleet import NODE
from bench.load_things import CAMPAIGN, make
from bench.peers import told
from bench.peers.control import Control
from bench.peers.raw_aiohttp import shared_ids
from bench.servers import own_redis
from graph import node_ids
from tests.e2e.product import TOKEN, Product
from tests.servers.process import Launch, ServerProcess

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "bench" / "peers"
START_SECONDS = 60.0
PORTS = re.compile(r"^\{.*\}$(?=\n)", re.MULTILINE)
OURS = "heliograph"
DOCUMENT = f"""
subscription ($id: ID!) {{ campaignEvents(campaignId: $id) {{ ... on CampaignProgress {{ {told.SELECTED} }} }} }}
"""


@dataclass
class Running:
    """A server that runs.

    Attributes:
        place: where its subscribers go.
        pids: of the processes whose time is its own. Of ours it is one, and who commits is another.
        publish: has events published.
        log: what it has written; it may know why a connection has ended.
        numbers: of the events, which go on over all audiences.
    """

    place: Place
    pids: Sequence[int]
    publish: Publish
    log: Callable[[], str]
    numbers: Iterator[int] = field(default_factory=partial(count, 1))


Start = Callable[[Path], AbstractAsyncContextManager[Running]]


@asynccontextmanager
async def ours(folder: Path) -> AsyncIterator[Running]:
    """A real `heliograph serve` on SQLite, with its defaults, and who commits the events beside it."""
    async with own_redis(folder) as redis:
        url = f"sqlite+aiosqlite:///{folder}/heliograph.db"
        async with Product(folder / "product", database_url=url, channel_url=redis.url) as product:
            api = await product.serve("--migrate", workers="none")
            (campaign,) = await make(api.client, CAMPAIGN, 1)
            key = str(node_ids.uuid_in(campaign.id, CAMPAIGN.noun))
            place = Place(
                port=int(api.client.url.rpartition(":")[2]),
                document=DOCUMENT,
                variables={"id": campaign.id},
                token=TOKEN,
                snapshots=True,
            )
            command = [sys.executable, "-m", "bench.fanout.writer", url, redis.url, key]
            async with (
                obeying(command, folder / "writer.log") as (_, ports),
                Control.reach(ports["control"]) as control,
            ):
                yield Running(place, [api.process.pid], control.publish, lambda: api.process.log)


@asynccontextmanager
async def peer(command: Sequence[str], place: Callable[[int], Place], folder: Path) -> AsyncIterator[Running]:
    """A server that obeys."""
    log = folder / "peer.log"
    async with (
        obeying(command, log) as (process, ports),
        Control.reach(ports["control"]) as control,
    ):
        yield Running(place(ports["port"]), [process.pid], control.publish, log.read_text)


@asynccontextmanager
async def obeying(
    command: Sequence[str], log: Path
) -> AsyncIterator[tuple[ServerProcess, Mapping[str, int]]]:
    """A process, and the ports that it has told when it was ready; it is killed at the end."""
    log.parent.mkdir(parents=True, exist_ok=True)
    process = ServerProcess(Launch(command, log=log, env={"PYTHONPATH": str(ROOT)}))

    async def ready() -> bool:
        return bool(_told(log))

    try:
        await process.wait_until(ready, START_SECONDS)
        yield process, _told(log)
    finally:
        await process.kill()


def _told(log: Path) -> Mapping[str, int]:
    """What it has told, nothing before the line is there in whole; before it there may be warnings."""
    found = PORTS.search(log.read_text())
    return {} if found is None else msgspec.json.decode(found[0], type=dict[str, int])


def graphql(port: int) -> Place:
    """A peer that speaks the protocol."""
    return Place(port, document=told.DOCUMENT)


def raw(port: int) -> Place:
    """A peer that hears nothing."""
    return Place(port, speaks=False, ids=shared_ids)


def python(module: str, place: Callable[[int], Place]) -> Start:
    """A peer that is a module of `bench/peers`."""
    return partial(peer, [sys.executable, "-m", f"bench.peers.{module}"], place)


def node(program: str) -> Start:
    """A peer that is a program of `bench/peers`."""
    return partial(peer, [str(NODE), str(PEERS / program)], graphql)


STOCK, GRAPHQL_WS, MERCURIUS = "stock-strawberry", "graphql-ws", "mercurius"
AIOHTTP, UVLOOP = "raw-aiohttp", "raw-uvloop"

CONTESTANTS: Mapping[str, Start] = {
    OURS: ours,
    STOCK: python("stock", graphql),
    GRAPHQL_WS: node("graphql_ws.mjs"),
    MERCURIUS: node("mercurius.mjs"),
    AIOHTTP: python("raw_aiohttp", raw),
    UVLOOP: python("raw_uvloop", raw),
}


@asynccontextmanager
async def started(starts: Mapping[str, Start]) -> AsyncIterator[Mapping[str, Running]]:
    """All of these, at once."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heliograph-fanout-")))
        entering = [stack.enter_async_context(start(folder / name)) for name, start in starts.items()]
        # All are waited for, so that those which did start are ended where one did not.
        servers = await asyncio.gather(*entering, return_exceptions=True)
        for each in servers:
            if isinstance(each, BaseException):
                raise each
        yield {name: each for name, each in zip(starts, servers, strict=True) if isinstance(each, Running)}
