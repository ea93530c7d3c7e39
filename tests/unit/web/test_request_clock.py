"""Requests that do not arrive: their heads and bodies at real connections, and what becomes of those beside them."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from tests.fakes.edge import Edge, serving
from tests.fakes.operations import TOKEN
from tests.integration.waiting import until
from tests.protocol.raw import Dial, RawSocket, handshake
from web.peers import Dropped
from web.pulse import Patience
from web.request_clock import RequestClock

SECONDS = 0.3
QUERY = b'{"query":"{ hello }"}'
HEAD = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: {TOKEN}\r\nContent-Type: application/json\r\n"
WITH_LENGTH = f"{HEAD}Content-Length: {len(QUERY)}\r\n\r\n".encode()
IN_CHUNKS = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    async with serving(patience=Patience(ping_seconds=60, slow_seconds=60, sender_seconds=SECONDS)) as edge:
        yield edge


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    async with Dial() as dial:
        yield dial


async def drip(client: RawSocket, data: bytes) -> None:
    """Send byte by byte, slower than is allowed, for as long as anybody takes it."""
    for byte in data:
        await asyncio.sleep(SECONDS / 10)
        try:
            await client.send(bytes([byte]))
        except ConnectionError:
            return


def unfinished(edge: Edge) -> float:
    return edge.sample("connections_dropped_total", reason=Dropped.UNFINISHED.value) or 0


async def refused(edge: Edge, client: RawSocket, slowly: bytes) -> None:
    """A client that sends this slowly is told so, and its connection is closed."""
    dripping = asyncio.get_running_loop().create_task(drip(client, slowly))
    await client.read_head()
    assert client.status == 408
    assert client.header("Connection") == "close"
    assert client.header("Content-Type") == "application/json; charset=utf-8"
    body = await client.read(int(client.header("Content-Length") or ""))
    assert b'"code":"REQUEST_TIMEOUT"' in body
    assert b"within 0.3 seconds" in body
    dripping.cancel()
    await asyncio.gather(dripping, return_exceptions=True)
    assert await client.rest() == b""
    assert unfinished(edge) == 1


async def test_a_head_that_drips_is_answered_with_408(edge: Edge, dial: Dial) -> None:
    client = await dial.connect(edge.url)
    await client.send(b"GET /healthz HTTP/1.1\r\n")
    await refused(edge, client, b"X: " + b"y" * 100)


async def test_so_is_the_head_of_a_later_request(edge: Edge, dial: Dial) -> None:
    client = await dial.connect(edge.url)
    await client.send(WITH_LENGTH, QUERY)
    await client.read_head()
    assert client.status == 200
    await client.read(len(b'{"data":{"hello":"world"}}'))
    await refused(edge, client, WITH_LENGTH)


async def test_so_is_one_after_a_handshake_that_was_refused(edge: Edge, dial: Dial) -> None:
    client = await dial.connect(edge.url)
    await client.send(handshake("/graphql", "x", sec_websocket_version="7"))
    await client.read_head()
    assert client.status == 426
    await client.read(int(client.header("Content-Length") or ""))
    await refused(edge, client, WITH_LENGTH)


async def test_a_socket_is_timed_no_more_and_keeps_no_clock(edge: Edge, dial: Dial) -> None:
    socket = await dial(edge.url + "/graphql")
    assert socket.status == 101
    await until(lambda: not [each for each in gc.get_objects() if isinstance(each, RequestClock)])
    await socket.say({"type": "ping"})
    assert (await socket.hear())["type"] == "pong"


@pytest.mark.parametrize("head", [WITH_LENGTH, IN_CHUNKS], ids=["length", "chunks"])
async def test_a_body_that_drips_is_answered_with_408(edge: Edge, dial: Dial, head: bytes) -> None:
    client = await dial.connect(edge.url)
    await client.send(head, QUERY[:5] if head is WITH_LENGTH else b"5\r\n" + QUERY[:5] + b"\r\n15\r\n")
    await refused(edge, client, b"x" * (len(QUERY) - 6))
    assert edge.sample("http_requests_total", route="/graphql", method="POST", status="408") == 1
    assert edge.operations.requests == []


async def test_a_body_that_nobody_reads_holds_nothing_up(edge: Edge, dial: Dial) -> None:
    client = await dial.connect(edge.url)
    await client.send(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx")
    await client.read_head()
    assert client.status == 404
    server = edge.runner.server
    assert server is not None
    await until(lambda: server.connections == [])


async def test_a_body_that_comes_after_the_answer_is_no_late_head(edge: Edge, dial: Dial) -> None:
    client = await dial.connect(edge.url)
    for _ in range(2):
        await client.send(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx")
        await client.read_head()
        assert client.status == 404
        await client.read(int(client.header("Content-Length") or ""))
        await client.send(b"x" * 99)
        await asyncio.sleep(2 * SECONDS)
    assert unfinished(edge) == 0


async def test_who_was_told_that_it_is_over_is_told_nothing_more(edge: Edge, dial: Dial) -> None:
    """Though the rest of its late body is read for longer here than a head may take."""
    server = edge.runner.server
    assert server is not None
    server._kwargs["lingering_time"] = 4 * SECONDS
    client = await dial.connect(edge.url)
    await client.send(WITH_LENGTH, QUERY[:5])
    await client.read_head()
    assert client.status == 408
    await client.read(int(client.header("Content-Length") or ""))
    await client.send(b"x")
    assert await client.rest() == b""
    assert unfinished(edge) == 1


async def test_a_connection_on_which_nothing_is_said_is_closed_without_a_word(edge: Edge, dial: Dial) -> None:
    client = await dial.connect(edge.url)
    assert await client.rest() == b""
    assert unfinished(edge) == 0


async def test_one_that_is_kept_between_requests_stays(edge: Edge, dial: Dial) -> None:
    client = await dial.connect(edge.url)
    for _ in range(2):
        await client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        await client.read_head()
        assert client.status == 200
        await client.read(int(client.header("Content-Length") or ""))
        await asyncio.sleep(2 * SECONDS)
    assert unfinished(edge) == 0


async def test_an_operation_may_take_longer_than_its_request(edge: Edge, dial: Dial) -> None:
    client = await dial.connect(edge.url)
    slow = b'{"query":"{ slow }"}'
    await client.send(f"{HEAD}Content-Length: {len(slow)}\r\n\r\n".encode(), slow)
    await until(lambda: edge.operations.counts["slow"] == 1)
    await asyncio.sleep(2 * SECONDS)
    edge.operations.gate.set()
    await client.read_head()
    assert client.status == 200
    assert unfinished(edge) == 0


async def test_one_that_is_not_http_is_answered_with_400(edge: Edge, dial: Dial) -> None:
    client = await dial.connect(edge.url)
    await client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
    await client.read_head()
    assert client.status == 400
    await client.rest()
    assert unfinished(edge) == 0
