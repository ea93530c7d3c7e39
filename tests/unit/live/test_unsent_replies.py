"""Until its last reply is written an operation is the client's, who cannot know that it has ended."""

from collections.abc import AsyncIterator

import pytest

from live.session import SessionLimits
from tests.integration.waiting import until
from tests.unit.live.test_session import Line


@pytest.fixture
def limits() -> SessionLimits:
    return SessionLimits()


@pytest.fixture
async def line(limits: SessionLimits) -> AsyncIterator[Line]:
    line = Line(limits, frames=8)
    yield line
    line.socket.flowing.set()
    await line.hang_up()
    await line.groups.close()


async def wait(line: Line, query: str) -> None:
    """Have the answer to an operation "1" wait for a socket that takes nothing."""
    await line.start()
    line.socket.block()
    line.subscribe("1", query)
    await until(lambda: "1 replies" in repr(line.session))


@pytest.mark.parametrize("query", ["{ hello }", "mutation { touch }", "{", "subscription { forbidden }"])
async def test_complete_drops_them(line: Line, query: str) -> None:
    await wait(line, query)
    line.socket.feed({"id": "1", "type": "complete"}, {"type": "ping"})
    await until(lambda: "2 replies" in repr(line.session))
    line.socket.flowing.set()
    await line.messages({"type": "pong"})


async def test_after_that_its_id_is_free_and_gets_no_old_ones(line: Line) -> None:
    await wait(line, "{ hello }")
    line.socket.feed({"id": "1", "type": "complete"})
    line.subscribe("1", "mutation { touch }")
    await until(lambda: "2 replies" in repr(line.session))
    line.socket.flowing.set()
    await line.messages(
        {"id": "1", "type": "next", "payload": {"data": {"touch": 1}}},
        {"id": "1", "type": "complete"},
    )
    # Nor did the old one take the id of the new one along when it was dropped: it ended once, by itself.
    assert "0 operations" in repr(line.session)


async def test_without_it_the_id_is_in_use(line: Line) -> None:
    await wait(line, "{ hello }")
    line.subscribe("1", "{ hello }")
    await line.task
    assert line.socket.closed == (4409, "Subscriber for 1 already exists")


@pytest.mark.parametrize("limits", [SessionLimits(operations=1)])
async def test_so_it_is_with_the_refusal_of_one_too_many(line: Line) -> None:
    await line.start()
    line.subscribe("running")
    await until(lambda: len(line.socket.sent) == 1)
    line.socket.sent.clear()
    line.socket.block()
    line.subscribe("1", "{ hello }")
    await until(lambda: "1 replies" in repr(line.session))
    line.socket.feed(*({"id": ident, "type": "complete"} for ident in ("1", "running")))
    line.subscribe("1", "{ hello }")
    await until(lambda: "2 replies" in repr(line.session))
    line.socket.flowing.set()
    await line.messages(
        {"id": "1", "type": "next", "payload": {"data": {"hello": "world"}}},
        {"id": "1", "type": "complete"},
    )


@pytest.mark.parametrize("limits", [SessionLimits(replies=1)])
async def test_complete_drops_one_that_waits_for_room_to_wait(line: Line) -> None:
    await wait(line, "{ hello }")
    line.subscribe("2", "mutation { touch }")
    await until(lambda: line.operations.counts["touch"] == 1)
    line.socket.feed(*({"id": ident, "type": "complete"} for ident in "12"))
    await until(lambda: "0 operations" in repr(line.session))
    line.socket.flowing.set()
    line.socket.feed({"type": "ping"})
    await line.messages({"type": "pong"})
