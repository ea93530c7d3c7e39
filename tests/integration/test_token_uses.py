"""Whichever way somebody comes, it is known afterwards when their token was used, on either database."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.clock import SettableClock
from core.settings import Settings, load
from db.engine import Engines
from db.unit_of_work import Database
from services.principals import Principals
from tests.fakes.bell import RecordingBell
from vocabulary.access import Role
from web.app import ApiProcess

ME = {"query": "{ me { token { name lastUsedAt } } }"}
FOLLOW = {"query": "subscription { activity { __typename } }"}
RENEW = """mutation ($at: DateTime!) {
  renewToken(input: { expiresAt: $at }) { __typename ... on RenewTokenPayload { token { lastUsedAt } } } }"""


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load(database_url=database_url, port=0, secret_key_file=tmp_path / "key", bootstrap_token="first")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def token(api: ApiProcess, name: str) -> dict[str, str]:
    """What a request with a new token has, or the payload of `connection_init`."""
    made, _ = await api.services.principals.create_token("admin", name, Role.ADMIN)
    return {"Authorization": f"Bearer {made}"}


async def connected(
    http: aiohttp.ClientSession, api: ApiProcess, payload: dict[str, str]
) -> aiohttp.ClientWebSocketResponse:
    socket = await http.ws_connect(f"{api.url}/graphql", protocols=["graphql-transport-ws"])
    await socket.send_json({"type": "connection_init", "payload": payload})
    assert (await socket.receive_json())["type"] == "connection_ack"
    return socket


async def kept(url: str) -> dict[str, datetime | None]:
    """When each token was used, as it is after the process has ended."""
    engines = Engines(url)
    found = await Principals(Database(engines, RecordingBell(), SettableClock())).list_tokens()
    await engines.close()
    return {info.name: info.last_used_at for info in found}


async def test_every_way_to_come_is_a_use(
    database_url: str, settings: Settings, http: aiohttp.ClientSession
) -> None:
    clock = SettableClock()
    began = clock.now()
    async with ApiProcess.open(settings, clock) as api:
        address = f"{api.url}/graphql"
        post, get, sse = [await token(api, name) for name in ("post", "get", "sse")]
        async with http.post(address, json=ME, headers=post) as answer:
            # The answer does not wait for it to be written.
            assert (await answer.json())["data"] == {"me": {"token": {"name": "post", "lastUsedAt": None}}}
        clock.advance(1)
        async with http.get(address, params=ME, headers=get) as answer:
            assert answer.status == 200
        clock.advance(1)
        accept = {"Accept": "text/event-stream"}
        async with http.post(address, json=FOLLOW, headers={**sse, **accept}) as answer:
            assert (answer.status, answer.content_type) == (200, "text/event-stream")
        clock.advance(1)
        await connected(http, api, await token(api, "socket"))
        await token(api, "never")
    assert await kept(database_url) == {
        "bootstrap": None,
        "never": None,
        "post": began,
        **{
            name: began + timedelta(seconds=place)
            for place, name in enumerate(("get", "sse", "socket"), start=1)
        },
    }


async def test_to_renew_a_token_over_a_socket_is_a_use(
    database_url: str, settings: Settings, http: aiohttp.ClientSession
) -> None:
    clock = SettableClock()
    began = clock.now()
    async with ApiProcess.open(settings, clock) as api:
        socket = await connected(http, api, await token(api, "socket"))
        clock.advance(120)
        variables = {"at": (clock.now() + timedelta(days=1)).isoformat()}
        ask: dict[str, Any] = {"query": RENEW, "variables": variables}
        await socket.send_json({"id": "1", "type": "subscribe", "payload": ask})
        renewed = (await socket.receive_json())["payload"]["data"]["renewToken"]
        assert renewed["__typename"] == "RenewTokenPayload"
    assert (await kept(database_url))["socket"] == began + timedelta(seconds=120)
