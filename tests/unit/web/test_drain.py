"""A process that is about to stop: who is told, when, and what is still answered."""

import asyncio
import re
from collections import deque
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientWebSocketResponse, WSMsgType

from core.settings import Settings
from live.session import SessionLimits
from tests.fakes.edge import Edge, serving
from tests.fakes.operations import TOKEN
from tests.integration.waiting import until
from web.app import SHUTDOWN_SECONDS
from web.pulse import Patience
from web.traffic import Traffic, look
from workers.runner import CLOSE_SECONDS

ROOT = Path(__file__).parents[3]

TICKS = {"query": "subscription { ticks }"}
HEADERS = {"Authorization": TOKEN}
EVENTS = {**HEADERS, "Accept": "text/event-stream"}
SECONDS = 0.4
BIG = 200_000
LOOP_BUFFERS = 12_000_000
"""More than the kernel keeps for one connection over loopback."""
LATE_SECONDS = 5.0
"""A machine that is busy with other tests is late, and that is no fault of ours."""


async def connect(edge: Edge, count: int = 1) -> list[ClientWebSocketResponse]:
    clients = []
    for _ in range(count):
        client = await edge.client.ws_connect(edge.graphql, protocols=["graphql-transport-ws"])
        await client.send_json({"type": "connection_init", "payload": {"Authorization": TOKEN}})
        assert (await client.receive(30)).type is WSMsgType.TEXT
        clients.append(client)
    await until(lambda: len(edge.peers) >= count)
    return clients


async def listen(edge: Edge, padding: int = 0) -> ClientResponse:
    body = {**TICKS, "variables": {"after": 0, "padding": padding}} if padding else TICKS
    return await edge.client.post(edge.graphql, json=body, headers=EVENTS)


async def stuck(edge: Edge) -> None:
    """Return when the only one who follows has taken nothing of what waits for it for a hundred looks."""
    (peer,) = edge.peers._open
    seen: deque[Traffic] = deque(maxlen=100)

    def is_stuck() -> bool:
        seen.append(look(peer.transport))
        return len(seen) == seen.maxlen and len(set(seen)) == 1 and seen[0].waiting > 0

    await until(is_stuck)


async def end_of(client: ClientWebSocketResponse) -> tuple[float, int | None]:
    """When a socket is closed, and with which code."""
    while (message := await client.receive(30)).type is WSMsgType.TEXT:
        pass
    assert message.type is WSMsgType.CLOSE
    return asyncio.get_running_loop().time(), client.close_code


async def test_sockets_are_closed_one_by_one_over_the_time(edge: Edge) -> None:
    clients = await connect(edge, 4)
    start = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as tasks:
        ends = [tasks.create_task(end_of(client)) for client in clients]
        tasks.create_task(edge.peers.drain(SECONDS))
    times = [end.result()[0] - start for end in ends]
    assert {end.result()[1] for end in ends} == {1012}
    for index, time in enumerate(times):
        assert index * SECONDS / 4 - 0.001 <= time <= index * SECONDS / 4 + LATE_SECONDS
    assert len(edge.peers) == 0
    assert edge.sample("connections_dropped_total", reason="drained") == 4


async def test_event_streams_end_without_complete(edge: Edge) -> None:
    responses = [await listen(edge) for _ in range(2)]
    await until(lambda: edge.sample("frames_delivered_total", field="ticks") == 2)
    await edge.peers.drain(0.02)
    for response in responses:
        text = await response.text()
        assert text.startswith("retry: 1000\n\nevent: next\n")
        assert "complete" not in text


async def test_a_process_with_nobody_does_not_wait(edge: Edge) -> None:
    async with asyncio.timeout(30):
        await edge.peers.drain(600)


async def test_nobody_waits_for_one_who_has_left_meanwhile(edge: Edge) -> None:
    clients = await connect(edge, 3)
    draining = asyncio.get_running_loop().create_task(edge.peers.drain(0.3))
    await asyncio.sleep(0)
    for client in clients:
        await client.close()
    await draining
    assert (edge.sample("connections_dropped_total", reason="drained") or 0) <= 1


async def test_the_time_is_over_when_nobody_is_left(edge: Edge) -> None:
    clients = await connect(edge, 3)
    draining = asyncio.get_running_loop().create_task(edge.peers.drain(600))
    await until(lambda: len(edge.peers) == 2)
    for client in clients:
        await client.close()
    async with asyncio.timeout(30):
        await draining


async def test_a_reader_that_takes_nothing_is_not_waited_for_long() -> None:
    patience = Patience(ping_seconds=60, slow_seconds=60, close_seconds=0.2)
    for way in ("drain", "stop"):
        async with serving(patience=patience) as edge:
            frozen = await listen(edge, padding=BIG)
            edge.hub.publish(*"a" * (LOOP_BUFFERS // BIG))
            await stuck(edge)
            async with asyncio.timeout(4):
                await (edge.peers.drain(0) if way == "drain" else edge.runner.cleanup())
            await until(lambda: len(edge.peers) == 0)
            frozen.close()


async def test_who_begins_to_follow_at_the_end_is_asked_to_come_back(edge: Edge) -> None:
    edge.operations.deaf = True
    responses = [asyncio.get_running_loop().create_task(listen(edge)) for _ in range(2)]
    await until(lambda: len(edge.operations.callers) == 2)
    stopping = asyncio.get_running_loop().create_task(edge.runner.cleanup())
    await until(lambda: edge.groups.closed)
    edge.operations.gate.set()
    for response in responses:
        answer = await response
        assert (answer.status, await answer.text()) == (200, "retry: 1000\n\n")
    await stopping


async def test_it_is_not_ready_and_no_place_to_follow_anything_but_answers(edge: Edge) -> None:
    await edge.peers.drain(0)
    async with edge.client.get(f"{edge.url}/readyz") as answer:
        assert (answer.status, (await answer.json())["status"]) == (503, "draining")
    late = await edge.client.ws_connect(edge.graphql, protocols=["graphql-transport-ws"])
    assert (await end_of(late))[1] == 1012
    response = await listen(edge)
    assert (response.status, response.content_type) == (200, "text/event-stream")
    assert await response.text() == "retry: 1000\n\n"
    async with edge.client.post(edge.graphql, json={"query": "{ hello }"}, headers=HEADERS) as answer:
        assert (await answer.json()) == {"data": {"hello": "world"}}
        assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json, text/event-stream"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_in_an_outage_who_follows_is_asked_to_come_back(edge: Edge, method: str, accept: str) -> None:
    for token, out in ((TOKEN, True), ("Bearer unknowable", False)):
        edge.operations.out = out
        headers = {"Authorization": token, "Accept": accept}
        options = {"params": TICKS} if method == "GET" else {"json": TICKS}
        async with edge.client.request(method, edge.graphql, headers=headers, **options) as answer:  # type: ignore[arg-type]
            assert (answer.status, answer.content_type) == (200, "text/event-stream")
            assert await answer.text() == "retry: 1000\n\n"


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
async def test_and_who_asks_is_told_that_there_is_one(edge: Edge, accept: str) -> None:
    headers = {"Authorization": "Bearer unknowable", "Accept": accept}
    for query in ("{ hello }", "{"):
        async with edge.client.post(edge.graphql, json={"query": query}, headers=headers) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert (await answer.json())["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


async def test_the_end_of_the_process_is_not_in_the_way_of_a_running_mutation() -> None:
    async with serving() as edge:
        (client,) = await connect(edge)
        await client.send_json({"type": "subscribe", "id": "1", "payload": {"query": "{ slow }"}})
        await until(lambda: edge.operations.counts["slow"] == 1)
        draining = asyncio.get_running_loop().create_task(edge.peers.drain(0))
        await until(lambda: edge.peers.draining)
        edge.operations.gate.set()
        assert [(await client.receive_json())["type"] for _ in range(2)] == ["next", "complete"]
        assert (await end_of(client))[1] == 1012
        await draining


def test_the_time_that_is_documented_for_a_process_to_stop_is_enough() -> None:
    """With the database hanging, workers wait three times in a row, and aiohttp twice."""
    text = (ROOT / "docs" / "streams.md").read_text()
    told = {int(seconds) for seconds in re.findall(r"(?:--time |PeriodSeconds: |TimeoutStopSec=)(\d+)", text)}
    sockets = SessionLimits().leave_seconds + Patience().close_seconds
    window = Settings.model_fields["drain_seconds"].default
    assert told == {window + sockets + 2 * SHUTDOWN_SECONDS + 3 * CLOSE_SECONDS}
