"""What a subscriber writes: a handshake, and frames of RFC 6455 with messages of graphql-transport-ws."""

import json
import struct
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

HANDSHAKE = """GET {path} HTTP/1.1\r
Host: {host}\r
Connection: Upgrade\r
Upgrade: websocket\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
Sec-WebSocket-Protocol: graphql-transport-ws\r
\r
"""
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A


def handshake(url: str) -> bytes:
    """The request that opens a WebSocket at this address."""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return HANDSHAKE.format(path=path, host=parts.netloc).encode()


def init(token: str) -> bytes:
    """The first message."""
    return message({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})


def subscribe(number: int, payload: Mapping[str, Any]) -> bytes:
    """Ask for the so-manieth subscription of a connection."""
    return message({"id": str(number), "type": "subscribe", "payload": payload})


def message(content: Mapping[str, Any]) -> bytes:
    """A text frame."""
    return frame(TEXT, json.dumps(content).encode())


def frame(first: int, payload: bytes) -> bytes:
    """A frame, section 5.2; a mask of zeros leaves the payload as it is."""
    size = len(payload)
    if size < 126:
        return bytes([first, 0x80 | size]) + bytes(4) + payload
    if size < 1 << 16:
        return bytes([first, 0x80 | 126]) + struct.pack(">H", size) + bytes(4) + payload
    return bytes([first, 0x80 | 127]) + struct.pack(">Q", size) + bytes(4) + payload
