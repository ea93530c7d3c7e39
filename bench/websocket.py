"""One WebSocket connection of a load: what comes in is cut into frames by their lengths, and nothing else.

A client that costs more than the server measures itself. So there is no library in it, no task and no queue for a
connection: bytes come in, are cut into frames (RFC 6455, 5.2; a server's are not masked), and of each text it is said
where it stands. What is sent is masked with zeros, which is a mask like any other.
"""

import asyncio
import struct
from typing import cast

PROTOCOL = "graphql-transport-ws"
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
HEADS_END = b"\r\n\r\n"
SHOWN = 200
HANDSHAKE = f"""GET {{path}} HTTP/1.1\r
Host: localhost\r
Connection: Upgrade\r
Upgrade: websocket\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
Sec-WebSocket-Protocol: {PROTOCOL}\r
\r
"""


class WebSocket(asyncio.Protocol):
    """One connection, or one after the other; what is to be done with it is for a class of its own to say.

    Args:
        path: what is asked for, with its query.

    Attributes:
        transport: None while there is no connection.
        is_open: whether the server has agreed to speak.
    """

    __slots__ = ("_path", "_rest", "is_open", "transport")

    def __init__(self, path: str) -> None:
        self._path = path
        self._rest = b""
        self.is_open = False
        self.transport: asyncio.Transport | None = None

    def opened(self) -> None:
        """It is open."""
        raise NotImplementedError

    def heard(self, data: bytes, start: int, stop: int) -> None:
        """There is a text, from the one place to the other."""
        raise NotImplementedError

    def closing(self, code: int, reason: str) -> None:
        """The server closes it."""
        raise NotImplementedError

    def failed(self, reason: str) -> None:
        """The server did what it must not do."""
        raise NotImplementedError

    def send(self, *texts: bytes) -> None:
        """Send texts in one write."""
        self._write(b"".join(frame(TEXT, text) for text in texts))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = cast("asyncio.Transport", transport)
        self.is_open, self._rest = False, b""
        self._write(HANDSHAKE.format(path=self._path).encode())

    def data_received(self, data: bytes) -> None:
        """Take all frames that are there in whole."""
        if self._rest:
            data = self._rest + data
        place = 0 if self.is_open else self._answered(data)
        self._rest = data[self._cut(data, place) :] if self.is_open else data[place:]

    def _answered(self, data: bytes) -> int:
        """Read the answer to the handshake; gives where it ends, 0 if it is not there in whole."""
        head, found, _ = data.partition(HEADS_END)
        if not found:
            return 0
        if b" 101 " not in head.partition(b"\r\n")[0]:
            self.failed(f"A handshake was refused: {head[:SHOWN]!r}")
            return len(data)
        self.is_open = True
        self.opened()
        return len(head) + len(found)

    def _cut(self, data: bytes, place: int) -> int:
        """Take all frames from this place on; gives where the rest begins."""
        end = len(data)
        while end - place >= 2:
            length, start = data[place + 1], place + 2
            if length >= 126:
                # A length that is not there yet is too long to be there in whole.
                start += 2 if length == 126 else 8
                length = int.from_bytes(data[place + 2 : start], "big") if start <= end else end
            stop = start + length
            if stop > end:
                break
            if data[place] == TEXT:
                self.heard(data, start, stop)
            else:
                self._obey(data[place], data[start:stop])
            place = stop
        return place

    def _obey(self, kind: int, payload: bytes) -> None:
        if kind == PING:
            self._write(frame(PONG, payload))
        elif kind == CLOSE:
            self.closing(int.from_bytes(payload[:2], "big"), payload[2:].decode())
        else:
            self.failed(f"A frame is of an unknown kind: {kind:#x}")

    def _write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)


def frame(kind: int, payload: bytes) -> bytes:
    """A frame of a client, masked with zeros."""
    size = len(payload)
    if size < 126:
        head = bytes([kind, 0x80 | size])
    elif size < 1 << 16:
        head = bytes([kind, 0x80 | 126]) + struct.pack(">H", size)
    else:
        head = bytes([kind, 0x80 | 127]) + struct.pack(">Q", size)
    return head + bytes(4) + payload
