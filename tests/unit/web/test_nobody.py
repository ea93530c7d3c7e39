"""Who shows no token, or none that is good, is told nothing and changes nothing, whatever root field is asked for."""

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from core.clock import SystemClock
from core.ids import new_id
from core.settings import load
from graph import node_ids
from tests.servers.sqlite import migrated
from tests.unit.graph.places import request_to, required, roots
from web.app import ApiProcess

FIELDS = {f"{operation} {name}": (operation, name, field) for operation, name, field in roots()}
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Authorization": "Bearer hg_unknown"},
    {"Authorization": "Basic YWRtaW46YWRtaW4="},
)
PROTOCOL = "graphql-transport-ws"


class Served:
    """A server that somebody else uses."""

    def __init__(self, url: str, file: Path, client: aiohttp.ClientSession) -> None:
        self.url = url
        self.file = file
        self.client = client

    def digest(self) -> str:
        """One of all rows of all tables."""
        with closing(sqlite3.connect(self.file)) as connection:
            return hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()

    async def over_http(self, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        headers = {"Accept": "application/graphql-response+json, text/event-stream", **headers}
        async with self.client.post(self.url, json=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def over_socket(self, *messages: Any) -> int | None:
        """The code of the close that answers these messages, before anything else."""
        async with self.client.ws_connect(self.url, protocols=[PROTOCOL]) as socket:
            for message in messages:
                await socket.send_json(message)
            answer = await socket.receive()
            assert answer.type is aiohttp.WSMsgType.CLOSE, answer
            return socket.close_code


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    place = tmp_path_factory.mktemp("nobody")
    url = await migrated(place / "heliograph.db")
    settings = load(
        database_url=url,
        port=0,
        secret_key_file=place / "key",
        bootstrap_token="somebody",
    )
    async with ApiProcess.open(settings, SystemClock()) as api, aiohttp.ClientSession() as client:
        yield Served(f"{api.url}/graphql", place / "heliograph.db", client)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", FIELDS)
async def test_nobody_is_told_nothing_and_changes_nothing(served: Served, name: str) -> None:
    given = required(*FIELDS[name], lambda _: node_ids.encode("Campaign", new_id()))
    body = {"query": request_to(*FIELDS[name], given), "variables": given}
    before = served.digest()
    for headers in HEADERS:
        status, told = await served.over_http(body, headers)
        assert (status, "data" in told) == (401, False)
        assert [error["extensions"]["code"] for error in told["errors"]] == ["UNAUTHENTICATED"]
    subscribe = {"id": "1", "type": "subscribe", "payload": body}
    assert await served.over_socket(subscribe) == 4401
    for payload in HEADERS:
        init = {"type": "connection_init", "payload": payload}
        assert await served.over_socket(init, subscribe) == 4403
    assert served.digest() == before
