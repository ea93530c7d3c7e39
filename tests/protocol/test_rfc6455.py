"""RFC 6455 by raw bytes on a real server: every rule for what a server must take, must refuse, and must send."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from core.limits import STANDARD
from tests.fakes.edge import Edge, serving
from tests.fakes.operations import TOKEN
from tests.integration.waiting import until
from tests.protocol.raw import (
    ACCEPT,
    Closed,
    Dial,
    Frame,
    Opcode,
    RawSocket,
    close,
    frame,
    handshake,
    text,
)
from web.peers import Dropped
from web.pulse import Patience

pytestmark = pytest.mark.asyncio(loop_scope="module")

RFC = "RFC 6455"
INIT = {"type": "connection_init", "payload": {"Authorization": TOKEN}}
PING, PONG = '{"type":"ping"}', {"type": "pong"}
HALF = len(PING) // 2
PADDED = PING.rjust(STANDARD.message_bytes).encode()
CONTINUATION, TEXT = Opcode.CONTINUATION, Opcode.TEXT


def clause(ident: str, asks: str) -> pytest.MarkDecorator:
    return pytest.mark.clause(RFC, ident, asks)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Edge]:
    async with serving() as edge:
        yield edge


def dropped(edge: Edge, reason: Dropped) -> float:
    return edge.sample("connections_dropped_total", reason=reason.value) or 0


class TestHandshake:
    @clause("4.2.2/accept", "the answer proves that the key was read")
    async def test_accept(self, dial: Dial, server: Edge) -> None:
        socket = await dial(server.graphql)
        assert (socket.status, socket.header("Sec-WebSocket-Accept")) == (101, ACCEPT)
        assert (socket.header("Upgrade"), socket.header("Connection")) == ("websocket", "upgrade")

    @clause(
        "4.2.1/case", "names and tokens are compared without regard to case; a token may be one of several"
    )
    @pytest.mark.parametrize("upgrade", ["websocket", "WebSocket"])
    @pytest.mark.parametrize("connection", ["Upgrade", "keep-alive, UPGRADE"])
    async def test_case(self, dial: Dial, server: Edge, upgrade: str, connection: str) -> None:
        socket = await dial(server.graphql, upgrade=upgrade, connection=connection)
        assert socket.status == 101

    @clause("4.4/version", "another version is refused with 426, and told which one is spoken")
    @pytest.mark.parametrize("version", ["0", "7", "8", "12", "14", "13, 8", "x", None])
    async def test_version(self, dial: Dial, server: Edge, version: str | None) -> None:
        socket = await dial(server.graphql, sec_websocket_version=version)
        assert (socket.status, socket.header("Sec-WebSocket-Version")) == (426, "13")
        assert "application/json" in (socket.header("Content-Type") or "")

    @clause("4.2.1/key", "a key that is not base64 of 16 bytes is refused with 400")
    @pytest.mark.parametrize("key", [None, "", "x", "AAAA", b64encode(bytes(15)).decode(), "é" * 24])
    async def test_key(self, dial: Dial, server: Edge, key: str | None) -> None:
        socket = await dial(server.graphql, sec_websocket_key=key)
        assert socket.status == 400

    @clause("4.2.1/connection", "a Connection header without Upgrade is no handshake")
    @pytest.mark.parametrize("connection", ["keep-alive", None])
    async def test_connection(self, dial: Dial, server: Edge, connection: str | None) -> None:
        socket = await dial(server.graphql, connection=connection)
        assert socket.status == 400

    @clause("4.2.1/method", "a handshake is a GET, by HTTP/1.1 at least")
    @pytest.mark.parametrize("line", ["POST /graphql HTTP/1.1", "GET /graphql HTTP/1.0"])
    async def test_method(self, dial: Dial, server: Edge, line: str) -> None:
        socket = await dial.connect(server.graphql)
        head = handshake("/graphql", "x").decode().replace("GET /graphql HTTP/1.1", line, 1)
        await socket.send(head.encode())
        await socket.read_head()
        assert socket.status in {400, 401, 406, 415}

    @clause("4.2.2/subprotocol", "the subprotocol is one that the client offers, or none is named")
    @pytest.mark.parametrize(
        ("offered", "chosen"),
        [
            ("graphql-transport-ws", "graphql-transport-ws"),
            ("graphql-ws, graphql-transport-ws", "graphql-transport-ws"),
            ("graphql-ws", None),
            (None, None),
        ],
    )
    @pytest.mark.filterwarnings("ignore")
    async def test_subprotocol(
        self, dial: Dial, server: Edge, offered: str | None, chosen: str | None
    ) -> None:
        socket = await dial(server.graphql, sec_websocket_protocol=offered)
        assert (socket.status, socket.header("Sec-WebSocket-Protocol")) == (101, chosen)

    @clause("9.1/extensions", "an extension that the server does not know is not in its answer")
    @pytest.mark.parametrize("offered", ["permessage-deflate", "x-unknown; a=1, permessage-deflate"])
    async def test_extensions(self, dial: Dial, server: Edge, offered: str) -> None:
        socket = await dial(server.graphql, sec_websocket_extensions=offered)
        assert (socket.status, socket.header("Sec-WebSocket-Extensions")) == (101, None)

    @clause("10.2/origin", "a page of another origin is refused with 403")
    async def test_origin(self, dial: Dial, server: Edge) -> None:
        socket = await dial(server.graphql, origin="http://evil.example")
        assert socket.status == 403

    @clause("4.1/early", "frames that come in one write with the handshake are read")
    async def test_early_frames(self, dial: Dial, server: Edge) -> None:
        socket = await dial(server.graphql, text(PING), frame(TEXT, PING[:HALF].encode(), fin=False))
        assert await socket.hear() == PONG
        await socket.send(frame(CONTINUATION, PING[HALF:].encode()))
        assert await socket.hear() == PONG


def cut(payload: bytes, *places: int, first: int = TEXT) -> list[bytes]:
    """A message in fragments."""
    parts = [payload[start:stop] for start, stop in zip((0, *places), (*places, len(payload)), strict=True)]
    return [
        frame(CONTINUATION if number else first, part, fin=number == len(parts) - 1)
        for number, part in enumerate(parts)
    ]


SMILE = '{"type":"ping","payload":{"x":"🙂"}}'.encode()
IN_A_CHARACTER = SMILE.index("🙂".encode()) + 2

SOUND = [
    pytest.param([text(PING)], PONG, marks=clause("5.1/masked", "a masked frame is read")),
    pytest.param(
        [text(PING, mask=bytes(4))], PONG, marks=clause("5.3/any-mask", "a mask of zeros is one, too")
    ),
    pytest.param(
        [text(PING.rjust(300)), text(PING)], PONG, marks=clause("5.2/16-bit", "lengths of 16 bits are read")
    ),
    pytest.param(
        [frame(TEXT, PING.rjust(1 << 16).encode())],
        PONG,
        marks=clause("5.2/64-bit", "lengths of 64 bits are read"),
    ),
    pytest.param(
        cut(PING.encode(), 0, 3, 3, 9),
        PONG,
        marks=clause("5.4/fragments", "fragments are one message, also those that are empty"),
    ),
    pytest.param(
        cut(SMILE, IN_A_CHARACTER),
        {"type": "pong", "payload": {"x": "🙂"}},
        marks=clause("5.6/fragments", "a character may be in two fragments"),
    ),
    pytest.param(
        [frame(TEXT, PADDED)],
        PONG,
        marks=clause("10.4/limit", "a message that is as long as the limit is read"),
    ),
]


class TestSound:
    @pytest.mark.parametrize(("frames", "answer"), SOUND)
    async def test_is_read(self, dial: Dial, server: Edge, frames: Sequence[bytes], answer: object) -> None:
        socket = await dial(server.graphql)
        await socket.send(*frames)
        assert await socket.hear() == answer

    @clause("5.2/pieces", "frames are read in whatever pieces TCP brings them")
    async def test_byte_by_byte(self, dial: Dial, server: Edge) -> None:
        socket = await dial(server.graphql)
        frames = [*cut(PING.encode(), 5), text(PING.rjust(130))]
        for byte in b"".join(frames):
            await socket.send(bytes([byte]))
        assert [await socket.hear() for _ in range(2)] == [PONG, PONG]

    @clause(
        "5.4/interleaved",
        "control frames between fragments are obeyed at once and are no part of the message",
    )
    async def test_control_frames_between_fragments(self, dial: Dial, server: Edge) -> None:
        socket = await dial(server.graphql)
        first, second, third = cut(PING.encode(), 4, 8)
        await socket.send(first, frame(Opcode.PING, b"1"), second, frame(Opcode.PONG, b"x"))
        assert await socket.frame() == Frame(Opcode.PONG, b"1")
        await socket.send(frame(Opcode.PING, b"2"), third)
        assert await socket.frame() == Frame(Opcode.PONG, b"2")
        assert await socket.hear() == PONG

    @clause("5.5.2/pong", "a ping is answered by a pong with its data")
    @pytest.mark.parametrize("data", [b"", b"\x00\xff", b"x" * 125], ids=["none", "binary", "longest"])
    async def test_pong(self, dial: Dial, server: Edge, data: bytes) -> None:
        socket = await dial(server.graphql)
        await socket.send(frame(Opcode.PING, data))
        assert await socket.frame() == Frame(Opcode.PONG, data)

    @clause("5.5.3/unsolicited", "a pong that nobody asked for is not answered")
    async def test_unsolicited_pong(self, dial: Dial, server: Edge) -> None:
        socket = await dial(server.graphql)
        await socket.send(frame(Opcode.PONG, b"here"), text(PING))
        assert await socket.hear() == PONG

    @clause("5.1/unmasked", "a server masks no frame, fragments none, and sets no reserved bit")
    async def test_what_the_server_sends(self, dial: Dial, server: Edge) -> None:
        socket = await dial(server.graphql)
        await socket.say(INIT, {"type": "ping", "payload": {"x": "y" * 70_000}})
        # The socket itself looks at each frame that it reads.
        assert await socket.hear() == {"type": "connection_ack"}
        assert (await socket.hear())["payload"] == {"x": "y" * 70_000}


class TestClosing:
    @clause(
        "5.5.1/answered", "a close frame is answered by one with its code, and the server ends the connection"
    )
    @pytest.mark.parametrize("code", [1000, 1001, 1003, 1011, 3000, 4999])
    async def test_close_is_answered(self, dial: Dial, server: Edge, code: int) -> None:
        socket = await dial(server.graphql)
        await socket.send(close(code, "schön".encode()))
        assert await socket.closed() == Closed(code)

    @clause("5.5.1/empty", "a close frame may be empty")
    async def test_empty_close(self, dial: Dial, server: Edge) -> None:
        socket = await dial(server.graphql)
        await socket.send(frame(Opcode.CLOSE))
        assert await socket.closed() == Closed(1000)

    @clause(
        "5.5.1/between-fragments", "a close frame in the middle of a message ends everything all the same"
    )
    async def test_close_in_a_message(self, dial: Dial, server: Edge) -> None:
        socket = await dial(server.graphql)
        await socket.send(cut(PING.encode(), 4)[0], close(1000))
        assert await socket.closed() == Closed(1000)

    @clause("5.5.1/last", "nothing that comes after a close frame is read")
    async def test_nothing_after_a_close_is_read(self, dial: Dial, server: Edge) -> None:
        socket = await dial(server.graphql)
        await socket.send(close(1000), text(INIT), text(PING))
        assert await socket.closed() == Closed(1000)

    @clause("7.1.6/broken", "a connection that breaks without a close frame leaves nothing behind")
    async def test_a_broken_connection(self, dial: Dial, server: Edge) -> None:
        sockets = [await dial(server.graphql) for _ in range(2)]
        await until(lambda: len(server.sockets) == 2)
        await sockets[0].send(cut(PING.encode(), 4)[0])
        sockets[0].abort()
        await sockets[1].end()
        await until(lambda: len(server.sockets) == 0)

    @clause("7.1.6/early", "a client may leave before its handshake is answered")
    async def test_leaving_at_once(self, dial: Dial, server: Edge, caplog: pytest.LogCaptureFixture) -> None:
        for _ in range(20):
            socket = await dial.connect(server.graphql)
            await socket.send(handshake("/graphql", "x"))
            socket.end_our_side()
            await socket.rest()
        await until(lambda: len(server.sockets) == 0)
        assert [each for each in caplog.records if each.levelname == "ERROR"] == []


PROTOCOL_ERROR, INVALID_TEXT, TOO_BIG = 1002, 1007, 1009

BREACHES = [
    ("5.1/mask", "a frame that is not masked", [text(PING, mask=None)], PROTOCOL_ERROR),
    ("5.1/mask", "a frame that is not masked", [frame(Opcode.PING, mask=None)], PROTOCOL_ERROR),
    ("5.1/mask", "a frame that is not masked", [frame(Opcode.CLOSE, mask=None)], PROTOCOL_ERROR),
    *(
        ("5.2/reserved-bits", "a reserved bit", [frame(opcode, PING.encode(), reserved=bits)], PROTOCOL_ERROR)
        for opcode in (TEXT, Opcode.PING)
        for bits in (1, 2, 4)
    ),
    *(
        ("5.2/reserved-opcodes", "an opcode that is not defined", [frame(opcode, b"x")], PROTOCOL_ERROR)
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    ),
    ("5.2/shortest", "a length that is not written as short as can be", [text(PING, length_bytes=2)], PROTOCOL_ERROR),
    ("5.2/shortest", "a length that is not written as short as can be", [text(PING, length_bytes=8)], PROTOCOL_ERROR),
    ("5.2/highest-bit", "a length whose highest bit is set", [b"\x81\xff" + b"\xff" * 12], PROTOCOL_ERROR),
    ("5.4/nothing-to-continue", "a continuation of nothing", [frame(CONTINUATION, b"x")], PROTOCOL_ERROR),
    (
        "5.4/nothing-to-continue", "a continuation of nothing",
        [*cut(PING.encode(), 4), frame(CONTINUATION, b"")], PROTOCOL_ERROR,
    ),
    ("5.4/not-mixed", "a message within another", [cut(PING.encode(), 4)[0], text(PING)], PROTOCOL_ERROR),
    ("5.4/not-mixed", "a message within another", [frame(TEXT, b"", fin=False), text(PING)], PROTOCOL_ERROR),
    (
        "5.4/not-mixed", "a message within another",
        [frame(TEXT, b"", fin=False), frame(Opcode.BINARY, b"", fin=False)], PROTOCOL_ERROR,
    ),
    *(
        ("5.5/fragmented", "a control frame in fragments", [frame(opcode, b"", fin=False)], PROTOCOL_ERROR)
        for opcode in (Opcode.PING, Opcode.PONG, Opcode.CLOSE)
    ),
    *(
        ("5.5/125", "a control frame of more than 125 bytes", [frame(opcode, bytes(126))], PROTOCOL_ERROR)
        for opcode in (Opcode.PING, Opcode.PONG, Opcode.CLOSE)
    ),
    ("5.5.1/one-byte", "a close frame with half a code", [frame(Opcode.CLOSE, b"\x03")], PROTOCOL_ERROR),
    *(
        ("7.4/codes", "a close code that is never sent", [close(code)], PROTOCOL_ERROR)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
    ),
    ("5.5.1/reason", "a close frame whose reason is not UTF-8", [close(1000, b"\xff")], INVALID_TEXT),
    *(
        ("8.1/utf-8", "a text that is not UTF-8", [frame(TEXT, bad)], INVALID_TEXT)
        for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b'{"type":"ping\xe2\x82')
    ),
    ("8.1/utf-8", "a text that is not UTF-8", [*cut(SMILE[:IN_A_CHARACTER], 4)], INVALID_TEXT),
    ("10.4/frame", "a frame that is too long", [frame(TEXT, PADDED + b" ")], TOO_BIG),
    ("10.4/announced", "the announcement of too long a frame", [b"\x81\xff\0\0\0\x7f" + bytes(8)], TOO_BIG),
    ("10.4/message", "a message whose fragments are too long together", cut(PADDED + b" ", 9, 99, 999), TOO_BIG),
]  # fmt: skip


class TestBreach:
    @pytest.mark.parametrize(
        ("frames", "code"),
        [
            pytest.param(frames, code, marks=clause(ident, f"{breach} is answered with {code}"), id=f"{ident}-{number}")
            for number, (ident, breach, frames, code) in enumerate(BREACHES)
        ],
    )  # fmt: skip
    async def test_is_closed(self, dial: Dial, server: Edge, frames: Sequence[bytes], code: int) -> None:
        before = dropped(server, Dropped.BREACH)
        socket = await dial(server.graphql)
        await socket.say(PING)
        assert await socket.hear() == PONG
        # Nothing that comes after it is answered, not even another close frame.
        await socket.send(*frames, text(PING), close(1000))
        ended = await socket.closed()
        assert ended.code == code
        assert ended.reason
        await until(lambda: dropped(server, Dropped.BREACH) == before + 1)

    @clause("7.1.1/no-reset", "who goes on sending what is too long gets the close frame all the same")
    async def test_a_close_reaches_who_goes_on_sending(self, dial: Dial, server: Edge) -> None:
        socket = await dial(server.graphql)
        await socket.send(frame(TEXT, bytes(1 << 23), mask=bytes(4)))
        assert (await socket.closed()).code == TOO_BIG

    @clause("7.1.7/others", "a connection that fails is the only one that does")
    async def test_others_are_not_concerned(self, dial: Dial, server: Edge) -> None:
        healthy = await dial(server.graphql)
        for frames in (BREACHES[0][2], BREACHES[-1][2]):
            socket = await dial(server.graphql)
            await socket.send(*frames)
            await socket.closed()
            await healthy.say(PING)
            assert await healthy.hear() == PONG


class TestTime:
    @clause("10.4/slow-frame", "a frame that drips is given up")
    async def test_a_frame_that_drips(self, dial: Dial) -> None:
        await self._drips(dial, text(PING))

    @clause(
        "10.4/slow-message",
        "a message whose fragments drip is given up, however many control frames it answers",
    )
    async def test_a_message_that_drips(self, dial: Dial) -> None:
        await self._drips(dial, frame(TEXT, b"{", fin=False), *[frame(CONTINUATION, b"", fin=False)] * 10_000)

    @clause("10.4/slow-control", "a control frame that drips is given up")
    async def test_a_control_frame_that_drips(self, dial: Dial) -> None:
        await self._drips(dial, frame(Opcode.PING, bytes(125)))

    async def _drips(self, dial: Dial, *frames: bytes) -> None:
        async with serving(patience=Patience(ping_seconds=60, slow_seconds=60, sender_seconds=0.2)) as edge:
            socket, healthy = await dial(edge.graphql), await dial(edge.graphql)
            dripping = asyncio.get_running_loop().create_task(drip(socket, b"".join(frames)))
            ended = await socket.closed()
            assert ended.code == 4511
            assert ended.reason.startswith("A message was not there in whole 0.2 seconds after")
            dripping.cancel()
            await asyncio.gather(dripping, return_exceptions=True)
            assert dropped(edge, Dropped.UNFINISHED) == 1
            # Who says nothing, and has begun nothing, is not meant.
            await healthy.say(PING)
            assert await healthy.hear() == PONG

    @clause("10.4/whole", "messages that are each there in time may come for as long as they like")
    async def test_the_clock_begins_anew_with_each_message(self, dial: Dial) -> None:
        async with serving(patience=Patience(ping_seconds=60, slow_seconds=60, sender_seconds=0.3)) as edge:
            socket = await dial(edge.graphql)
            loop = asyncio.get_running_loop()
            begin, ping = loop.time(), text(PING)
            await socket.send(ping[:9])
            while loop.time() < begin + 1:
                # The rest of one and the head of the next come together, so something is under way all the time.
                await socket.send(ping[9:] + ping[:9])
                assert await socket.hear() == PONG
            await socket.send(ping[9:])
            assert await socket.hear() == PONG

    @clause("5.5.2/half-open", "a peer that answers no ping is gone within two of them")
    async def test_a_half_open_peer(self, dial: Dial) -> None:
        async with serving(patience=Patience(ping_seconds=0.3, slow_seconds=60)) as edge:
            socket = await dial(edge.graphql)
            assert await socket.frame() == Frame(Opcode.PING, b"")
            assert await socket.frame() is None
            assert dropped(edge, Dropped.DEAD) == 1

    @clause("5.5.2/slow-reader", "a peer that takes nothing is closed, and delays nobody")
    async def test_a_slow_reader(self, dial: Dial) -> None:
        async with serving(patience=Patience(ping_seconds=60, slow_seconds=0.3, close_seconds=0.3)) as edge:
            slow, healthy = await dial(edge.graphql), await dial(edge.graphql)
            asking = asyncio.get_running_loop().create_task(ask_for_ever(slow))
            await until(lambda: dropped(edge, Dropped.SLOW) == 1)
            await healthy.say(PING)
            assert await healthy.hear() == PONG
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            # That one is not taken for a slow sender because nobody reads what it sends.
            assert dropped(edge, Dropped.UNFINISHED) == 0


async def drip(socket: RawSocket, data: bytes) -> None:
    """Send byte by byte, the last one never."""
    for byte in data[:-1]:
        await socket.send(bytes([byte]))
        await asyncio.sleep(0.01)
    await asyncio.Event().wait()


async def ask_for_ever(socket: RawSocket) -> None:
    question = text({"type": "ping", "payload": {"x": "y" * 100_000}}, mask=bytes(4))
    while True:
        await socket.send(question)
