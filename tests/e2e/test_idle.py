"""An idle client sees nothing but its socket: for a minute the server is asked nothing, and asks its database nothing.

Statements are counted where they cannot hide: on PostgreSQL in the log of the database server, which is told to write
down every statement on this database; on SQLite, which has no server, in the debug log of the process. Both counts are
shown to count, before the minute and after it. Both stacks are idle in the same minute.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from sandbox.sandbox import Sandbox
from tests.e2e.campaigns import Pace, make_draft, start
from tests.e2e.client import Client, Wire
from tests.e2e.product import Api, Process, Product
from tests.e2e.subscriber import LIFE, Subscriber
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

IDLE_SECONDS = 60
REST_SECONDS = 1
LOOK_SECONDS = 0.05
NAMES = 20

EVERYTHING = (
    "subscription Everything { activity { __typename ... on ActivityAdded { activity { summary } } } }"
)
CREATE = """
mutation {
  createKeywordSet(input: { name: "After a minute", rules: [{ pattern: "sun" }] }) { __typename }
}
"""


@dataclass(frozen=True)
class Counts:
    """How much was asked of the server and of the database, in all."""

    requests: int
    statements: int


class Stack:
    """Running processes, and how to count what is asked of them and of their database."""

    def __init__(self, api: Api, processes: Sequence[Process], statements: Callable[[], int]) -> None:
        self.client: Client = api.client
        self._processes = processes
        self._statements = statements

    def counts(self) -> Counts:
        requests = sum(_entries(process, "request") for process in self._processes)
        return Counts(requests, self._statements())


def _entries(process: Process, event: str) -> int:
    return sum(entry.get("event") == event for entry in process.entries())


async def at_rest(stack: Stack) -> Counts:
    """What has been counted when all that was still going on is over: a socket's end, a worker's last look for work."""
    loop = asyncio.get_running_loop()
    found, since = stack.counts(), loop.time()
    async with asyncio.timeout(30):
        while loop.time() - since < REST_SECONDS:
            await asyncio.sleep(LOOK_SECONDS)
            if (now := stack.counts()) != found:
                found, since = now, loop.time()
    return found


async def stay_idle(stack: Stack) -> Counts:
    """Hold a socket for a minute; what was counted meanwhile. Then the socket must be alive."""
    async with stack.client.over_socket(EVERYTHING, {}) as wire:
        snapshot = await _next(wire)
        assert snapshot["__typename"] == "ActivitySnapshot"
        before = await at_rest(stack)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(IDLE_SECONDS):
                await wire.next()
        after = stack.counts()
        assert before.statements > 0

        async with asyncio.timeout(30):
            await stack.client.change("createKeywordSet", CREATE)
            added = await _next(wire)
        assert "After a minute" in added["activity"]["summary"]
        assert stack.counts().requests == after.requests + 1
        assert stack.counts().statements > after.statements
    return Counts(after.requests - before.requests, after.statements - before.statements)


async def _next(wire: Wire) -> dict[str, Any]:
    data = await wire.next()
    assert data is not None
    event: dict[str, Any] = data["activity"]
    return event


async def run_a_campaign(client: Client, box: Sandbox) -> None:
    """So that everything that works has worked, and has come to rest."""
    draft = await make_draft(client, box, NAMES, Pace(through_proxies=True))
    subscriber = Subscriber(client, LIFE, draft.id, draft.cursor)
    await start(client, draft)
    async with asyncio.timeout(30):
        await subscriber.over_socket()


async def idle_on_sqlite(product: Product, box: Sandbox) -> Counts:
    """One process with embedded workers."""
    api = await product.serve(log_level="debug")
    await run_a_campaign(api.client, box)
    return await stay_idle(Stack(api, [api.process], lambda: _entries(api.process, "statement")))


async def idle_on_postgres(product: Product, box: Sandbox, log: Path) -> Counts:
    """An API process and a worker process."""
    api = await product.serve("--migrate", workers="none")
    worker = await product.work()
    await run_a_campaign(api.client, box)
    return await stay_idle(Stack(api, [api.process, worker], lambda: _statements(log)))


def _statements(log: Path) -> int:
    # A prepared statement is written as "execute NAME: …", any other as "statement: …".
    with log.open() as lines:
        return sum("LOG:  execute" in line or "LOG:  statement:" in line for line in lines)


@pytest.mark.timeout(180)
async def test_a_minute_of_silence(
    tmp_path: Path,
    product: Product,
    postgres_server: PostgresServer,
    redis_server: RedisServer,
    box: Sandbox,
    world_settings: dict[str, Any],
    tell: Callable[[object], None],
) -> None:
    database = await postgres_server.create_database()
    connection = await asyncpg.connect(postgres_server.url)
    await connection.execute(f"ALTER DATABASE \"{database.name}\" SET log_statement = 'all'")
    await connection.close()
    settings = {
        "database_url": database.sqlalchemy_url(),
        "channel_url": redis_server.url,
        **world_settings,
    }
    async with Product(tmp_path / "postgres-product", **settings) as other, asyncio.TaskGroup() as tasks:
        one = tasks.create_task(idle_on_sqlite(product, box))
        two = tasks.create_task(idle_on_postgres(other, box, postgres_server.log))
    await postgres_server.drop_database(database)
    tell(f"SQLite and memory: {one.result()}; PostgreSQL and Redis: {two.result()}; in {IDLE_SECONDS} s")
    assert one.result() == two.result() == Counts(requests=0, statements=0)
