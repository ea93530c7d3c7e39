"""Two API processes that share a Redis let one principal have together what one of them would."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType

from core.clock import SystemClock
from core.settings import load
from tests.servers.redis import RedisServer
from tests.servers.sqlite import migrated
from web.app import ApiProcess

TOKEN = "a-token-of-the-test"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
REQUESTS, CONNECTIONS = 6, 2


@pytest.fixture
async def processes(tmp_path: Path, redis_server: RedisServer) -> AsyncIterator[list[ApiProcess]]:
    settings = load(
        database_url=await migrated(tmp_path / "heliograph.db"),
        channel_url=redis_server.url,
        workers="none",
        port=0,
        secret_key_file=tmp_path / "heliograph.key",
        bootstrap_token=TOKEN,
        principal_requests=REQUESTS,
        principal_connections=CONNECTIONS,
    )
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(ApiProcess.open(settings, SystemClock())) for _ in range(2)]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers=HEADERS) as http:
        yield http


async def status(http: aiohttp.ClientSession, api: ApiProcess) -> int:
    async with http.post(f"{api.url}/graphql", json={"query": "{ __typename }"}) as answer:
        return answer.status


async def connected(http: aiohttp.ClientSession, api: ApiProcess) -> aiohttp.ClientWebSocketResponse:
    socket = await http.ws_connect(f"{api.url}/graphql", protocols=["graphql-transport-ws"])
    await socket.send_json({"type": "connection_init", "payload": HEADERS})
    return socket


async def test_requests_and_connections_are_counted_over_both(
    processes: list[ApiProcess], http: aiohttp.ClientSession
) -> None:
    one, other = processes
    asked = [await status(http, api) for api in (one, one, other, other, one, other, other, one)]
    assert asked == [200] * REQUESTS + [429, 429]
    sockets = [await connected(http, api) for api in (one, other, other, one)]
    found = [await socket.receive() for socket in sockets]
    assert [each.type for each in found] == [WSMsgType.TEXT] * CONNECTIONS + [WSMsgType.CLOSE] * 2
    assert [each.data for each in found[CONNECTIONS:]] == [4513, 4513]
    for socket in sockets:
        await socket.close()
    async with http.get(f"{one.url}/metrics") as answer:
        assert "\nheliograph_quotas_apart 0.0\n" in await answer.text()
