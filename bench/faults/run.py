"""One seed: an installation, its audience and its load, faults, and at the end a verdict on every client.

The order at the end is what makes the verdict final: the load stops, everything is healed, the log is read, every
client gets the time to have the last event of its stream as of then, the clients are ended, and the log is read once
more, because workers may still have written.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession, TCPConnector

from bench.faults import audience, figures, stacks
from bench.faults.figures import Figures, Processors
from bench.faults.happening import happen
from bench.faults.schedule import CLIENTS, POSTGRES, SQLITE, Fault, Kind, schedule
from bench.faults.stacks import Stack
from bench.faults.stage import Stage
from bench.fleet import ClientTask, Fleet, GaveUp
from bench.history import Logged, read_log
from bench.load import Load
from bench.load_process import Order, written_beside
from bench.load_writer import writing
from sandbox.sandbox import Sandbox
from tests.e2e.campaigns import start
from tests.e2e.client import Client
from tests.e2e.product import TOKEN

BEGIN_SECONDS = 120.0
# Official clients wait up to half a minute between attempts when the last ones failed.
CATCH_UP_SECONDS = 120.0
OWNER = "admin"
WRITTEN = ("Campaign", "KeywordSet", "ProxyPool", "ScoringProfile")


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a run is. `mutations` of the `rate` commits a second go through the API."""

    rate: float
    mutations: float
    seconds: float = 300.0
    clients: int = 200
    sse: int = 50
    every: float = 5.0


@dataclass(frozen=True)
class Kit:
    """A stack: how it is put up, what can happen to it, and what a run asks of it.

    More commits are asked for than are promised, because none is made while something is out; on SQLite more still,
    where writers of two processes wait for one another. Its mutations have only one process to be carried out in.
    """

    name: str
    put_up: Callable[[Path, dict[str, object]], AbstractAsyncContextManager[Stack]]
    kinds: Sequence[Kind]
    rate: float
    mutations: float


KITS = {
    "postgres": Kit("postgres", stacks.postgres_and_redis, POSTGRES, 230, 30),
    "sqlite": Kit("sqlite", stacks.sqlite_and_memory, SQLITE, 320, 20),
}


@dataclass(frozen=True)
class Scene:
    """Everything of a run that is there while faults happen."""

    stage: Stage
    http: ClientSession
    client: Client
    cast: audience.Cast
    tasks: Sequence[ClientTask]


async def run(kit: Kit, seed: int, size: Size, folder: Path, tell: Callable[[str], None] = print) -> Figures:
    """Run one seed; `folder` keeps all that was recorded."""
    found = Figures(seed)
    await asyncio.to_thread(folder.mkdir, parents=True)
    faults = schedule(seed, size.seconds, kit.kinds, size.every)
    async with _scene(kit, size, folder) as scene:
        stack, fleet = scene.stage.stack, scene.stage.fleet
        begin = (await read_log(stack.database_url))[-1].position
        await _perform(scene, size, faults, found, tell)
        log = await _settle(scene, found)
        found.connections, found.gave_up = figures.connections(fleet), len(fleet.gave_up)
        found.wrong += [f"{name} gave up: {why}" for name, why in fleet.gave_up.items()]
        await fleet.close()
        await _judge(scene, found, log, begin)
    found.complaints = stack.complaints()
    return found


@asynccontextmanager
async def _scene(kit: Kit, size: Size, folder: Path) -> AsyncIterator[Scene]:
    async with (
        Sandbox.open(folder / "sandbox") as box,
        kit.put_up(folder, _settings(box)) as stack,
        ClientSession(connector=TCPConnector(limit=0)) as http,
        writing(stack.database_url, stack.channel_url, OWNER) as place,
    ):
        client = Client(http, stack.urls[0], TOKEN)
        cast = await audience.assemble(client, box, size.seconds)
        tasks = audience.clients(audience.streams(cast), stack.urls, size.clients, size.sse)
        async with Fleet.open(tasks, folder / "fleet") as fleet:
            await fleet.until({task.name: 1 for task in tasks}, BEGIN_SECONDS)
            stage = Stage(stack, fleet, _by_relay(tasks, stack), place, cast.of(*WRITTEN))
            yield Scene(stage, http, client, cast, tasks)


def _settings(box: Sandbox) -> dict[str, object]:
    """Leases that lapse within a run, and a drain that fits between two faults."""
    return {
        "allowed_networks": "127.0.0.0/8",
        "allowed_ports": "1-65535",
        "ca_file": box.ca_file,
        "probe_url": box.probe_url,
        "flush_seconds": 0.1,
        "lease_seconds": 3,
        "shard_attempts": 20,
        "shard_retry_seconds": 1,
        "drain_seconds": 2,
    }


def _by_relay(tasks: Sequence[ClientTask], stack: Stack) -> dict[str, Sequence[str]]:
    return {
        relay: [task.name for task in tasks if task.url.startswith(url)]
        for relay, url in zip(CLIENTS, stack.urls, strict=True)
    }


async def _perform(
    scene: Scene, size: Size, faults: Sequence[Fault], found: Figures, tell: Callable[[str], None]
) -> None:
    """Load and faults, for the time of the run."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for draft in scene.cast.drafts:
        await start(scene.client, draft)

    def told(fault: Fault, hindrance: Exception | None) -> None:
        if hindrance is None:
            found.faults[fault.kind] += 1
            tell(f"  {fault}")
        else:
            found.hindered[fault.kind] += 1
            tell(f"  {fault}: could not be made ({hindrance!r})")

    stage, urls = scene.stage, scene.stage.stack.urls
    async with (
        Processors({}) as processors,
        Load(scene.http, urls, TOKEN, scene.cast.things, size.mutations) as load,
        written_beside(_order(stage, size.rate - size.mutations)) as written,
    ):
        await happen(stage, faults, size.seconds, told)
    found.seconds = loop.time() - began
    found.cpu = {name: round(used / found.seconds, 2) for name, used in sorted(processors.used.items())}
    found.load = f"mutations {load.tally}; written beside {written}"
    found.acknowledged = [*load.tally.acknowledged, *written.acknowledged]
    found.wrong += [
        f"a mutation answered {code} ({count} times)" for code, count in load.tally.surprises.items()
    ]


def _order(stage: Stage, rate: float) -> Order:
    """What is appended beside the mutations."""
    things = [(thing.kind.noun, thing.id) for thing in stage.things]
    return Order(stage.stack.database_url, stage.stack.channel_url, OWNER, things, rate)


async def _settle(scene: Scene, found: Figures) -> list[Logged]:
    """Heal everything and wait for everybody; gives the log as it is then."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    stage = scene.stage
    await stage.stack.heal()
    if stage.stack.redis is None:
        # What another process has written to SQLite is heard of at the next change.
        async with Load(scene.http, stage.stack.urls, TOKEN, scene.cast.things, rate=1000) as last:
            while not last.tally.acknowledged:  # noqa: ASYNC110  It is over when one was acknowledged.
                await asyncio.sleep(0.01)
    log = await read_log(stage.stack.database_url)
    try:
        await stage.fleet.catch_up(log, CATCH_UP_SECONDS)
    except (GaveUp, TimeoutError) as error:
        found.wrong.append(str(error))
    found.catch_up = loop.time() - began
    return log


async def _judge(scene: Scene, found: Figures, log: Sequence[Logged], begin: int) -> None:
    stack, fleet = scene.stage.stack, scene.stage.fleet
    until = log[-1].position
    whole = await read_log(stack.database_url)
    found.events = until - begin
    found.commits = await figures.commits_between(stack.database_url, begin, until)
    found.typical_rate = figures.typical_rate(log, begin)
    found.judged(fleet.judge(whole, until))
    found.latencies = figures.latencies(whole, (fleet.frames(task.name) for task in scene.tasks))
    there = {row.position for row in whole}
    found.lost_acknowledged = sum(position not in there for position in found.acknowledged)
