"""graphql-transport-ws by raw frames over a real socket: PROTOCOL.md of enisdenjo/graphql-ws, clause by clause."""

import asyncio
from typing import Any

import msgspec
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from live.session import SessionLimits
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
    async def test_the_subprotocol_is_graphql_transport_ws(self, edge: Edge) -> None:
        socket = await connect(edge, protocols=["graphql-ws", "graphql-transport-ws"])
        assert socket.protocol == "graphql-transport-ws"

    @pytest.mark.parametrize("protocols", [[], ["graphql-ws"]])
    @pytest.mark.filterwarnings("ignore")
    async def test_another_subprotocol_is_4406(self, edge: Edge, protocols: list[str]) -> None:
        socket = await connect(edge, protocols=protocols)
        assert await closed(socket) == (4406, "Subprotocol not acceptable")

    async def test_permessage_deflate_is_refused(self, edge: Edge) -> None:
        socket = await connect(edge, compress=15)
        assert socket.compress == 0

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


class TestConnectionInit:
    async def test_is_acknowledged(self, edge: Edge) -> None:
        await acknowledged(edge)

    @pytest.mark.parametrize(
        "message", [{}, {"payload": None}, {"payload": {"Authorization": "Bearer wrong"}}]
    )
    async def test_without_a_valid_token_is_4403(self, edge: Edge, message: dict[str, Any]) -> None:
        socket = await connect(edge)
        await socket.send_json({"type": "connection_init", **message})
        assert await closed(socket) == (4403, "Forbidden")

    async def test_twice_is_4429(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        await socket.send_json(INIT)
        assert await closed(socket) == (4429, "Too many initialisation requests")

    async def test_not_in_time_is_4408(self) -> None:
        async with serving(SessionLimits(init_seconds=0.02)) as edge:
            socket = await connect(edge)
            assert await closed(socket) == (4408, "Connection initialisation timeout")


class TestPing:
    async def test_before_the_acknowledgement_is_answered(self, edge: Edge) -> None:
        socket = await connect(edge)
        await socket.send_json({"type": "ping"})
        assert await receive(socket) == {"type": "pong"}

    async def test_is_answered_with_its_payload(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        await socket.send_json({"type": "ping", "payload": {"x": ["é", 1]}})
        assert await receive(socket) == {"type": "pong", "payload": {"x": ["é", 1]}}

    async def test_pong_is_ignored(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        await socket.send_json({"type": "pong", "payload": {"x": 1}})
        await socket.send_json({"type": "ping"})
        assert await receive(socket) == {"type": "pong"}


class TestSubscribe:
    async def test_before_the_acknowledgement_is_4401(self, edge: Edge) -> None:
        socket = await connect(edge)
        await subscribe(socket, "1")
        assert await closed(socket) == (4401, "Unauthorized")
        assert edge.operations.requests == []

    async def test_a_single_result_is_next_and_complete(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        await subscribe(socket, "1", "{ hello }")
        assert await receive(socket) == {"id": "1", "type": "next", "payload": {"data": {"hello": "world"}}}
        assert await receive(socket) == {"id": "1", "type": "complete"}

    async def test_a_stream_is_next_until_it_completes(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        await subscribe(socket, "1")
        assert await receive(socket) == tick("1", 0, "snapshot")
        edge.hub.publish("a", "a!")
        assert [await receive(socket) for _ in range(2)] == [tick("1", 1), tick("1", 2)]
        assert await receive(socket) == {"id": "1", "type": "complete"}

    async def test_after_a_cursor_resumes(self, edge: Edge) -> None:
        edge.hub.publish("a", "b", "a")
        socket = await acknowledged(edge)
        await subscribe(socket, "1", variables={"after": 1})
        edge.hub.publish("a")
        assert [await receive(socket) for _ in range(2)] == [tick("1", 3), tick("1", 4)]

    async def test_the_same_id_is_4409(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        await subscribe(socket, "ä" * 100)
        assert await receive(socket) == tick("ä" * 100, 0, "snapshot")
        await subscribe(socket, "ä" * 100)
        code, reason = await closed(socket)
        assert code == 4409
        assert reason == "Subscriber for " + "ä" * 54

    async def test_a_duplicate_is_noticed_while_the_first_is_still_starting(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        await subscribe(socket, "1", "{ slow }")
        await subscribe(socket, "1", "{ hello }")
        assert (await closed(socket))[0] == 4409

    @pytest.mark.parametrize("query", ["{", "{ nothing }", "query A { hello } query B { hello }", ""])
    async def test_what_is_invalid_is_an_error_and_other_streams_live(self, edge: Edge, query: str) -> None:
        socket = await acknowledged(edge)
        await subscribe(socket, "1")
        assert await receive(socket) == tick("1", 0, "snapshot")
        await subscribe(socket, "2", query)
        message = await receive(socket)
        assert (message["id"], message["type"]) == ("2", "error")
        assert message["payload"][0]["message"]
        edge.hub.publish("a")
        assert await receive(socket) == tick("1", 1)

    async def test_the_id_is_free_after_an_error(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        for _ in range(2):
            await subscribe(socket, "1", "{")
            assert (await receive(socket))["type"] == "error"

    async def test_one_too_many_is_an_error(self) -> None:
        async with serving(SessionLimits(operations=1)) as edge:
            socket = await acknowledged(edge)
            await subscribe(socket, "1")
            assert await receive(socket) == tick("1", 0, "snapshot")
            await subscribe(socket, "2")
            message = await receive(socket)
            assert (message["id"], message["type"]) == ("2", "error")


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

    async def test_of_an_unknown_id_is_ignored(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        await socket.send_json({"id": "nobody", "type": "complete"})
        await socket.send_json({"type": "ping"})
        assert await receive(socket) == {"type": "pong"}


class TestInvalidMessage:
    @pytest.mark.parametrize(
        ("frame", "reason"),
        [
            ("[]", "Message must be an object, not an array"),
            ('{"type":"subscribe","id":{},"payload":{}}', "'id' must be a string, not an object"),
            ('{"type":"subscribe","id":"1","payload":null}', "'payload' must be an object, not null"),
            ('{"type":"connection_init","payload":"x"}', "'payload' must be an object, not a string"),
            ('{"type":"stop","id":"1"}', "Unexpected message of type 'stop'"),
            ("[" * 100_000, "JSON is nested deeper than 128 levels"),
        ],
    )
    async def test_is_4400_and_says_what(self, edge: Edge, frame: str, reason: str) -> None:
        socket = await connect(edge)
        await socket.send_str(frame)
        assert await closed(socket) == (4400, reason)

    @pytest.mark.parametrize(
        "frame",
        [
            "",
            "x",
            '{"type":"ping","payload":{"x":NaN}}',
            '{"type":"ping","payload":{"x":' + "9" * 5000 + "}}",
        ],
    )
    async def test_that_is_not_json_is_4400(self, edge: Edge, frame: str) -> None:
        socket = await acknowledged(edge)
        await socket.send_str(frame)
        assert (await closed(socket))[0] == 4400

    async def test_of_binary_is_4400(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        await socket.send_bytes(b'{"type":"ping"}')
        assert (await closed(socket))[0] == 4400

    async def test_that_is_too_big_is_1009(self, edge: Edge) -> None:
        socket = await acknowledged(edge)
        await socket.send_str(" " * (256 * 1024 + 1))
        assert (await closed(socket))[0] == 1009


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
