"""Clients that come, subscribe, get their first frame and go, each in another way, as many as one process can.

Raw sockets and nothing of a library: a library's handshake costs more than the server's part of it. All that is read of
an answer is whether it holds what has to come next.
"""

import asyncio
import json
import socket
import struct
from enum import StrEnum
from itertools import count
from typing import Any
from urllib.parse import urlsplit

SECONDS = 60
"""How long one client may take in all."""
RESET = struct.pack("ii", 1, 0)
SOCKET = """GET {path} HTTP/1.1\r
Host: {host}\r
Connection: Upgrade\r
Upgrade: websocket\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
Sec-WebSocket-Protocol: graphql-transport-ws\r
\r
"""
EVENTS = """POST {path} HTTP/1.1\r
Host: {host}\r
Authorization: Bearer {token}\r
Accept: text/event-stream\r
Content-Type: application/json\r
Content-Length: {length}\r
\r
"""


class Way(StrEnum):
    """How a client leaves."""

    CLOSED = "WebSocket, complete and a close frame"
    RESET = "WebSocket, reset"
    LEFT = "WebSocket, ended without a word"
    EVENTS_RESET = "server-sent events, reset"
    EVENTS_LEFT = "server-sent events, ended"


WAYS = (*[Way.CLOSED] * 4, *[Way.RESET] * 3, Way.LEFT, Way.EVENTS_RESET, Way.EVENTS_LEFT)


class Churn:
    """Clients of one server; `queries` are what they subscribe to, in turn."""

    def __init__(self, url: str, token: str, queries: list[str]) -> None:
        parts = urlsplit(url)
        self._place = parts.hostname, parts.port
        host, path = f"{parts.hostname}:{parts.port}", "/graphql"
        self._upgrade = SOCKET.format(path=path, host=host).encode()
        self._init = _text({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
        self._subscribe = [
            _text({"id": "1", "type": "subscribe", "payload": {"query": each}}) for each in queries
        ]
        bodies = [json.dumps({"query": each}).encode() for each in queries]
        self._post = [
            EVENTS.format(path=path, host=host, token=token, length=len(body)).encode() + body
            for body in bodies
        ]
        self._numbers = count()

    async def run(self, cycles: int, at_once: int = 8) -> None:
        """So many clients one after another, some of them at the same time.

        Raises:
            ConnectionError: one was not told what it has to be told.
        """
        left = iter(range(cycles))

        async def go_on() -> None:
            for _ in left:
                async with asyncio.timeout(SECONDS):
                    await self._cycle(next(self._numbers))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(at_once):
                tasks.create_task(go_on())

    async def _cycle(self, number: int) -> None:
        way, query = WAYS[number % len(WAYS)], number // len(WAYS) % len(self._post)
        reader, writer = await asyncio.open_connection(*self._place)
        try:
            if way in {Way.EVENTS_LEFT, Way.EVENTS_RESET}:
                await _expect(reader, writer, self._post[query], b"\nevent: next")
            else:
                await _expect(reader, writer, self._upgrade, b"\r\n\r\n")
                await _expect(reader, writer, self._init, b"connection_ack")
                await _expect(reader, writer, self._subscribe[query], b'"type":"next"')
            if way is Way.CLOSED:
                writer.write(_text({"id": "1", "type": "complete"}) + _frame(8, struct.pack(">H", 1000)))
                await reader.read()
            elif way in {Way.RESET, Way.EVENTS_RESET}:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        finally:
            writer.close()


async def _expect(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes, wanted: bytes
) -> None:
    """Send this, and read until that has come."""
    writer.write(message)
    answer = b""
    while wanted not in answer:
        part = await reader.read(1 << 16)
        if not part:
            raise ConnectionError(f"{wanted!r} did not come: {answer[-500:]!r}")
        answer += part


def _text(message: dict[str, Any]) -> bytes:
    return _frame(1, json.dumps(message).encode())


def _frame(opcode: int, payload: bytes) -> bytes:
    """A frame of RFC 6455, section 5.2; a mask of zeros leaves the payload as it is."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack(">H", size)
    return bytes([0x80 | opcode]) + length + bytes(4) + payload
