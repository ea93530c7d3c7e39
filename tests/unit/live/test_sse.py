import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from core.clock import SettableClock
from live import sse
from live.group import GroupLimits
from live.groups import Groups
from tests.fakes.hub import FakeHub
from tests.fakes.streams import CountingMeter, FakeStream
from tests.integration.waiting import until


class House:
    def __init__(self) -> None:
        self.hub = FakeHub()
        self.meter = CountingMeter()
        self.groups = Groups(self.hub, self.meter, GroupLimits(retry_seconds=0.001))

    def deliver(self, stream: FakeStream, ping_seconds: float = 60.0) -> AsyncGenerator[bytes, None]:
        return sse.Delivery(self.groups, stream, SettableClock(), ping_seconds).events()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    await house.groups.close()


async def test_snapshot_events_and_complete(house: House) -> None:
    events = house.deliver(FakeStream(house.hub))
    assert await anext(events) == b'event: next\nid: c0\ndata: {"data":{"snapshot":0}}\n\n'
    house.hub.publish("a!")
    assert await anext(events) == b'event: next\nid: c1\ndata: {"data":{"event":1}}\n\n'
    assert await anext(events) == b"event: complete\ndata:\n\n"
    with pytest.raises(StopAsyncIteration):
        await anext(events)
    assert len(house.groups) == 0


async def test_what_is_due_together_is_sent_together(house: House) -> None:
    house.hub.publish(*"aaa")
    parts = await anext(house.deliver(FakeStream(house.hub, after=0)))
    assert parts.count(b"event: next\n") == 3
    assert house.meter.counts["frames"] == 0


async def test_silence_is_broken_by_comments(house: House) -> None:
    events = house.deliver(FakeStream(house.hub, after=0), ping_seconds=0.001)
    assert [await anext(events) for _ in range(3)] == [b":\n\n"] * 3


async def test_a_failure_is_a_result_with_errors_and_complete(house: House) -> None:
    stream = FakeStream(house.hub, after=0)
    stream.failure = ValueError("secret")
    events = house.deliver(stream)
    first = asyncio.get_running_loop().create_task(events.asend(None))
    await until(lambda: len(house.groups) == 1)
    house.hub.publish("a")
    part = await first
    assert part.startswith(b'event: next\ndata: {"errors":[{"message":"Internal error."')
    assert part.endswith(b"\n\nevent: complete\ndata:\n\n")
    assert b"secret" not in part


async def test_what_comes_before_a_failure_is_told_and_then_the_failure(house: House) -> None:
    stream = FakeStream(house.hub, after=0)
    stream.failing_at = 3
    told = asyncio.get_running_loop().create_task(all_of(house.deliver(stream)))
    await until(lambda: len(house.groups) == 1)
    house.hub.publish(*"aaa")
    parts = await told
    assert parts.count(b"event: next\nid: ") == 2
    assert parts.endswith(b"\n\nevent: complete\ndata:\n\n")
    assert b"Internal error." in parts


async def all_of(events: AsyncGenerator[bytes, None]) -> bytes:
    return b"".join([part async for part in events])


async def test_a_stopping_process_ends_the_stream_without_complete(house: House) -> None:
    events = house.deliver(FakeStream(house.hub))
    await anext(events)
    await house.groups.close()
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_closing_it_leaves_the_group(house: House) -> None:
    events = house.deliver(FakeStream(house.hub))
    await anext(events)
    await events.aclose()
    assert len(house.groups) == 0
    assert house.meter.counts["subscriptions"] == 0


async def test_one_that_begins_when_the_process_stops_ends_at_once_and_without_complete(house: House) -> None:
    events = house.deliver(FakeStream(house.hub))
    await house.groups.close()
    assert [part async for part in events] == []
