"""Real sockets: what is written in one go, beside what aiohttp writes by itself, and to peers that are full or gone."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMessage, WSMsgType
from structlog.testing import capture_logs

from tests.fakes.edge import Edge, serving
from tests.fakes.operations import TOKEN
from tests.integration.waiting import until
from tests.protocol.raw import Opcode, frame
from web.pulse import Patience
from web.socket import SocketPeer

SIZES = [0, 80, 90, 100, 300, 65_400, 65_500, 65_600, 200_000]


async def connect(edge: Edge, **options: Any) -> ClientWebSocketResponse:
    client: ClientWebSocketResponse = await edge.client.ws_connect(
        edge.graphql, protocols=["graphql-transport-ws"], max_msg_size=0, **options
    )
    await client.send_json({"type": "connection_init", "payload": {"Authorization": TOKEN}})
    assert (await client.receive(5)).type is WSMsgType.TEXT
    return client


async def follow(edge: Edge, client: ClientWebSocketResponse, ident: str = "1", padding: int = 0) -> None:
    before = subscriptions(edge)
    payload = {"query": "subscription { ticks }", "variables": {"after": 0, "padding": padding}}
    await client.send_json({"type": "subscribe", "id": ident, "payload": payload})
    await until(lambda: subscriptions(edge) > before)


def subscriptions(edge: Edge) -> float:
    return edge.sample("subscriptions", field="ticks") or 0


async def heard(client: ClientWebSocketResponse) -> WSMessage:
    return await client.receive(5)


async def position(client: ClientWebSocketResponse) -> int:
    told: int = (await heard(client)).json()["payload"]["data"]["event"]
    return told


@pytest.mark.parametrize("padding", SIZES)
async def test_a_client_reads_frames_of_any_size(edge: Edge, padding: int) -> None:
    client = await connect(edge)
    await follow(edge, client, padding=padding)
    edge.hub.publish(*"aaa")
    assert [await position(client) for _ in range(3)] == [1, 2, 3]


async def test_pongs_stand_between_frames_and_never_in_one(edge: Edge) -> None:
    client = await connect(edge, autoping=False)
    await follow(edge, client, padding=3000)

    async def publish() -> None:
        for _ in range(200):
            edge.hub.publish(*"aaaa")
            await client.ping(b"there?")
            await asyncio.sleep(0)

    publishing = asyncio.get_running_loop().create_task(publish())
    seen: list[int] = []
    pongs = 0
    while len(seen) < 800 or pongs < 200:
        message = await heard(client)
        if message.type is WSMsgType.PONG:
            assert message.data == b"there?"
            pongs += 1
        else:
            seen.append(message.json()["payload"]["data"]["event"])
    await publishing
    assert seen == [*range(1, 801)]


async def test_nothing_follows_a_close(edge: Edge) -> None:
    client = await connect(edge, autoclose=False)
    await follow(edge, client)
    await client.send_str("no message")
    edge.hub.publish("a")
    types = []
    while (message := await heard(client)).type is not WSMsgType.CLOSED:
        types.append(message.type)
        if message.type is WSMsgType.CLOSE:
            edge.hub.publish(*"aaa")
            await client.close()
    assert types[-1] is WSMsgType.CLOSE
    assert client.close_code == 4400


async def test_one_that_goes_amid_a_round_is_missed_by_nobody(edge: Edge) -> None:
    clients = [await connect(edge) for _ in range(5)]
    for client in clients:
        await follow(edge, client)
    goes = clients.pop(2)
    transport = goes._response.connection.transport  # type: ignore[union-attr]
    edge.hub.publish("a")
    transport.abort()  # type: ignore[union-attr]
    edge.hub.publish("a")
    for client in clients:
        assert [await position(client) for _ in range(2)] == [1, 2]
    await until(lambda: subscriptions(edge) == 4)


async def test_a_full_transport_gets_nothing_more_until_it_is_emptied() -> None:
    async with serving(patience=Patience(ping_seconds=60, slow_seconds=60)) as edge:
        client = await connect(edge, autoping=False)
        await follow(edge, client, padding=100_000)
        connection = client._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.pause_reading()
        # Beyond what the kernel keeps for one connection over loopback.
        edge.hub.publish(*"a" * 200)
        await until(lambda: "full" in sessions(edge))
        (peer,) = edge.peers._open
        waiting = peer.transport.get_write_buffer_size()
        edge.hub.publish(*"a" * 100)
        await until(lambda: "1 ready" in sessions(edge))
        assert 0 < peer.transport.get_write_buffer_size() <= waiting
        connection.transport.resume_reading()
        assert [await position(client) for _ in range(300)] == [*range(1, 301)]
        assert "full" not in sessions(edge)
        await client.close()


def sessions(edge: Edge) -> str:
    return repr([*edge.peers._open])


async def test_a_ping_of_a_client_that_has_left_is_no_error(edge: Edge) -> None:
    await connect(edge)
    (peer,) = edge.peers._open
    assert isinstance(peer, SocketPeer)
    with capture_logs() as logs:
        # It is read before anybody learns that the connection is gone.
        peer._socket._frames.feed_data(frame(Opcode.PING))
        peer.transport.close()
        await until(lambda: len(edge.sockets) == 0)
    assert [each for each in logs if each["log_level"] == "error"] == []
