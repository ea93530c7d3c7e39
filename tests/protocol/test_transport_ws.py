"""What graphql-transport-ws leaves to its server: origins, resuming, and what is left behind.

Its clauses are in `test_transport_ws_clauses.py`, and the rules of WebSockets in `test_rfc6455.py`.
"""

import asyncio
from typing import Any

import msgspec
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from tests.fakes.edge import Edge, serving
from tests.fakes.operations import TOKEN
from tests.integration.waiting import until

INIT = {"type": "connection_init", "payload": {"Authorization": TOKEN}}
ACK = {"type": "connection_ack"}
TICKS = "subscription { ticks }"


async def connect(edge: Edge, **options: Any) -> ClientWebSocketResponse:
    options.setdefault("protocols", ["graphql-transport-ws"])
    socket: ClientWebSocketResponse = await edge.client.ws_connect(edge.graphql, **options)
    return socket


async def acknowledged(edge: Edge) -> ClientWebSocketResponse:
    socket = await connect(edge)
    await socket.send_json(INIT)
    assert await receive(socket) == ACK
    return socket


async def receive(socket: ClientWebSocketResponse) -> Any:
    message = await socket.receive(timeout=30)
    assert message.type is WSMsgType.TEXT, message
    return msgspec.json.decode(message.data)


async def closed(socket: ClientWebSocketResponse) -> tuple[int | None, str]:
    message = await socket.receive(timeout=30)
    assert message.type is WSMsgType.CLOSE, message
    return socket.close_code, message.extra or ""


async def subscribe(socket: ClientWebSocketResponse, ident: str, query: str = TICKS, **payload: Any) -> None:
    await socket.send_json({"id": ident, "type": "subscribe", "payload": {"query": query, **payload}})


def tick(ident: str, position: int, kind: str = "event") -> dict[str, object]:
    return {"id": ident, "type": "next", "payload": {"data": {kind: position}}}


class TestHandshake:
    async def test_its_own_origin_is_welcome(self, edge: Edge) -> None:
        socket = await connect(edge, origin=edge.url)
        await socket.send_json(INIT)
        assert await receive(socket) == ACK

    @pytest.mark.parametrize(
        "origin", ["http://evil.example", "null", "{url}.evil.example", "https{rest}", "{url}/"]
    )
    async def test_any_other_origin_is_403(self, edge: Edge, origin: str) -> None:
        foreign = origin.format(url=edge.url, rest=edge.url.removeprefix("http"))
        with pytest.raises(WSServerHandshakeError) as refusal:
            await connect(edge, origin=foreign)
        assert refusal.value.status == 403

    async def test_the_response_has_a_request_id(self, edge: Edge) -> None:
        socket = await connect(edge, headers={"X-Request-ID": "mine"})
        assert socket._response.headers["X-Request-ID"] == "mine"


class TestSubscribe:
    async def test_after_a_cursor_resumes(self, edge: Edge) -> None:
        edge.hub.publish("a", "b", "a")
        socket = await acknowledged(edge)
        await subscribe(socket, "1", variables={"after": 1})
        edge.hub.publish("a")
        assert [await receive(socket) for _ in range(2)] == [tick("1", 3), tick("1", 4)]


class TestComplete:
    async def test_ends_the_stream_and_frees_the_id(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        await subscribe(socket, "1")
        assert await receive(socket) == tick("1", 0, "snapshot")
        await socket.send_json({"id": "1", "type": "complete"})
        await until(lambda: len(edge.groups) == 0)
        edge.hub.publish("a")
        await subscribe(socket, "1")
        assert await receive(socket) == tick("1", 1, "snapshot")


class TestTheEnd:
    async def test_a_client_that_leaves_leaves_nothing(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        await subscribe(socket, "1")
        await subscribe(socket, "2", "{ slow }")
        await until(lambda: edge.operations.counts["slow"] == 1 and len(edge.groups) == 1)
        await socket.close()
        await until(lambda: len(edge.groups) == 0 and len(edge.sockets) == 0)
        assert edge.operations.counts["cancelled"] == 1

    async def test_a_connection_that_breaks_leaves_nothing(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        await subscribe(socket, "1")
        assert await receive(socket) == tick("1", 0, "snapshot")
        socket._response.connection.transport.abort()  # type: ignore[union-attr]
        await until(lambda: len(edge.groups) == 0 and len(edge.sockets) == 0)
        await until(lambda: len(edge.groups.owner) == 0)

    async def test_a_server_that_stops_closes_with_1012(self) -> None:
        async with serving() as edge:
            sockets = [await acknowledged(edge) for _ in range(3)]
            closing = asyncio.get_running_loop().create_task(edge.runner.cleanup())
            assert [await closed(socket) for socket in sockets] == [(1012, "Service restart")] * 3
            await closing
            assert len(edge.sockets) == 0

    async def test_a_client_that_does_not_read_delays_nobody_and_loses_nothing(self, edge: Edge) -> None:
        stalled, lively = await acknowledged(edge), await acknowledged(edge)
        for socket in (stalled, lively):
            await subscribe(socket, "1", variables={"after": 0})
        await until(lambda: edge.sample("subscriptions", field="ticks") == 2)
        for _ in range(100):
            edge.hub.publish(*"a" * 100)
            for _ in range(100):
                await receive(lively)
        received = [(await receive(stalled))["payload"]["data"]["event"] for _ in range(10_000)]
        assert received == list(range(1, 10_001))
