"""The same campaign, to the same exact verdicts, whatever it runs on, however it is started, whoever dies meanwhile.

Each is held to what the sandbox says of every single name, down to the digits of its score, and so to each other.

On PostgreSQL with Redis there are two API processes and two worker processes, and one of the workers is killed
with `kill -9` while it holds a shard of which it has written down some verdicts and not all.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core.settings import load
from db.engine import Engines
from db.models import ShardRow
from sandbox.sandbox import Sandbox
from tests.e2e.campaigns import START_PHASE, Draft, Pace, make_draft, start
from tests.e2e.client import Client, Json
from tests.e2e.figures import assert_exact
from tests.e2e.product import Api, Process, Product
from tests.e2e.subscriber import LIFE, Subscriber, assert_as_logged, assert_same, kinds
from tests.integration.waiting import until
from tests.servers.redis import RedisServer
from vocabulary.campaigns import PhaseKind
from vocabulary.work import ShardKind, ShardStatus

NAMES = 120
LEASE_SECONDS = 2.0
LOOK_SECONDS = 0.02
WALK_SECONDS = 60

Tell = Callable[[object], None]


async def follow(apis: list[Api], draft: Draft) -> list[Subscriber]:
    """Start a campaign and follow it, at each API, to its end."""
    subscribers = [Subscriber(api.client, LIFE, draft.id, draft.cursor) for api in apis]
    async with asyncio.timeout(100), asyncio.TaskGroup() as tasks:
        for subscriber in subscribers:
            tasks.create_task(subscriber.over_socket())
        await start(apis[0].client, draft)
    return subscribers


async def assert_told(subscribers: list[Subscriber], database_url: str, draft: Draft) -> None:
    """All were told the same, which is what the log holds."""
    first = subscribers[0].events
    await assert_as_logged(first, database_url, draft.id, draft.cursor)
    for subscriber in subscribers:
        assert subscriber.connections == 1
        assert_same(subscriber, first)


def begun(events: list[Json]) -> list[tuple[str, str]]:
    """How each phase began, in order."""
    return [
        (event["__typename"], event["phase"])
        for event in events
        if event["__typename"] in {"PhaseStarted", "PhaseAutoStarted"}
    ]


def place(events: list[Json], kind: str, phase: PhaseKind) -> int:
    """Where this was told of a phase."""
    return [(event["__typename"], event.get("phase")) for event in events].index((kind, phase))


def assert_in_full_sequence(events: list[Json]) -> None:
    """One start begins all; names are fetched while others are looked up, and analysis waits for all pages."""
    first, *others = PhaseKind
    assert begun(events) == [("PhaseStarted", first), *(("PhaseAutoStarted", phase) for phase in others)]
    for phase, behind in pairwise(others[:3]):
        assert place(events, "PhaseAutoStarted", behind) < place(events, "PhaseCompleted", phase)
    for phase, behind in pairwise(others[2:]):
        assert place(events, "PhaseCompleted", phase) < place(events, "PhaseAutoStarted", behind)


async def test_one_process_on_sqlite_and_memory(product: Product, box: Sandbox, tell: Tell) -> None:
    api = await product.serve()
    draft = await make_draft(api.client, box, NAMES, Pace(through_proxies=True))
    subscribers = await follow([api, api], draft)
    assert_in_full_sequence(subscribers[0].events)
    await assert_told(subscribers, f"sqlite+aiosqlite:///{product.folder}/heliograph.db", draft)
    tell(await assert_exact(api.client, draft.id, subscribers[0].events, NAMES))
    tell(dict(kinds(subscribers[0].events)))


async def start_phase(client: Client, draft: Draft, phase: PhaseKind) -> Json:
    """Ask for a phase to be started; how that was answered."""
    answer: Json = (await client.ask(START_PHASE, id=draft.id, phase=phase))["startPhase"]
    return answer


async def walk(client: Client, draft: Draft, subscriber: Subscriber) -> None:
    """Start each phase by itself, as soon as the stream says that the one before is complete."""
    for number, phase in enumerate(PhaseKind, start=1):
        if phase is not PhaseKind.ENRICHMENT:
            refusal = await start_phase(client, draft, PhaseKind.ENRICHMENT)
            assert (refusal["code"], refusal["blockingPhase"]) == ("INVALID_TRANSITION", phase)
        assert (await start_phase(client, draft, phase))["__typename"] == "StartPhasePayload"
        await until(partial(has_rested, subscriber, number), WALK_SECONDS)


def has_rested(subscriber: Subscriber, times: int) -> bool:
    """Whether the campaign was told to wait, or to be complete, so often."""
    return sum(event.get("current") in {"WAITING", "COMPLETED"} for event in subscriber.events) >= times


async def test_step_by_step_with_one_api_and_one_worker_on_postgres_alone(
    tmp_path: Path, postgres_database: str, box: Sandbox, world_settings: dict[str, Any], tell: Tell
) -> None:
    channel = postgres_database.replace("postgresql+asyncpg", "postgres")
    driver = postgres_database.replace("asyncpg", "psycopg")
    settings = {"database_url": driver, "channel_url": channel, **world_settings}
    async with Product(tmp_path / "product", **settings) as product:
        api = await product.serve("--migrate", workers="none")
        await product.work()
        draft = await make_draft(api.client, box, NAMES, Pace(by_steps=True))
        subscriber = Subscriber(api.client, LIFE, draft.id, draft.cursor)
        async with asyncio.timeout(100), asyncio.TaskGroup() as tasks:
            tasks.create_task(subscriber.over_socket())
            await walk(api.client, draft, subscriber)
        await assert_told([subscriber], driver, draft)
        assert begun(subscriber.events) == [("PhaseStarted", phase) for phase in PhaseKind]
        tell(await assert_exact(api.client, draft.id, subscriber.events, NAMES))
        tell(dict(kinds(subscriber.events)))


class Shards:
    """What the database says of the work, read from outside."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def half_done(self, process: Process) -> ShardRow | None:
        """A shard that this process holds, with some verdicts written down and some still to come."""
        name = next(
            line.split()[1] for line in process.log.splitlines() if line.strip().startswith("Worker ")
        )
        async with self._engines.reading() as session:
            held = select(ShardRow).where(
                ShardRow.holder == name,
                ShardRow.status == ShardStatus.LEASED,
                ShardRow.kind != ShardKind.DOMAIN_GENERATION,
                ShardRow.processed > 0,
                ShardRow.processed < ShardRow.upper - ShardRow.lower,
            )
            return (await session.execute(held)).scalars().first()

    async def get(self, shard: ShardRow) -> ShardRow:
        async with self._engines.reading() as session:
            return await session.get_one(ShardRow, shard.id)


@asynccontextmanager
async def shards_of(database_url: str) -> AsyncIterator[Shards]:
    engines = Engines(load(database_url=database_url).database_url)
    yield Shards(engines)
    await engines.close()


async def kill_in_the_middle(process: Process, shards: Shards) -> ShardRow:
    """`kill -9` with a shard half done; it is frozen first, so that it cannot finish between the look and the kill."""
    while True:
        if await shards.half_done(process) is not None:
            process.freeze()
            shard = await shards.half_done(process)
            if shard is not None:
                await process.kill()
                return await shards.get(shard)
            process.thaw()
        await asyncio.sleep(LOOK_SECONDS)


async def test_two_apis_and_two_workers_of_which_one_is_killed(
    tmp_path: Path,
    postgres_database: str,
    redis_server: RedisServer,
    box: Sandbox,
    world_settings: dict[str, Any],
    tell: Tell,
) -> None:
    settings = {
        "database_url": postgres_database,
        "channel_url": redis_server.url,
        "lease_seconds": LEASE_SECONDS,
        "worker_shards": 2,
        **world_settings,
    }
    pace = Pace(dns_rate=20, http_rate=15, dns_batch=20, http_batch=15, through_proxies=True)
    async with Product(tmp_path / "product", **settings) as product, shards_of(postgres_database) as shards:
        first = await product.serve("--migrate", workers="none")
        second, doomed, survivor = await asyncio.gather(
            product.serve(workers="none"), product.work(), product.work()
        )
        draft = await make_draft(first.client, box, NAMES, pace)
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(follow([first, second], draft))
            orphan = await kill_in_the_middle(doomed, shards)
        subscribers = following.result()

        await assert_told(subscribers, postgres_database, draft)
        tell(await assert_exact(second.client, draft.id, subscribers[1].events, NAMES))
        adopted = await shards.get(orphan)
        assert (adopted.status, adopted.fence) == (ShardStatus.DONE, orphan.fence + 1)
        assert adopted.processed == orphan.upper - orphan.lower
        assert survivor.running
        tell(
            f"killed with {orphan.processed} of {orphan.upper - orphan.lower} of a shard of {orphan.kind} written; "
            f"{dict(kinds(subscribers[0].events))} at both"
        )
