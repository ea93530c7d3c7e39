"""The opening of a subscription may take as long as a query, on every transport; an outage is waited out."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse
from sqlalchemy import text
from structlog.testing import capture_logs

from bench.relay import Relay
from graph import node_ids, reading
from services.pools import PoolDraft
from tests.integration.relayed import TOKEN, connected, serving
from tests.integration.waiting import until
from web.app import ApiProcess

SECONDS = 0.3
TOLD = {"code": "LIMIT_EXCEEDED", "limit": SECONDS, "limitName": "querySeconds"}
SNAPSHOT = "subscription { resourceEvents(kinds: [KEYWORD_SET]) { __typename } }"
AUTHORISING = 'subscription { proxyEvents(poolId: "%s") { __typename } }'
OUT_SECONDS = 60


@pytest.fixture
async def api(wire: Relay, postgres_url: str, tmp_path: Path) -> AsyncIterator[ApiProcess]:
    async with serving(wire, postgres_url, tmp_path, query_seconds=SECONDS) as api:
        yield api


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        yield http


async def follow(socket: ClientWebSocketResponse, ident: str, query: str) -> Any:
    """Subscribe; the first message about it."""
    await socket.send_json({"type": "subscribe", "id": ident, "payload": {"query": query}})
    message = await socket.receive_json(timeout=30)
    assert message["id"] == ident
    return message


async def passed(api: ApiProcess, http: ClientSession) -> float:
    async with http.get(f"{api.url}/metrics") as answer:
        line = 'heliograph_limits_passed_total{limit="querySeconds"} '
        return float((await answer.text()).partition(line)[2].partition("\n")[0])


async def of_a_pool(api: ApiProcess) -> str:
    """A subscription that looks for its pool before it begins."""
    caller = await api.services.principals.authenticate(TOKEN)
    made = await api.services.pools.create(caller, PoolDraft("one"))
    return AUTHORISING % node_ids.encode("ProxyPool", made.value)


async def test_a_snapshot_that_takes_too_long_is_told_on_its_id_and_the_socket_lives_on(
    api: ApiProcess, http: ClientSession
) -> None:
    socket = await connected(api, http)
    async with api.ground.engines.writing() as session:
        await session.execute(text("LOCK TABLE keyword_sets IN ACCESS EXCLUSIVE MODE"))
        message = await follow(socket, "slow", SNAPSHOT)
        assert (message["type"], message["payload"][0]["extensions"]) == ("error", TOLD)
        # Another begins meanwhile, on the same socket.
        other = await follow(socket, "other", "subscription { activity { __typename } }")
        assert other["payload"]["data"] == {"activity": {"__typename": "ActivitySnapshot"}}
    again = await follow(socket, "slow", SNAPSHOT)
    assert again["payload"]["data"] == {"resourceEvents": {"__typename": "ResourceSnapshot"}}
    assert await passed(api, http) == 1


async def test_a_statement_that_is_given_up_each_time_is_not_tried_for_ever(
    monkeypatch: pytest.MonkeyPatch, api: ApiProcess, http: ClientSession
) -> None:
    """A single one that takes too long looks like an outage, while the database answers others."""
    monkeypatch.setattr(reading, "TRANSACTION_SECONDS", 0.6 * SECONDS)
    socket = await connected(api, http)
    with capture_logs() as logs:
        async with api.ground.engines.writing() as session:
            await session.execute(text("LOCK TABLE keyword_sets IN ACCESS EXCLUSIVE MODE"))
            message = await follow(socket, "slow", SNAPSHOT)
    assert (message["type"], message["payload"][0]["extensions"]) == ("error", TOLD)
    assert "stream_waits" in [each["event"] for each in logs]


async def test_so_is_an_authorising_that_takes_too_long(api: ApiProcess, http: ClientSession) -> None:
    query = await of_a_pool(api)
    socket = await connected(api, http)
    async with api.ground.engines.writing() as session:
        await session.execute(text("LOCK TABLE proxy_pools IN ACCESS EXCLUSIVE MODE"))
        message = await follow(socket, "slow", query)
        assert (message["type"], message["payload"][0]["extensions"]) == ("error", TOLD)
    again = await follow(socket, "slow", query)
    assert again["payload"]["data"] == {"proxyEvents": {"__typename": "ProxySnapshot"}}
    assert await passed(api, http) == 1


@pytest.mark.parametrize(("table", "looks_first"), [("keyword_sets", False), ("proxy_pools", True)])
async def test_an_event_stream_has_it_for_its_last_result(
    api: ApiProcess, http: ClientSession, table: str, looks_first: bool
) -> None:
    query = await of_a_pool(api) if looks_first else SNAPSHOT
    async with api.ground.engines.writing() as session:
        await session.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        accept = {"Accept": "text/event-stream"}
        async with http.post(f"{api.url}/graphql", json={"query": query}, headers=accept) as answer:
            events = (await answer.text()).split("\n\n")
    assert [each.partition("\n")[0] for each in events if each] == [
        "retry: 1000",
        "event: next",
        "event: complete",
    ]
    assert '"limitName":"querySeconds"' in events[1]
    assert await passed(api, http) == 1


@pytest.mark.parametrize("looks_first", [False, True])
async def test_an_outage_is_waited_out_however_long_it_is(
    monkeypatch: pytest.MonkeyPatch, api: ApiProcess, wire: Relay, http: ClientSession, looks_first: bool
) -> None:
    # Many times what the opening may take; it is when an outage is known for one.
    monkeypatch.setattr(reading, "TRANSACTION_SECONDS", 10 * SECONDS)
    query = await of_a_pool(api) if looks_first else SNAPSHOT
    socket = await connected(api, http)
    with capture_logs() as logs:
        wire.stall(OUT_SECONDS)
        await socket.send_json({"type": "subscribe", "id": "stream", "payload": {"query": query}})
        await until(lambda: any(each["event"] == "stream_waits" for each in logs))
        wire.heal()
    message = await socket.receive_json(timeout=60)
    assert message["type"] == "next", message
    assert "Snapshot" in str(message["payload"]["data"])
    assert await passed(api, http) == 0
