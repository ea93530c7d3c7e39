"""Snapshots: members that wait for the same share one, each gets one that was read after it asked, and few at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Hashable

import pytest

from core.errors import Unavailable
from live.commons import GroupLimits
from live.operations import Frame
from tests.fakes.streams import FakeStream, Reader
from tests.integration.waiting import until
from tests.unit.live.test_group import House, opened


class Watched(FakeStream):
    """Notes of each snapshot where the log was when it was read, and how many were read at once at most."""

    def __init__(self, house: House, topic: str = "a", opening: Hashable = None) -> None:
        super().__init__(house.hub, topic)
        self.opening = opening
        self.taken: list[int] = []
        self.at_once: list[int] = []
        self.under_way: list[None] = []
        self.outages = 0

    async def open(self) -> Frame:
        self.taken.append(self._hub.head)
        return await self._seen(super().open())

    async def reset(self, *, replaced: bool = False) -> Frame:
        self.taken.append(self._hub.head)
        return await self._seen(super().reset(replaced=replaced))

    async def _seen(self, snapshot: Awaitable[Frame]) -> Frame:
        self.under_way.append(None)
        self.at_once.append(len(self.under_way))
        try:
            return await snapshot
        finally:
            self.under_way.pop()
            if self.outages:
                self.outages -= 1
                raise Unavailable("The database does not answer.")


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened(limits=GroupLimits(openings=2, retry_seconds=0.001)) as house:
        yield house


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_all_that_open_at_once_share_one(house: House) -> None:
    house.hub.publish("a")
    stream = Watched(house)
    readers = [Reader(house.groups, stream) for _ in range(50)]
    for reader in readers:
        reader.read()
    for reader in readers:
        await reader.until(1)
        assert reader.seen == [("snapshot", 1)]
    assert stream.taken == [1]


async def test_who_asks_while_one_is_read_gets_a_later_one(house: House) -> None:
    stream = Watched(house)
    first, *later = [Reader(house.groups, stream) for _ in range(3)]
    stream.gate.clear()
    first.read()
    await until(lambda: stream.taken == [0])
    house.hub.publish("a")
    for reader in later:
        reader.read()
    await settle()
    assert stream.taken == [0]
    stream.gate.set()
    for reader in later:
        await reader.until(1)
        assert reader.seen == [("snapshot", 1)]
    assert stream.taken == [0, 1]


async def test_who_is_to_be_told_why_it_begins_anew_does_not_share_with_who_is_not(house: House) -> None:
    plain, reset = Watched(house), Watched(house, opening="RETENTION")
    readers = [Reader(house.groups, stream) for stream in (plain, reset, plain, reset)]
    for reader in readers:
        reader.read()
    for reader in readers:
        await reader.until(0)
    assert (plain.taken, reset.taken) == ([0], [0])


async def test_over_all_groups_only_so_many_are_read_at_once(house: House) -> None:
    streams = [Watched(house, topic) for topic in "abcdef"]
    for stream in streams:
        stream.under_way = streams[0].under_way
    readers = [Reader(house.groups, stream) for stream in streams]
    for reader in readers:
        reader.read()
    for reader in readers:
        await reader.until(0)
    assert max(most for stream in streams for most in stream.at_once) <= 2


async def test_one_that_fails_ends_those_that_waited_for_it_and_no_later_ones(house: House) -> None:
    stream = Watched(house)
    stream.failing_open = ValueError("secret")
    readers = [Reader(house.groups, stream) for _ in range(3)]
    for reader in readers:
        reader.read()
    await until(lambda: all(reader.member.failure for reader in readers))
    stream.failing_open = None
    await Reader(house.groups, stream).until(0)


async def test_an_outage_is_waited_out_and_who_comes_meanwhile_is_served_with_the_others(
    house: House,
) -> None:
    stream = Watched(house)
    stream.outages = 1_000_000
    first = Reader(house.groups, stream)
    first.read()
    await until(lambda: bool(stream.taken))
    house.hub.publish("a")
    second = Reader(house.groups, stream)
    second.read()
    tries = len(stream.taken)
    await until(lambda: len(stream.taken) > tries + 1)
    tries, stream.outages = len(stream.taken), 0
    await first.until(1)
    await second.until(1)
    assert first.seen == second.seen == [("snapshot", 1)]
    # One for both; it may have been under way when the outage ended.
    assert len(stream.taken) - tries in {0, 1}


async def test_resets_are_shared_from_wherever_they_are_needed(house: House) -> None:
    house.hub.publish(*"a" * 200)
    house.hub.prune(200)
    stream = Watched(house)
    stream.after = 0
    readers = [Reader(house.groups, stream), *(house.join(after=place) for place in (3, 70, 199))]
    stream.gate.clear()
    for reader in readers:
        reader.read()
    await settle()
    stream.gate.set()
    for reader in readers:
        await reader.until(200)
        assert reader.seen == [("reset", 200)]
    # The first may have been begun before the others had asked; those share the next.
    assert len(stream.taken) == house.meter.counts["resets"] <= 2
