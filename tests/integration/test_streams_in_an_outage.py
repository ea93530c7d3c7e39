"""The database is gone: who follows something stays or comes back by itself, and who asks is told at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from bench.relay import Relay
from tests.integration.relayed import TOKEN, connected, serving
from web.app import ApiProcess

FOLLOW = "subscription { resourceEvents(kinds: [KEYWORD_SET]) { __typename } }"
OUT_SECONDS = 60


@pytest.fixture
async def api(wire: Relay, postgres_url: str, tmp_path: Path) -> AsyncIterator[ApiProcess]:
    async with serving(wire, postgres_url, tmp_path) as api:
        yield api


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        yield http


async def send(client: ClientWebSocketResponse, ident: str, query: str) -> None:
    await client.send_json({"type": "subscribe", "id": ident, "payload": {"query": query}})


async def receive(client: ClientWebSocketResponse, ident: str) -> dict[str, Any]:
    message: dict[str, Any] = await client.receive_json(timeout=30)
    assert message["id"] == ident, message
    return message


def lose(wire: Relay) -> None:
    wire.refuse(OUT_SECONDS)
    wire.cut()


async def test_a_subscription_that_begins_on_an_open_socket_waits(
    api: ApiProcess, wire: Relay, http: ClientSession
) -> None:
    client = await connected(api, http)
    lose(wire)
    await send(client, "stream", FOLLOW)
    await send(client, "query", "{ keywordSets(first: 1) { edges { node { id } } } }")
    told = await receive(client, "query")
    assert told["payload"]["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert (await receive(client, "query"))["type"] == "complete"
    wire.heal()
    frame = await receive(client, "stream")
    assert frame["payload"]["data"]["resourceEvents"]["__typename"] == "ResourceSnapshot"


async def test_an_event_stream_is_asked_to_come_back_and_then_begins(
    api: ApiProcess, wire: Relay, http: ClientSession
) -> None:
    headers = {"Accept": "text/event-stream"}
    lose(wire)
    async with http.get(f"{api.url}/graphql", params={"query": FOLLOW}, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        assert await answer.text() == "retry: 1000\n\n"
    wire.heal()
    async with asyncio.timeout(30):
        while True:
            async with http.get(f"{api.url}/graphql", params={"query": FOLLOW}, headers=headers) as answer:
                await answer.content.readuntil(b"\n\n")
                if (await answer.content.readline()).startswith(b"event: next"):
                    break
