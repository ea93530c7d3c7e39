"""A client of our own, over nothing but HTTP and WebSockets: what the wire says, without a library's help.

A `Wire` is one connection with one subscription on it, over either transport; it gives frames until it ends, and it
can be cut as a cable is cut: without a close frame, without a word.
"""

import json
import socket
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientTimeout, ClientWebSocketResponse, WSMsgType

SUBPROTOCOL = "graphql-transport-ws"
Json = dict[str, Any]


class Cut(Exception):
    """The connection is gone, and the subscription was not complete."""


class Wire(ABC):
    """One subscription on a connection of its own."""

    @abstractmethod
    async def next(self) -> Json | None:
        """The data of the next frame, None when the server says that the subscription is complete.

        Raises:
            Cut: the connection ended first.
        """

    @abstractmethod
    def cut(self) -> None:
        """End the connection as a pulled cable would."""


class SocketWire(Wire):
    """graphql-transport-ws."""

    def __init__(self, websocket: ClientWebSocketResponse) -> None:
        self._websocket = websocket

    async def open(self, token: str, document: str, variables: Json) -> None:
        await self._websocket.send_json(
            {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}
        )
        assert await self._receive() == {"type": "connection_ack"}
        payload = {"query": document, "variables": variables}
        await self._websocket.send_json({"id": "1", "type": "subscribe", "payload": payload})

    async def next(self) -> Json | None:
        message = await self._receive()
        if message == {"id": "1", "type": "complete"}:
            return None
        assert (message["id"], message["type"]) == ("1", "next"), message
        return _data(message["payload"])

    def cut(self) -> None:
        connection: socket.socket = self._websocket.get_extra_info("socket")
        connection.shutdown(socket.SHUT_RDWR)

    async def _receive(self) -> Json:
        frame = await self._websocket.receive()
        if frame.type is not WSMsgType.TEXT:
            raise Cut(f"{frame.type.name} {self._websocket.close_code}")
        message: Json = json.loads(frame.data)
        return message


class EventsWire(Wire):
    """graphql-sse in distinct connections mode."""

    def __init__(self, response: ClientResponse) -> None:
        self._response = response

    async def next(self) -> Json | None:
        fields = await self._event()
        if fields["event"] == "complete":
            return None
        assert fields["event"] == "next", fields
        data = _data(json.loads(fields["data"]))
        (event,) = data.values()
        assert fields["id"] == event["cursor"]
        return data

    def cut(self) -> None:
        connection = self._response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()

    async def _event(self) -> dict[str, str]:
        """The fields of the next event; comments are skipped."""
        fields: dict[str, str] = {}
        while line := await self._line():
            if line == "\n" and "data" in fields:
                return fields
            name, _, value = line.rstrip("\n").partition(": ")
            if name.strip(":"):
                fields[name.rstrip(":")] = value
        raise Cut("The stream ended.")

    async def _line(self) -> str:
        try:
            return (await self._response.content.readline()).decode()
        except OSError as error:
            raise Cut(str(error)) from error


class Client:
    """A principal at one API process."""

    def __init__(self, http: ClientSession, url: str, token: str) -> None:
        self._http = http
        self.url = url
        self.token = token

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def readiness(self) -> int:
        """The status of `/readyz`."""
        async with self._http.get(f"{self.url}/readyz") as answer:
            return answer.status

    async def ask(self, document: str, **variables: object) -> Json:
        """The data of an operation that must go well."""
        body = {"query": document, "variables": variables}
        async with self._http.post(f"{self.url}/graphql", json=body, headers=self.headers) as answer:
            result = await answer.json()
        return _data(result)

    async def change(self, field: str, document: str, **variables: object) -> Json:
        """The payload of a mutation that must not be refused."""
        payload: Json = (await self.ask(document, **variables))[field]
        assert payload["__typename"] == field[0].upper() + field[1:] + "Payload", payload
        return payload

    @asynccontextmanager
    async def over_socket(self, document: str, variables: Json) -> AsyncIterator[SocketWire]:
        """Subscribe over graphql-transport-ws."""
        url = f"ws{self.url.removeprefix('http')}/graphql"
        async with self._http.ws_connect(url, protocols=[SUBPROTOCOL], max_msg_size=0) as websocket:
            wire = SocketWire(websocket)
            await wire.open(self.token, document, variables)
            yield wire

    @asynccontextmanager
    async def over_events(self, document: str, variables: Json) -> AsyncIterator[EventsWire]:
        """Subscribe over server-sent events; `after` goes as a browser's EventSource sends it, as Last-Event-ID."""
        after = variables.get("after")
        body = {"query": document, "variables": {**variables, "after": None}}
        headers = {**self.headers, "Accept": "text/event-stream"}
        async with self._http.post(
            f"{self.url}/graphql",
            json=body,
            headers=headers if after is None else {**headers, "Last-Event-ID": after},
            timeout=ClientTimeout(total=None),
        ) as response:
            assert response.status == 200, await response.text()
            yield EventsWire(response)


def _data(result: Json) -> Json:
    assert "errors" not in result, result["errors"]
    data: Json = result["data"]
    return data
