"""A session whose token has ended while it was connected, and one that has to show that it has not."""

from collections.abc import AsyncIterator

import pytest

from live import close_codes
from live.session import SessionLimits
from tests.integration.waiting import until
from tests.unit.live.test_session import Line


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    line = Line(SessionLimits(), frames=8)
    yield line
    line.socket.flowing.set()
    line.operations.gate.set()
    await line.hang_up()
    await line.groups.close()


async def expel(line: Line) -> None:
    await line.stays.expel(close_codes.FORBIDDEN, "Token revoked")
    await line.task
    assert line.socket.closed == (4403, "Token revoked")


async def test_is_sent_nothing_that_waits_for_it(line: Line) -> None:
    await line.start()
    line.subscribe("1")
    await until(lambda: len(line.socket.sent) == 1)
    line.socket.block()
    line.hub.publish("a")
    line.subscribe("2", "{ hello }")
    await until(lambda: line.operations.counts["hello"] == 1)
    sent = len(line.socket.sent)
    await expel(line)
    line.socket.flowing.set()
    assert len(line.socket.sent) == sent


async def test_leaves_its_groups_and_what_it_asked_for_is_cancelled(line: Line) -> None:
    await line.start()
    line.subscribe("1")
    line.subscribe("2", "{ slow }")
    await until(lambda: line.operations.counts["slow"] == 1 and len(line.groups) == 1)
    await expel(line)
    assert len(line.groups) == 0
    assert line.operations.counts["cancelled"] == 1


async def test_begins_nothing_more(line: Line) -> None:
    await line.start()
    line.subscribe("1", "mutation { touch }")
    await expel(line)
    assert line.operations.callers == []


async def test_stays_no_longer_than_it_is_connected(line: Line) -> None:
    await line.start()
    assert len(line.stays.begun) == 1
    await line.hang_up()
    assert line.stays.begun == []


@pytest.mark.parametrize("query", ["mutation { touch }", "subscription { ticks }"])
async def test_is_found_out_by_what_it_asks_for(line: Line, query: str) -> None:
    await line.start()
    [stay] = line.stays.begun
    line.subscribe("1", query)
    await until(lambda: stay.confirmed == 1)
    asked = len(line.operations.callers)
    # Nobody has told the session.
    stay.guest = None
    await line.stays.expel(close_codes.FORBIDDEN, "Token revoked")
    line.socket.sent.clear()
    line.subscribe("2", query)
    error = {"message": "The token is no longer valid.", "extensions": {"code": "UNAUTHENTICATED"}}
    await line.messages({"id": "2", "type": "error", "payload": [error]})
    assert len(line.operations.callers) == asked


async def test_who_only_reads_is_not_looked_up_again(line: Line) -> None:
    await line.start()
    [stay] = line.stays.begun
    line.subscribe("1", "{ hello }")
    await until(lambda: len(line.socket.sent) == 2)
    assert stay.confirmed == 0
