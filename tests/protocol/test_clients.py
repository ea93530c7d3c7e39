"""Official clients ask, change, follow, are cut off, and come back by themselves to all that happened meanwhile.

Those of npm are in one process of Node (`tests/clients/perform.mjs`); Python's `gql` is in this one. All are cut off at
once, by a relay before the server, and a change is made while nobody can come back. What each received is compared
with the log.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from gql import Client, GraphQLRequest, gql
from gql.client import AsyncClientSession
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from gql.transport.exceptions import TransportError

from bench.history import activity, position_of, read_log
from bench.relay import Relay
from tests.clients.node import Program
from tests.integration.waiting import until
from tests.protocol.served import TOKEN, product

CREATE = """
mutation ($name: String!) {
  createKeywordSet(input: { name: $name, rules: [{ pattern: "wind" }] }) {
    __typename ... on CreateKeywordSetPayload { cursor }
  }
}
"""
FOLLOW = "subscription ($after: Cursor) { activity(after: $after) { ... on StreamEvent { cursor } } }"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
OFFICIAL = (
    "graphql-ws",
    "graphql-sse",
    "graphql-sse, single connection",
    "Apollo Client",
    "urql",
    "EventSource",
)
PYTHON = "Python gql"
Json = dict[str, Any]


class Stage:
    """A server behind a relay that cuts off whoever came through it."""

    def __init__(self, folder: Path, url: str, relay: Relay) -> None:
        self._database = f"sqlite+aiosqlite:///{folder}/heliograph.db"
        self._direct = f"{url}/graphql"
        self._relay = relay
        self.url = f"http://127.0.0.1:{relay.port}/graphql"

    async def change_unheard(self, name: str) -> str:
        """Cut everybody off, make a change, and let them come back; the change's cursor."""
        self._relay.refuse(60)
        self._relay.cut()
        body = {"query": CREATE, "variables": {"name": name}}
        async with ClientSession(headers=HEADERS) as client, client.post(self._direct, json=body) as answer:
            cursor: str = (await answer.json())["data"]["createKeywordSet"]["cursor"]
        self._relay.heal()
        return cursor

    async def positions(self, begun: str, last: str) -> Sequence[int]:
        """What the log has of the activity between two cursors, the second included."""
        after, until = position_of(begun), position_of(last)
        concerns = activity()
        log = await read_log(self._database)
        return [row.position for row in log if after < row.position <= until and concerns(row)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("clients")
    async with product(folder) as api, Relay(("127.0.0.1", urlsplit(api.url).port or 0)) as relay:
        yield Stage(folder, api.url, relay)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def found(stage: Stage) -> Json:
    """What became of each client."""
    async with Program.started("perform.mjs", url=stage.url, token=TOKEN) as program:
        assert await program.hear() == "cut"
        await program.say(await stage.change_unheard("official"))
        told: Json = await program.result()
    told[PYTHON] = await follow_with_gql(stage)
    return told


async def follow_with_gql(stage: Stage) -> Json:
    """The same with `gql`, which asks over HTTP and over a WebSocket, and follows over the latter."""
    url = stage.url.replace("http", "ws")
    over_socket = Client(transport=AIOHTTPWebsocketsTransport(url, init_payload=HEADERS))
    cursors: list[str] = []
    async with Client(transport=AIOHTTPTransport(stage.url, headers=HEADERS)) as http:
        begun = (await http.execute(gql("{ cursor }")))["cursor"]
        async with over_socket as session:
            assert (await session.execute(gql("{ cursor }")))["cursor"] == begun
            following = asyncio.get_running_loop().create_task(_follow(session, begun, None, cursors))
            await http.execute(_request(CREATE, name="python 1"))
            await until(lambda: len(cursors) == 1)
            await stage.change_unheard("python away")
            with pytest.raises(TransportError):
                await following
        last = (await http.execute(_request(CREATE, name="python 2")))["createKeywordSet"]["cursor"]
        async with over_socket as session:
            await _follow(session, cursors[-1], last, cursors)
    return {"begun": begun, "last": last, "cursors": cursors, "cameBack": True}


def _request(query: str, **variables: object) -> GraphQLRequest:
    return GraphQLRequest(query, variable_values=variables)


async def _follow(session: AsyncClientSession, after: str, last: str | None, cursors: list[str]) -> None:
    """Note the cursors of all frames after one, until one that is to come."""
    async with asyncio.timeout(30), aclosing(session.subscribe(_request(FOLLOW, after=after))) as frames:
        async for frame in frames:
            cursors.append(frame["activity"]["cursor"])
            if cursors[-1] == last:
                break


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=pytest.mark.clause(
                "Clients", name, "query, mutation, subscription, and a return that misses nothing"
            ),
            id=name,
        )
        for name in (*OFFICIAL, PYTHON)
    ],
)
async def test_has_all_of_it_once_and_in_order(stage: Stage, found: Json, name: str) -> None:
    told = found[name]
    assert "error" not in told, told["error"]
    positions = [position_of(cursor) for cursor in told["cursors"]]
    expected = await stage.positions(told["begun"], told["last"])
    assert positions[: len(expected)] == expected
    assert len(expected) >= 3
    assert told["cameBack"]


def test_there_are_no_others(found: Json) -> None:
    assert tuple(found) == (*OFFICIAL, PYTHON)
