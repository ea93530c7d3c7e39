"""graphql-transport-ws, what its document says of results that a slow reader has not been sent, by raw frames.

An operation of a single result is over when its client can know that, and not when the server has its result.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fakes.edge import Edge, serving
from tests.integration.waiting import until
from tests.protocol.raw import Closed, Dial, RawSocket
from tests.protocol.test_transport_ws_clauses import (
    ACK,
    FAKE_INIT,
    PING,
    PONG,
    Json,
    clause,
    complete,
    subscribe,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

SINGLE = ["{ hello }", "mutation { touch }", "{", "subscription { forbidden }"]


@pytest_asyncio.fixture(loop_scope="module")
async def edge() -> AsyncIterator[Edge]:
    """An edge whose only client is the slow one."""
    async with serving() as edge:
        yield edge


@pytest_asyncio.fixture(loop_scope="module")
async def full(dial: Dial, edge: Edge) -> RawSocket:
    """Acknowledged, and the server can send nothing more on it."""
    socket = await dial(edge.graphql)
    await socket.say(FAKE_INIT)
    assert await socket.hear() == ACK
    await fill(socket, edge)
    return socket


async def fill(socket: RawSocket, edge: Edge) -> None:
    """Read nothing more on this socket, the only one of its edge, until the server can send nothing more on it."""
    await socket.say(
        subscribe("filler", "subscription { ticks }", variables={"after": 0, "padding": 100_000})
    )
    await until(lambda: edge.sample("subscriptions", field="ticks") == 1)
    socket.stop_reading()
    # Beyond what the kernel keeps for one connection over loopback.
    edge.hub.publish(*"a" * 200)
    await until(lambda: "full" in sessions(edge))


def sessions(edge: Edge) -> str:
    return repr([*edge.peers._open])


async def until_pong(socket: RawSocket) -> list[Json]:
    """What is said before it, but for what fills the socket."""
    heard = []
    while (message := await socket.hear()) != PONG:
        if message["id"] != "filler":
            heard.append(message)
    return heard


@clause("Subscribe/2", "an id that is active closes the socket with 4409, whatever operations they are")
@pytest.mark.parametrize("query", SINGLE)
async def test_active_id_whose_end_was_not_said(full: RawSocket, edge: Edge, query: str) -> None:
    await full.say(subscribe("1", query))
    await until(lambda: "1 replies" in sessions(edge))
    await full.say(subscribe("1", "{ hello }"))
    await until(lambda: "Connection closed" in sessions(edge))
    full.go_on_reading()
    assert await full.closed() == Closed(4409, "Subscriber for 1 already exists")


@clause("Complete/4", "of the client drops what waits to be sent, the end of the operation, too")
async def test_drops_what_waits(full: RawSocket, edge: Edge) -> None:
    await full.say(*(subscribe(query, query) for query in SINGLE))
    await until(lambda: f"{len(SINGLE)} replies" in sessions(edge))
    await full.say(*(complete(query) for query in SINGLE), PING)
    await until(lambda: f"{len(SINGLE) + 1} replies" in sessions(edge))
    full.go_on_reading()
    assert await until_pong(full) == []


@clause("Complete/4", "of the client drops what waits to be sent, the end of the operation, too")
@clause(
    "Complete/5", "of the client frees the id at once, and its next operation is told nothing of the last"
)
@pytest.mark.parametrize("query", SINGLE)
async def test_what_waits_is_no_answer_to_another(full: RawSocket, edge: Edge, query: str) -> None:
    await full.say(subscribe("1", query))
    await until(lambda: "1 replies" in sessions(edge))
    await full.say(complete("1"), subscribe("1", "{ partial }"))
    await until(lambda: "2 replies" in sessions(edge))
    full.go_on_reading()
    await full.say(PING)
    told, end = await until_pong(full)
    assert (told["id"], told["payload"]["data"]) == ("1", {"partial": None})
    assert end == complete("1")
