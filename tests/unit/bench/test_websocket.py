"""Frames are found however the bytes come, and what a server must not do is told."""

import pytest

from bench.peers.raw_uvloop import built
from bench.websocket import CLOSE, PONG, TEXT, WebSocket, frame

ANSWER = b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: 0123456789012345678901234567\r\n\r\n"
TEXTS = [b"short", b"", b"a" * 125, b"b" * 126, b"c" * 300]


class Recorded(WebSocket):
    """Keeps all that it is told."""

    def __init__(self) -> None:
        super().__init__("/graphql")
        self.told: list[object] = []

    def opened(self) -> None:
        self.told.append("opened")

    def heard(self, data: bytes, start: int, stop: int) -> None:
        self.told.append(data[start:stop])

    def closing(self, code: int, reason: str) -> None:
        self.told.append((code, reason))

    def failed(self, reason: str) -> None:
        self.told.append(reason)


@pytest.mark.parametrize("size", [1, 2, 7, 50, 86, 89, 100_000])
def test_frames_are_whole_in_whatever_pieces_they_come(size: int) -> None:
    data, socket = ANSWER + b"".join(map(built, TEXTS)), Recorded()
    for place in range(0, len(data), size):
        socket.data_received(data[place : place + size])
    assert socket.told == ["opened", *TEXTS]


def test_a_close_says_why() -> None:
    socket = Recorded()
    socket.data_received(ANSWER + bytes([CLOSE, 5]) + b"\x11\x94bad")
    assert socket.told == ["opened", (4500, "bad")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "A handshake was refused: b'HTTP/1.1 403 Forbidden'"),
        (ANSWER + b"\x82\x01\x00", "A frame is of an unknown kind: 0x82"),
    ],
)
def test_what_must_not_be_is_told(data: bytes, reason: str) -> None:
    socket = Recorded()
    socket.data_received(data)
    assert socket.told[-1] == reason


@pytest.mark.parametrize(
    ("size", "head"),
    [(125, b"\xfd"), (126, b"\xfe\x00\x7e"), (65_536, b"\xff\x00\x00\x00\x00\x00\x01\x00\x00")],
)
def test_what_is_sent_is_masked_with_zeros(size: int, head: bytes) -> None:
    assert frame(TEXT, b"x" * size) == b"\x81" + head + bytes(4) + b"x" * size
    assert frame(PONG, b"hi") == b"\x8a\x82\0\0\0\0hi"
