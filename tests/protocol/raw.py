"""A WebSocket client that sends whatever bytes it is told to: frames that no library would send, or let pass.

Frames are those of RFC 6455, section 5.2. What the server sends is read strictly: a frame that is masked, has a
reserved bit, or a length that is not as short as it could be, is an error of the server's.
"""

import asyncio
import json
from base64 import b64encode
from contextlib import suppress
from enum import IntEnum
from hashlib import sha1
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

SUBPROTOCOL = "graphql-transport-ws"
KEY = b64encode(b"sixteen bytes...").decode()
ACCEPT = b64encode(sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
MASK = b"\x9a\x01\xc3\x7f"
FIN = 0x80
SECONDS = 20.0


class Opcode(IntEnum):
    """The opcodes that are defined."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


class Frame(NamedTuple):
    """A frame of the server's."""

    opcode: Opcode
    payload: bytes


class Closed(NamedTuple):
    """How a connection ended: the close frame's code, None if there was no such frame, and its reason."""

    code: int | None
    reason: str = ""


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    mask: bytes | None = MASK,
    length_bytes: int | None = None,
) -> bytes:
    """A frame of a client's; by its arguments alone one that must not be.

    Args:
        opcode: four bits.
        payload: as it is before it is masked.
        fin: whether it is the last of its message.
        reserved: three bits.
        mask: four bytes; None leaves it unmasked.
        length_bytes: how many bytes the extended length has, 0, 2 or 8; as few as will do unless told.
    """
    size = len(payload)
    if length_bytes is None:
        length_bytes = 0 if size < 126 else 2 if size < 1 << 16 else 8
    short = {0: size, 2: 126, 8: 127}[length_bytes]
    head = bytes([FIN * fin | reserved << 4 | opcode, (0x80 if mask else 0) | short])
    extended = size.to_bytes(length_bytes, "big") if length_bytes else b""
    if mask is None:
        return head + extended + payload
    return head + extended + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def text(message: object, **options: Any) -> bytes:
    """A text frame: of a string as it is, of anything else its JSON."""
    said = message if isinstance(message, str) else json.dumps(message)
    return frame(Opcode.TEXT, said.encode(), **options)


def close(code: int, reason: bytes = b"") -> bytes:
    """A close frame."""
    return frame(Opcode.CLOSE, code.to_bytes(2, "big") + reason)


def handshake(target: str, host: str, /, **changes: str | None) -> bytes:
    """A handshake's request; `changes` are headers with `_` for `-`, None leaves one out."""
    headers: dict[str, str | None] = {
        "Host": host,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Protocol": SUBPROTOCOL,
    }
    names = {name.lower().replace("-", "_"): name for name in headers}
    for name, value in changes.items():
        headers[names.get(name.lower(), name.replace("_", "-"))] = value
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"GET {target} HTTP/1.1", *lines, "", ""]).encode()


class RawSocket:
    """A connection. Make it with a `Dial`; `response` is the head of the answer to the handshake."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.response = ""

    @property
    def status(self) -> int:
        """The status of the answer to the handshake."""
        return int(self.response.split(" ", 2)[1])

    def header(self, name: str) -> str | None:
        """A header of the answer to the handshake."""
        for line in self.response.splitlines()[1:]:
            found, _, value = line.partition(":")
            if found.lower() == name.lower():
                return value.strip()
        return None

    async def read_head(self) -> None:
        """Read a response up to its body."""
        async with asyncio.timeout(SECONDS):
            self.response = (await self._reader.readuntil(b"\r\n\r\n")).decode()

    async def send(self, *parts: bytes) -> None:
        """Send these bytes in one write."""
        self._writer.write(b"".join(parts))
        async with asyncio.timeout(SECONDS):
            await self._writer.drain()

    async def say(self, *messages: object) -> None:
        """Send a text frame of each in one write."""
        await self.send(*(text(message) for message in messages))

    async def frame(self) -> Frame | None:
        """The next frame; None at the end of the connection."""
        try:
            async with asyncio.timeout(SECONDS):
                first, second = await self._reader.readexactly(2)
                size = second
                if second >= 126:
                    size = int.from_bytes(await self._reader.readexactly(2 if second == 126 else 8), "big")
                    assert size >= (126 if second == 126 else 1 << 16), "the length could be shorter"
                payload = await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        assert first & 0xF0 == FIN, "the server sent a fragment, or a reserved bit"
        assert second < 128, "the server masked a frame"
        return Frame(Opcode(first & 0xF), payload)

    async def hear(self) -> Any:
        """The next message, from a text frame."""
        found = await self.frame()
        assert found is not None, "the connection is closed"
        assert found.opcode is Opcode.TEXT, found
        return json.loads(found.payload)

    async def closed(self) -> Closed:
        """How the connection ends, whatever is said before; returns when the server has closed it, too."""
        ended = Closed(None)
        while (found := await self.frame()) is not None:
            assert ended.code is None, f"something follows the close frame: {found}"
            if found.opcode is Opcode.CLOSE:
                assert len(found.payload) <= 125
                ended = Closed(int.from_bytes(found.payload[:2], "big"), found.payload[2:].decode())
                with suppress(ConnectionError):
                    await self.send(close(ended.code or 1000))
        await self.end()
        return ended

    async def read(self, size: int) -> bytes:
        """So many bytes."""
        async with asyncio.timeout(SECONDS):
            return await self._reader.readexactly(size)

    async def rest(self) -> bytes:
        """All that comes until the server closes the connection, or resets it."""
        found = b""
        with suppress(ConnectionError):
            async with asyncio.timeout(SECONDS):
                while part := await self._reader.read(1 << 16):
                    found += part
        return found

    async def end(self) -> None:
        """Close the connection, without a word."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    def stop_reading(self) -> None:
        """Leave what the server sends where it is, until `go_on_reading`: soon its buffers are full."""
        self._transport.pause_reading()

    def go_on_reading(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    @property
    def _transport(self) -> asyncio.Transport:
        transport = self._writer.transport
        assert isinstance(transport, asyncio.Transport)
        return transport

    def end_our_side(self) -> None:
        """Send nothing more, and go on reading."""
        self._writer.write_eof()

    def abort(self) -> None:
        """Reset the connection."""
        self._writer.transport.abort()


class Dial:
    """Makes connections, and closes those that are left open when its block ends."""

    def __init__(self) -> None:
        self._made: list[RawSocket] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for socket in self._made:
            await socket.end()

    async def __call__(self, url: str, *first: bytes, **changes: str | None) -> RawSocket:
        """Shake hands; `first` is sent in one write with the handshake, before it is answered."""
        socket = await self.connect(url)
        parts = urlsplit(url)
        await socket.send(handshake(parts.path, parts.netloc, **changes), *first)
        await socket.read_head()
        return socket

    async def connect(self, url: str) -> RawSocket:
        """A connection on which nothing was said yet."""
        parts = urlsplit(url)
        socket = RawSocket(*await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 24))
        self._made.append(socket)
        return socket
