"""Clients that are dead, frozen or slow, at real sockets: what becomes of them, and that nobody else notices."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.client_reqrep import ClientResponse
from structlog.testing import capture_logs

from tests.fakes.edge import Edge, serving
from tests.fakes.operations import TOKEN
from tests.integration.waiting import until
from web.peers import Dropped
from web.pulse import Patience, Pulse

PATIENCE = Patience(ping_seconds=0.4, slow_seconds=60)
IMPATIENCE = Patience(ping_seconds=60, slow_seconds=0.4, close_seconds=0.4)
LATE_SECONDS = 5.0
"""A machine that is busy with other tests is late, and that is no fault of ours."""
BIG = 200_000
LOOP_BUFFERS = 12_000_000
"""More than the kernel keeps for one connection over loopback."""


def subscriptions(edge: Edge) -> float:
    return edge.sample("subscriptions", field="ticks") or 0


async def connect(edge: Edge, **options: Any) -> ClientWebSocketResponse:
    client: ClientWebSocketResponse = await edge.client.ws_connect(
        edge.graphql, protocols=["graphql-transport-ws"], max_msg_size=0, **options
    )
    await client.send_json({"type": "connection_init", "payload": {"Authorization": TOKEN}})
    assert (await client.receive(30)).type is WSMsgType.TEXT
    return client


async def follow(edge: Edge, padding: int = 0, after: int = 0, **options: Any) -> ClientWebSocketResponse:
    client = await connect(edge, **options)
    before = subscriptions(edge)
    payload = {"query": "subscription { ticks }", "variables": {"after": after, "padding": padding}}
    await client.send_json({"type": "subscribe", "id": "1", "payload": payload})
    await until(lambda: subscriptions(edge) > before)
    return client


async def follow_events(edge: Edge, padding: int = 0) -> ClientResponse:
    body = {"query": "subscription { ticks }", "variables": {"after": 0, "padding": padding}}
    headers = {"Authorization": TOKEN, "Accept": "text/event-stream"}
    response: ClientResponse = await edge.client.post(edge.graphql, json=body, headers=headers)
    await until(lambda: subscriptions(edge) == 1)
    return response


def dropped(edge: Edge, reason: Dropped) -> float:
    return edge.sample("connections_dropped_total", reason=reason.value) or 0


async def gone(edge: Edge, reason: Dropped, seconds: float = 30) -> float:
    """When somebody has been dropped for this reason: how many seconds from now."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    await until(lambda: dropped(edge, reason) == 1, seconds)
    await until(lambda: len(edge.peers) == 0)
    return loop.time() - start


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    async with serving(patience=PATIENCE) as edge:
        yield edge


@pytest.fixture
async def impatient() -> AsyncIterator[Edge]:
    async with serving(patience=IMPATIENCE) as edge:
        yield edge


@pytest.fixture
async def indulgent() -> AsyncIterator[Edge]:
    """Gives who was too slow as long to wake as a busy machine may need."""
    async with serving(patience=Patience(ping_seconds=60, slow_seconds=0.4, close_seconds=30)) as edge:
        yield edge


async def test_a_client_that_answers_pings_stays(edge: Edge) -> None:
    client = await connect(edge, autoping=False)
    for _ in range(4):
        message = await client.receive(30)
        assert message.type is WSMsgType.PING
        await client.pong(message.data)
    assert dropped(edge, Dropped.DEAD) == 0


async def test_one_that_does_not_is_gone_within_two_pings(edge: Edge) -> None:
    client = await connect(edge, autoping=False)
    assert await gone(edge, Dropped.DEAD) <= 2 * PATIENCE.ping_seconds + LATE_SECONDS
    types = [(await client.receive(30)).type for _ in range(2)]
    assert types[0] is WSMsgType.PING
    assert types[1] in {WSMsgType.CLOSED, WSMsgType.ERROR}


async def test_a_frozen_one_is_dead_although_its_kernel_takes_what_trickles(edge: Edge) -> None:
    frozen = await follow(edge, autoping=False)
    publishing = asyncio.get_running_loop().create_task(gone(edge, Dropped.DEAD))
    while not publishing.done():
        edge.hub.publish(*"a" * 10)
        await asyncio.sleep(0.01)
    assert await publishing <= 2 * PATIENCE.ping_seconds + LATE_SECONDS
    # Some eighty times as a rule, and on a machine that hardly gets to it more than twice.
    assert (edge.sample("frames_delivered_total", field="ticks") or 0) > 20
    await frozen.close()


async def test_a_ping_of_the_client_is_answered_with_its_data(edge: Edge) -> None:
    client = await connect(edge, autoping=False)
    await client.ping(b"here")
    while (message := await client.receive(30)).type is WSMsgType.PING:
        await client.pong(message.data)
    assert (message.type, message.data) == (WSMsgType.PONG, b"here")


async def test_one_that_takes_nothing_is_dropped_and_delays_nobody(impatient: Edge) -> None:
    edge = impatient
    slow = await follow(edge, BIG)
    brisk = await follow(edge)
    edge.hub.publish(*"a" * (LOOP_BUFFERS // BIG))
    for position in range(1, LOOP_BUFFERS // BIG + 1):
        message = await brisk.receive(30)
        assert f'"event":{position}' in message.data
    await until(lambda: dropped(edge, Dropped.SLOW) == 1)
    delivered = edge.sample("frame_bytes_delivered_total", field="ticks")
    assert delivered is not None
    assert delivered < LOOP_BUFFERS
    edge.hub.publish("a")
    assert '"event"' in (await brisk.receive(30)).data
    # A close that nobody takes does not keep the connection either.
    server = edge.runner.server
    assert server is not None
    await until(lambda: len(server.connections) == 1)
    await slow.close()


async def test_one_that_wakes_in_time_is_told_4510_after_what_was_on_its_way(indulgent: Edge) -> None:
    edge = indulgent
    client = await follow(edge, BIG)
    edge.hub.publish(*"a" * (LOOP_BUFFERS // BIG))
    await until(lambda: dropped(edge, Dropped.SLOW) == 1)
    frames = 0
    while (message := await client.receive(30)).type is WSMsgType.TEXT:
        frames += 1
    assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 4510, "Too slow")
    assert 0 < frames < LOOP_BUFFERS // BIG
    again = await follow(edge, BIG, after=frames)
    assert f'"event":{frames + 1}' in (await again.receive(30)).data


async def test_one_that_reads_slowly_but_steadily_stays_and_is_pinged_late(impatient: Edge) -> None:
    edge = impatient
    client = await follow(edge, BIG)
    count = LOOP_BUFFERS // BIG
    edge.hub.publish(*"a" * count)
    loop = asyncio.get_running_loop()
    start = loop.time()
    for position in range(1, count + 1):
        assert f'"event":{position}' in (await client.receive(30)).data
        await asyncio.sleep(0.03)
    assert loop.time() - start > 3 * IMPATIENCE.slow_seconds
    assert dropped(edge, Dropped.SLOW) == 0


async def test_a_client_of_replies_that_takes_nothing_is_too_slow_as_well(impatient: Edge) -> None:
    edge = impatient
    client = await connect(edge)

    async def ask() -> None:
        while True:
            await client.send_json({"type": "ping", "payload": {"x": "y" * BIG}})

    asking = asyncio.get_running_loop().create_task(ask())
    await until(lambda: dropped(edge, Dropped.SLOW) == 1)
    asking.cancel()
    await asyncio.wait({asking})


async def test_an_event_stream_that_takes_nothing_is_dropped(impatient: Edge) -> None:
    edge = impatient
    response = await follow_events(edge, BIG)
    edge.hub.publish(*"a" * (LOOP_BUFFERS // BIG))
    await gone(edge, Dropped.SLOW)
    with pytest.raises(aiohttp.ClientError):
        await response.read()


async def test_a_silent_event_stream_stays(edge: Edge) -> None:
    response = await follow_events(edge)
    for expected in (b"retry: 1000", b":", b":", b":"):
        assert await response.content.readuntil(b"\n\n") == expected + b"\n\n"
    assert dropped(edge, Dropped.DEAD) == 0


class Broken:
    """Conforms to `web.peers.Peer`; nothing can be seen of it."""

    pulse = Pulse(PATIENCE, 0, answers=True)
    listening = False

    @property
    def transport(self) -> asyncio.Transport:
        raise RuntimeError("broken")

    async def ping(self) -> None:
        raise AssertionError

    async def give_up(self) -> None:
        raise AssertionError

    async def leave(self) -> None:
        raise AssertionError

    async def hang_up(self) -> None:
        raise RuntimeError("broken")


async def test_one_that_cannot_be_looked_at_does_not_keep_the_others_from_it(edge: Edge) -> None:
    with capture_logs() as logs:
        broken = Broken()
        edge.peers.watch(broken)
        silent = await connect(edge, autoping=False)
        await until(lambda: dropped(edge, Dropped.DEAD) == 1)
        await edge.peers.close()
        await silent.close()
        edge.peers.left(broken)
    assert {each["event"] for each in logs if each["log_level"] == "error"} == {"peer_failed"}


async def test_nobody_looks_when_nobody_is_there(edge: Edge) -> None:
    client = await connect(edge)
    await client.close()
    await until(lambda: len(edge.peers) == 0)
    await until(lambda: len(edge.peers._tasks) == 0)
    await connect(edge)
    assert len(edge.peers._tasks) == 1


def test_the_kernel_drops_who_takes_nothing_of_a_plain_answer_too() -> None:
    from web.addresses import listen  # noqa: PLC0415

    with listen("127.0.0.1", 0, 7.5) as listening, socket.create_connection(listening.getsockname()):
        listening.setblocking(True)
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 7500
