"""Members that are behind: the log is read and rendered once for all of them, from however many places they come."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import SettableClock
from live import sse
from live.commons import GroupLimits
from live.event_text import ALONE
from live.group import Group
from live.groups import Groups
from tests.fakes.hub import FakeHub
from tests.fakes.streams import FakeStream, Reader
from tests.integration.waiting import until
from tests.unit.live.test_group import House, opened

PAGE = 10


def limits(**changed: int) -> GroupLimits:
    return GroupLimits(**({"page": PAGE, "frames": 4, "retry_seconds": 0.001} | changed))  # type: ignore[arg-type]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened(limits=limits()) as house:
        yield house


def shelf(house: House) -> int:
    return len(house.groups._commons.shelf)


async def all_until(readers: list[Reader], position: int) -> None:
    """Read in turns, as the operations of a process do, until each has come to a position."""
    waiting = readers
    async with asyncio.timeout(120):
        while waiting:
            for reader in waiting:
                reader.read()
            waiting = [reader for reader in waiting if position not in reader.positions[-1:]]
            await asyncio.sleep(0)


class TestSharing:
    async def test_two_thousand_members_at_three_hundred_places_cost_what_one_costs(
        self, house: House
    ) -> None:
        house.hub.publish(*"ab" * 165)
        stream = house.stream(after=330)
        first = Reader(house.groups, stream)
        chance = Random(1)
        places = [*range(300), *(chance.randrange(300) for _ in range(1699))]
        readers = [house.join(after=place) for place in places]
        house.hub.publish("a")
        await all_until([first, *readers], 331)
        for place, reader in zip(places, readers, strict=True):
            assert reader.positions == [each for each in range(place + 1, 332) if each % 2]
        # What comes last is read for the live ones; everything else is some stretches.
        behind = [each for each in house.hub.reads if each < 330]
        assert sorted(behind) == list(range(0, 330, PAGE))
        assert sorted(stream.renders) == [*range(1, 330, 2), 331]
        assert house.meter.counts["replays"] == 330 // PAGE

    async def test_what_is_at_hand_comes_at_once(self, house: House) -> None:
        house.hub.publish(*"a" * 30)
        first, second = house.join(after=0), house.join(after=4)
        await first.until(30)
        reads = list(house.hub.reads)
        for _ in range(3):
            second.read()
        assert second.positions == [*range(5, 31)]
        assert (house.hub.reads, second.calls) == (reads, 0)

    async def test_what_the_log_has_not_come_to_is_read_from_there(self, house: House) -> None:
        house.hub.publish(*"a" * 6)
        stream = house.stream(after=6)
        live, first = Reader(house.groups, stream), house.join(after=0)
        await first.until(6)
        house.hub.publish(*"a" * 8)
        await live.until(14)
        await first.until(14)
        second, third = house.join(after=7), house.join(after=3)
        await all_until([second, third], 14)
        assert [second.positions, third.positions] == [[*range(8, 15)], [*range(4, 15)]]
        # The group rendered from 7 on, and has the last four in its window; the rest was shared.
        assert sorted(stream.renders) == sorted([*range(1, 15), *range(7, 11)])

    async def test_who_asks_for_what_was_not_there_yet_is_not_led_back(self, house: House) -> None:
        house.hub.publish(*"a" * 3)
        stream = house.stream(after=3)
        live, first = Reader(house.groups, stream), house.join(after=0)
        stream.gate.clear()
        first.read()
        await until(lambda: house.hub.reads == [0])
        house.hub.publish(*"a" * 5)
        group = live.member.source
        assert isinstance(group, Group)
        group._skip_to(8)
        second = house.join(after=6)
        second.read()
        stream.gate.set()
        await all_until([first, second], 8)
        assert [first.positions, second.positions] == [[*range(1, 9)], [7, 8]]

    async def test_a_part_that_is_no_longer_kept_is_read_from_where_the_member_is(self, house: House) -> None:
        house.hub.publish(*"a" * 20)
        house.hub.prune(5)
        readers = [house.join(after=place) for place in (5, 6, 4, 8, 3, 12)]
        await all_until(readers, 20)
        assert [reader.seen[0] for reader in readers] == [
            ("event", 6),
            ("event", 7),
            ("reset", 20),
            ("event", 9),
            ("reset", 20),
            ("event", 13),
        ]
        assert all(reader.positions[1:] == [*range(reader.positions[0] + 1, 21)] for reader in readers)
        assert house.meter.counts["resets"] == 1

    async def test_an_outage_is_waited_out_by_all(self, house: House) -> None:
        house.hub.publish(*"a" * 20)
        readers = [house.join(after=place) for place in range(20)]
        house.hub.outages = 5
        await all_until(readers, 20)
        assert [reader.positions for reader in readers] == [[*range(place + 1, 21)] for place in range(20)]

    async def test_a_defect_ends_those_that_wait_for_it(self, house: House) -> None:
        house.hub.publish(*"a" * 20)
        stream = house.stream(after=20)
        stream.failure = ValueError("secret")
        live = Reader(house.groups, stream)
        readers = [house.join(after=place) for place in (0, 3, 5)]
        for reader in readers:
            reader.read()
        await until(lambda: all(reader.member.failure for reader in readers))
        assert live.member.failure is None
        assert shelf(house) == 0


class TestNothingForIt:
    """A stretch may have no frame above a member's position, and nobody but the member asks for the next."""

    @pytest.mark.parametrize(
        "empty", [1, 3, 200], ids=["one", "some", "more than are passed over in one call"]
    )
    async def test_a_member_goes_on_by_itself(self, house: House, empty: int) -> None:
        house.hub.publish("a", *"b" * (PAGE * empty), "a")
        readers = [house.join(after=place) for place in (1, 1, 2, PAGE - 1, PAGE)]
        for reader in readers:
            reader.read()
        for reader in readers:
            await _only_when_called(reader)
            assert reader.positions == [PAGE * empty + 2]
        # Everything is at hand by now, and what has nothing for them is one of the two or three parts of it.
        late = house.join(after=3)
        late.read()
        assert late.positions == [PAGE * empty + 2]
        assert shelf(house) <= 3

    @pytest.mark.parametrize("known", [False, True], ids=["read for them", "at hand"])
    async def test_an_event_stream_goes_on_by_itself(self, house: House, *, known: bool) -> None:
        house.hub.publish("a", *"b" * (3 * PAGE), "a")
        if known:
            await house.join(after=0).until(3 * PAGE + 2)
        deliveries = [
            deliver(house.groups, house.stream(after=place)) for place in (1, 2, PAGE + 1, PAGE, 1, 2)
        ]
        async with asyncio.timeout(30):
            parts = await asyncio.gather(*(anext(each) for each in deliveries))
        assert parts == [ALONE.next(b'{"data":{"event":32}}', "c32")] * 6
        house.hub.publish("a")
        async with asyncio.timeout(30):
            parts = await asyncio.gather(*(anext(each) for each in deliveries))
        assert parts == [ALONE.next(b'{"data":{"event":33}}', "c33")] * 6

    async def test_one_whose_last_stretch_has_nothing_hears_of_what_comes_then(self, house: House) -> None:
        house.hub.publish(*"a" * 5, *"b" * 22)
        await house.join(after=0).until(5)
        readers = [house.join(after=place) for place in (4, 5, 7, 19)]
        for reader in readers:
            reader.read()
        await asyncio.sleep(0)
        house.hub.publish("a")
        for reader in readers:
            await _only_when_called(reader)
            assert reader.positions == [*([5] if reader.member.stream.after == 4 else []), 28]


def deliver(groups: Groups, stream: FakeStream) -> "AsyncIterator[bytes]":
    return sse.Delivery(groups, stream, SettableClock(), 60.0).events()


async def _only_when_called(reader: Reader) -> None:
    """Read as a socket does: while there is more, and when it was called. Whatever it has then is all there is."""
    async with asyncio.timeout(30):
        while not reader.seen or reader.member.more or reader.member._fetching:
            calls = reader.calls
            if not reader.member.more:
                await until(lambda before=calls: reader.calls > before)  # type: ignore[misc]
            reader.read()


class TestLives:
    async def test_nothing_is_kept_of_a_group_that_has_ended(self, house: House) -> None:
        house.hub.publish(*"a" * 30, *"b" * 30)
        first, other = house.join(after=0), house.join("b", after=0)
        await first.until(30)
        await other.until(60)
        kept = shelf(house)
        house.groups.leave(first.member)
        # The stream of the other group has nothing in the first half, which is kept of it, too, as one.
        assert (kept, shelf(house)) == (7, 4)
        house.groups.leave(other.member)
        assert (shelf(house), house.groups._commons.shelf.bytes) == (0, 0)

    async def test_nor_of_one_that_ends_while_it_reads(self, house: House) -> None:
        house.hub.publish(*"a" * 30)
        stream = house.stream(after=0)
        reader = Reader(house.groups, stream)
        stream.gate.clear()
        reader.read()
        await until(lambda: len(house.hub.reads) == 1)
        house.groups.leave(reader.member)
        stream.gate.set()
        await until(lambda: len(house.groups.owner) == 0)
        assert shelf(house) == 0
        await house.join(after=0).until(30)

    async def test_nothing_of_a_log_that_is_gone_is_handed_out(self, house: House) -> None:
        house.hub.publish(*"a" * 30)
        first, second = house.join(after=0), house.join(after=4)
        await first.until(30)
        first.seen.clear()
        second.read(1)
        house.hub.replace(10)
        house.hub.publish(*"a" * 20)
        # Asked before the group has gone over.
        third = house.join(after=12)
        for reader in (second, third):
            reader.read()
        await all_until([first, second, third], 30)
        assert second.seen[:2] == [("event", 5), ("replaced", 30)]
        assert third.positions == [*range(13, 31)]
        assert first.seen == [("replaced", 30)]

    async def test_what_is_kept_is_bounded_over_all_groups(self) -> None:
        async with opened(limits=limits(shelf_bytes=20_000)) as house:
            house.hub.publish(*"ab" * 300)
            for topic in "ab":
                await house.join(topic, after=0).until(599 if topic == "a" else 600)
            assert 10_000 < house.groups._commons.shelf.bytes <= 20_000
            again = house.join(after=0)
            await again.until(599)
            assert again.positions == [*range(1, 600, 2)]

    async def test_only_so_many_read_at_once(self) -> None:
        async with opened(limits=limits(replays=2)) as house:
            house.hub.publish(*"abcdef" * 5)
            streams = [house.stream(topic, after=30) for topic in "abcdef"]
            for stream in streams:
                stream.gate.clear()
                Reader(house.groups, stream)
            readers = [house.join(topic, after=0) for topic in "abcdef"]
            for reader in readers:
                reader.read()
            await until(lambda: len(house.hub.reads) == 2)
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(house.hub.reads) == 2
            for stream in streams:
                stream.gate.set()
            for number, reader in enumerate(readers):
                await reader.until(25 + number)


class TestSilences:
    """On a quiet stream, who has had everything is far behind the log, and only what it lacks is read for it."""

    async def quiet(self, house: House, floor: int = 0) -> Reader:
        """A reader that has had all there is until six frames come at once, after others' events; the log is pruned."""
        reader = house.join(after=0)
        house.hub.publish("a")
        await reader.until(1)
        house.hub.publish(*"b" * 95)
        await come(reader)
        house.hub.prune(floor)
        house.hub.publish(*"a" * 6)
        await come(reader)
        assert reader.member.source.window.floor == 98
        house.hub.reads.clear()
        return reader

    async def test_what_concerns_others_is_not_read(self, house: House) -> None:
        reader = await self.quiet(house)
        await reader.until(102)
        assert reader.positions == [1, *range(97, 103)]
        assert house.hub.reads == [90]

    async def test_nor_for_whoever_comes_back_from_there(self, house: House) -> None:
        await self.quiet(house)
        readers = [house.join(after=place) for place in (1, 40, 95, 96, 97)]
        await all_until(readers, 102)
        assert [reader.positions[0] for reader in readers] == [97, 97, 97, 97, 98]
        assert house.hub.reads == [90]
        before = house.join(after=0)
        await before.until(102)
        assert before.positions == [1, *range(97, 103)]

    async def test_nobody_is_reset_for_it(self, house: House) -> None:
        reader = await self.quiet(house, floor=96)
        await reader.until(102)
        assert reader.seen == [("event", position) for position in (1, *range(97, 103))]
        assert house.meter.counts["resets"] == 0

    async def test_one_that_lacks_what_was_pruned_is_reset(self, house: House) -> None:
        reader = await self.quiet(house)
        house.hub.prune(97)
        await reader.until(102)
        assert reader.seen == [("event", 1), ("reset", 102)]

    async def test_of_another_log_nothing_is_remembered(self, house: House) -> None:
        reader = await self.quiet(house)
        house.hub.replace(20)
        await reader.until(20)
        house.hub.publish("a")
        await reader.until(21)
        behind = house.join(after=20)
        await behind.until(21)
        assert reader.seen == [("event", 1), ("replaced", 20), ("event", 21)]
        assert behind.positions == [21]

    async def test_what_a_rate_leaves_out_is_no_silence(self) -> None:
        async with opened(limits=limits(frames=1, page=2)) as house:
            stream = house.stream(after=0)
            stream.max_rate = 1000
            reader = Reader(house.groups, stream)
            house.hub.publish("a~x")
            await reader.until(1)
            house.hub.publish("a~x", "a~x")
            house.hub.publish("a", "a")
            await come(reader)
            await reader.until(5)
            assert reader.positions == [1, 3, 4, 5]
            assert reader.skipped[3] >= 1


async def come(reader: Reader) -> None:
    """The reader's group has come to where the hub is; the reader itself has taken nothing."""
    group = reader.member.source
    assert isinstance(group, Group)
    await until(lambda: group.position == group._commons.hub.position)


STEPS = st.lists(
    st.sampled_from(
        ["a", "a", "b", "hear", "back", "back", "read", "nibble", "yield", "outage", "prune", "leave"]
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(
    steps=STEPS,
    page=st.integers(1, 5),
    shelf_bytes=st.sampled_from([0, 800, 4000, 100_000]),
    chance=st.randoms(use_true_random=False),
)
async def test_from_wherever_members_come_each_gets_what_follows_once(
    steps: list[str], page: int, shelf_bytes: int, chance: Random
) -> None:
    bounds = GroupLimits(frames=2, page=page, backlog=0, replays=2, shelf_bytes=shelf_bytes, retry_seconds=0)
    async with opened(limits=bounds) as house:
        matching, readers = list[int](), list[Reader]()
        for step in [*steps, "a"]:
            await _step(step, house, matching, readers, chance)
        house.hub.outages = 0
        house.hub.hear()
        for reader in readers:
            await reader.until(house.hub.head)
            _judge(reader, matching, house.hub.floor)


async def _step(step: str, house: House, matching: list[int], readers: list[Reader], chance: Random) -> None:
    match step:
        case "a" | "b":
            position = house.hub.commit(step)
            matching += [position] if step == "a" else []
        case "back":
            readers.append(house.join(after=chance.randint(house.hub.floor, house.hub.head)))
        case "read" | "nibble":
            for reader in readers:
                reader.read(1000 if step == "read" else 1)
        case "leave" if readers:
            house.groups.leave(readers.pop(chance.randrange(len(readers))).member)
        case _:
            await _happen(step, house.hub, chance)


async def _happen(step: str, hub: FakeHub, chance: Random) -> None:
    match step:
        case "hear":
            hub.hear()
        case "outage":
            hub.outages += 1
        case "prune":
            hub.prune(chance.randint(0, hub.position))
        case _:
            await asyncio.sleep(0)


def _judge(reader: Reader, matching: list[int], floor: int) -> None:
    """Between two resets every event once, in order; a reset only behind what is kept at last."""
    at = reader.member.stream.after or 0
    for kind, position in reader.seen:
        if kind == "reset":
            assert at < floor
            assert position >= at
        else:
            assert position == next(each for each in matching if each > at)
        at = position
