"""No GraphQL and no library of WebSockets: a frame that was built once, to uvloop's `transport.write` of each.

It answers a handshake and reads nothing but the end of a connection. What a subscription is, `raw_aiohttp` says.
"""

import asyncio
import base64
import hashlib
import re
import time
from typing import cast

import uvloop

from bench.peers import control, told
from bench.peers.raw_aiohttp import PROTOCOL, shared_ids

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = re.compile(rb"sec-websocket-key: *(\S+)", re.IGNORECASE)
COUNT = re.compile(rb"subscriptions=(\d+)")
ACCEPT = "Sec-WebSocket-Accept"
BACKLOG = 1024

FOLLOWERS: dict[asyncio.Transport, list[str]] = {}


class Follower(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._asked = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It may ask now."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """The handshake; of what comes later nothing is read."""
        if self._transport in FOLLOWERS:
            return
        self._asked += data
        key, count = KEY.search(self._asked), COUNT.search(self._asked)
        if key is None or count is None or b"\r\n\r\n" not in self._asked:
            return
        accept = base64.b64encode(hashlib.sha1(key[1] + GUID).digest()).decode()
        head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self._transport.write(
            f"{head}{ACCEPT}: {accept}\r\nSec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n".encode()
        )
        FOLLOWERS[self._transport] = shared_ids(int(count[1]))

    def connection_lost(self, _error: Exception | None) -> None:
        """It is gone."""
        FOLLOWERS.pop(self._transport, None)


def built(text: bytes) -> bytes:
    """A frame of text, of 126 to 65,535 bytes (RFC 6455, 5.2)."""
    return b"\x81\x7e" + len(text).to_bytes(2, "big") + text


async def publish(numbers: range) -> float:
    """Send these to everybody."""
    began = time.time()
    ids = max(FOLLOWERS.values(), key=len, default=[])
    for number in numbers:
        body = told.payload(number)
        frames = {ident: built(told.frame(ident, body).encode()) for ident in ids}
        for transport, idents in FOLLOWERS.items():
            for ident in idents:
                transport.write(frames[ident])
    return began


async def serve() -> None:
    """The server, until it is killed."""
    server = await asyncio.get_running_loop().create_server(Follower, control.LOOPBACK, 0, backlog=BACKLOG)
    await control.obey(publish, server.sockets[0].getsockname()[1])


if __name__ == "__main__":
    uvloop.run(serve())
