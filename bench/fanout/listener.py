"""One WebSocket connection of a load: its frames are found by their lengths, and looked into only if they are new.

A client that costs more than the server measures itself. So there is no library in it, no task and no queue for a
connection: bytes come in, are cut into frames (RFC 6455, 5.2; a server's are not masked), and each text is handed to
the audience. What is sent is masked with zeros, which is a mask like any other.
"""

import asyncio
import base64
import os
from collections.abc import Callable
from typing import cast

TEXT, CLOSE, PING = 0x81, 0x88, 0x89
PONG = 0x8A
HEADS_END = b"\r\n\r\n"


class Listener(asyncio.Protocol):
    """One connection.

    Args:
        path: what is asked for, with its query.
        protocol: the subprotocol that is offered.
        opened: called when it is open.
        heard: called with each text.
        ended: called with the reason when it ends; not after `close`.
    """

    __slots__ = (
        "_ended",
        "_heard",
        "_opened",
        "_path",
        "_protocol",
        "_rest",
        "_transport",
        "is_open",
        "subscriptions",
    )

    def __init__(
        self,
        path: str,
        protocol: str,
        opened: Callable[["Listener"], None],
        heard: Callable[["Listener", bytes], None],
        ended: Callable[[str], None],
    ) -> None:
        self._path = path
        self._protocol = protocol
        self._opened = opened
        self._heard = heard
        self._ended = ended
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self.is_open = False
        self.subscriptions: dict[bytes, int | None] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET {self._path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {self._protocol}\r\n\r\n"
        )
        self._transport.write(head.encode())

    def connection_lost(self, error: Exception | None) -> None:
        """It has ended, and should not."""
        if self._transport is not None:
            self._ended(f"A connection was lost: {error or 'without a reason'}.")

    def send(self, *texts: bytes) -> None:
        """Send texts in one write."""
        self._write(b"".join(masked(TEXT, text) for text in texts))

    def close(self) -> None:
        """End it without a word."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Cut what came into frames."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        place, end = 0 if self.is_open else self._open(data), len(data)
        while end - place >= 2:
            kind, length, start = data[place], data[place + 1], place + 2
            if length >= 126:
                # A length that is not there yet is too long to be there in whole.
                start += 2 if length == 126 else 8
                length = int.from_bytes(data[place + 2 : start], "big") if start <= end else end
            stop = start + length
            if stop > end:
                break
            if kind == TEXT:
                self._heard(self, data[start:stop])
            else:
                self._obey(kind, data[start:stop])
            place = stop
        self._rest = data[place:]

    def _open(self, data: bytes) -> int:
        """Read the answer to the handshake; gives where it ends, 0 if it is not there in whole."""
        head, found, _ = data.partition(HEADS_END)
        if not found:
            return 0
        if b" 101 " not in head.partition(b"\r\n")[0]:
            self._fail(f"A handshake was refused: {head[:200]!r}")
            return len(data)
        self.is_open = True
        self._opened(self)
        return len(head) + len(found)

    def _obey(self, kind: int, payload: bytes) -> None:
        if kind == PING:
            self._write(masked(PONG, payload))
        elif kind == CLOSE:
            self._fail(
                f"A connection was closed: {int.from_bytes(payload[:2], 'big')} {payload[2:].decode()}"
            )
        else:
            self._fail(f"A frame is of an unknown kind: {kind:#x}")

    def _fail(self, reason: str) -> None:
        self.close()
        self._ended(reason)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


def masked(kind: int, payload: bytes) -> bytes:
    """A frame of a client, masked with zeros.

    Raises:
        ValueError: the payload is longer than 65,535 bytes.
    """
    length = len(payload)
    if length > 0xFFFF:
        raise ValueError("The frame is too long.")
    size = bytes([0x80 | length]) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
    return bytes([kind]) + size + bytes(4) + payload
