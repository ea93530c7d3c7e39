"""Subscriptions as the wire shows them, over a WebSocket and over server-sent events, and what is wanted of a frame."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple, Protocol

from cli.check.check import Failed, expect, expect_equal
from cli.remote.server import SUBPROTOCOL, Json
from cli.remote.wire import Wire, WireEvents, WireSocket

FOLLOW = """
subscription Follow($id: ID!, $after: Cursor) {
  activity(filter: { entityId: $id }, after: $after) {
    __typename
    ... on StreamEvent { cursor }
    ... on ActivityAdded { activity { kind at summary detail } }
    ... on StreamReset { reason }
  }
}
"""


class Frame(NamedTuple):
    """One frame: the cursor in its `extensions`, the one field of its data, and when it came, by the loop's clock."""

    cursor: str
    data: Json
    at: float


class Subscription(Protocol):
    """One subscription on a connection of its own."""

    async def next(self) -> Frame:
        """The next frame; the streams that are followed here have no end.

        Raises:
            Failed: it is not what a frame is, or the server says that there are no more.
            Gone: none came in time, or the connection broke.
            Closed: the server closed the WebSocket.
        """

    def cut(self) -> None:
        """End the connection without a word."""


TRANSPORTS = ("WebSocket", "SSE")
Subscribe = Callable[[str | None], AbstractAsyncContextManager[Subscription]]


class SocketSubscription:
    """One over graphql-transport-ws."""

    def __init__(self, socket: WireSocket) -> None:
        self._socket = socket

    async def next(self) -> Frame:
        """The next frame, as `Subscription` has it."""
        while (message := await self._socket.receive())["type"] in {"ping", "pong"}:
            if message["type"] == "ping":
                await self._socket.send({"type": "pong"})
        expect_equal("the type of a message", message["type"], "next")
        return _frame(message["payload"])

    def cut(self) -> None:
        """End the connection without a word."""
        self._socket.cut()

    def narrow(self) -> None:
        """Let the system take little while nobody asks for the next one."""
        self._socket.narrow()


class _OverEvents:
    def __init__(self, events: WireEvents) -> None:
        self._events = events

    async def next(self) -> Frame:
        event = await self._events.receive()
        if event is None:
            raise Failed("the stream of events ended without a word")
        expect_equal("the name of an event", event.name, "next")
        frame = _frame(json.loads(event.data))
        expect_equal("the id of an event", event.ident, frame.cursor)
        return frame

    def cut(self) -> None:
        self._events.cut()


def over_socket(
    wire: Wire, document: str, **variables: object
) -> Callable[[str | None], AbstractAsyncContextManager[SocketSubscription]]:
    """Subscribes over graphql-transport-ws, after a cursor or from a snapshot on."""

    @asynccontextmanager
    async def subscribe(after: str | None) -> AsyncIterator[SocketSubscription]:
        async with acknowledged(wire) as socket:
            await begin(socket, "1", document, {**variables, "after": after})
            yield SocketSubscription(socket)

    return subscribe


def over_events(wire: Wire, document: str, **variables: object) -> Subscribe:
    """Subscribes over server-sent events; the cursor goes as a browser sends it, as Last-Event-ID."""

    @asynccontextmanager
    async def subscribe(after: str | None) -> AsyncIterator[Subscription]:
        async with wire.events(document, variables, after) as events:
            expect_equal("the status of a stream of events", events.status, 200)
            expect_equal("the type of a stream of events", events.media, "text/event-stream")
            yield _OverEvents(events)

    return subscribe


def over(transport: str, wire: Wire, document: str, **variables: object) -> Subscribe:
    """Subscribes over one of `TRANSPORTS`."""
    return (over_socket if transport == "WebSocket" else over_events)(wire, document, **variables)


@asynccontextmanager
async def acknowledged(wire: Wire) -> AsyncIterator[WireSocket]:
    """A WebSocket whose other side knows who asks."""
    async with wire.socket() as socket:
        expect_equal("the subprotocol", socket.subprotocol, SUBPROTOCOL)
        await socket.send({"type": "connection_init", "payload": wire.authorization})
        expect_equal("the answer to connection_init", (await socket.receive())["type"], "connection_ack")
        yield socket


async def begin(socket: WireSocket, ident: str, document: str, variables: Mapping[str, object]) -> None:
    """Send an operation."""
    payload = {"query": document, "variables": variables}
    await socket.send({"id": ident, "type": "subscribe", "payload": payload})


def _frame(payload: Json) -> Frame:
    expect("errors" not in payload, f"a frame has errors: {payload.get('errors')}")
    (data,) = payload["data"].values()
    cursor = payload.get("extensions", {}).get("cursor")
    expect(isinstance(cursor, str), f"a {data['__typename']} has no cursor in its extensions")
    expect_equal("the cursor in the extensions", cursor, data["cursor"])
    return Frame(cursor, data, asyncio.get_running_loop().time())
