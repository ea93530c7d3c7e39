"""Streams with a rate: progress is held back, and what that must not do to anything."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live.commons import GroupLimits
from live.groups import Groups
from live.teller import Teller
from live.window import Due
from tests.fakes.hub import FakeHub, envelope
from tests.fakes.streams import CountingMeter, FakeStream, Reader
from tests.integration.waiting import until


class TimeMachine:
    """The loop's clock, which can be moved on at once; `stop` gives it back as it was."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._real: Callable[[], float] = self._loop.time
        self._moved = 0.0
        self._loop.time = self._time  # type: ignore[method-assign]

    def _time(self) -> float:
        return self._real() + self._moved

    def freeze(self) -> None:
        """Let nothing move it but `advance`."""
        moment = self._real()
        self._loop.time = lambda: moment + self._moved  # type: ignore[method-assign]

    def advance(self, seconds: float) -> None:
        self._moved += seconds

    def stop(self) -> None:
        self._loop.time = self._real  # type: ignore[method-assign]


class House:
    """A hub, and groups whose streams tell progress ten seconds apart; the clock moves when it is told to."""

    def __init__(self, limits: GroupLimits | None = None, rate: float | None = 0.1) -> None:
        self.hub = FakeHub()
        self.clock = TimeMachine()
        self.meter = CountingMeter()
        self.groups = Groups(self.hub, self.meter, limits or GroupLimits(retry_seconds=0))
        self.rate = rate

    def join(self, after: int | None = None) -> Reader:
        stream = FakeStream(self.hub, after=after)
        stream.max_rate = self.rate
        return Reader(self.groups, stream)

    def group_of(self, reader: Reader) -> FakeStream:
        """The stream that renders for everybody: that of the first who came."""
        stream = reader.member.source.stream  # type: ignore[attr-defined]
        assert isinstance(stream, FakeStream)
        return stream

    async def close(self) -> None:
        await self.groups.close()
        self.clock.stop()

    async def settle(self) -> None:
        """Let the groups do what they can without the clock."""
        for _ in range(40):
            await asyncio.sleep(0)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    await house.close()


async def told(house: House, reader: Reader) -> list[int]:
    """What the reader has once nothing moves any more."""
    for _ in range(5):
        await house.settle()
        reader.read()
    return reader.positions


class TestRate:
    async def test_the_first_comes_at_once_and_then_the_newest_of_each_pause(self, house: House) -> None:
        reader = house.join(after=0)
        await house.settle()
        for _ in range(5):
            house.hub.publish("a~x")
            await house.settle()
        assert await told(house, reader) == [1]
        house.clock.advance(10)
        await reader.until(1, 5)
        house.hub.publish("a~x", "a~x")
        assert await told(house, reader) == [1, 5]
        house.clock.advance(10)
        await reader.until(1, 5, 7)
        assert reader.skipped == {5: 3, 7: 1}
        assert house.group_of(reader).renders == [1, 5, 7]

    async def test_a_timer_that_is_early_by_less_than_a_millisecond_is_in_time(self) -> None:
        """uvloop rounds to whole milliseconds, and the group would turn until the rest of one is over."""
        clock, due = TimeMachine(), list[Due]()
        stream = FakeStream(FakeHub())
        stream.max_rate = 0.1
        teller = Teller(stream, due.append)
        clock.freeze()
        for position, pause, count in ((1, 0.0, 1), (2, 9.998, 1), (3, 0.0015, 2)):
            await teller.tell(envelope(position, "a~x"))
            clock.advance(pause)
            await teller.flush_due()
            assert len(due) == count
        clock.stop()

    async def test_after_silence_it_comes_at_once(self, house: House) -> None:
        reader = house.join(after=0)
        house.hub.publish("a~x")
        await reader.until(1)
        house.clock.advance(10)
        assert await told(house, reader) == [1]
        house.hub.publish("a~x")
        await reader.until(1, 2)

    async def test_one_tick_tells_the_newest_of_each(self, house: House) -> None:
        reader = house.join(after=0)
        house.hub.publish("a~x")
        await reader.until(1)
        house.hub.publish("a~x", "a~y", "a~z", "a~x", "a~y")
        assert await told(house, reader) == [1]
        house.clock.advance(10)
        await reader.until(1, 4, 5, 6)
        assert reader.skipped == {5: 1, 6: 1}

    async def test_what_says_nothing_when_it_is_rendered_is_passed_over(self, house: House) -> None:
        reader = house.join(after=0)
        house.group_of(reader).silent = {1}
        house.hub.publish("a~x")
        assert await told(house, reader) == []
        house.hub.publish("a~y")
        await reader.until(2)

    async def test_without_a_rate_all_of_it_is_told(self) -> None:
        house = House(rate=None)
        reader = house.join(after=0)
        house.hub.publish("a~x", "a~x", "a", "a~x")
        await reader.until(1, 2, 3, 4)
        assert reader.skipped == {}
        await house.close()

    async def test_it_does_not_count_as_slow(self, house: House) -> None:
        reader = house.join(after=0)
        await house.settle()
        house.hub.publish("a~x", "a")
        await house.settle()
        assert [due.occurred_at is None for due in reader.member.take(8)] == [True, False]


class TestWhatIsNeverLeftOut:
    async def test_the_last_progress_comes_right_before_an_end(self, house: House) -> None:
        reader = house.join(after=0)
        house.hub.publish("a~x")
        await reader.until(1)
        house.hub.publish("a~x", "a~x", "a!")
        await reader.until(1, 3, 4)
        assert reader.member.finished
        assert reader.skipped == {3: 1}

    async def test_what_is_told_before_its_time_puts_off_the_next(self, house: House) -> None:
        reader = house.join(after=0)
        house.hub.publish("a~x")
        await reader.until(1)
        house.clock.advance(9)
        house.hub.publish("a~x", "a")
        await reader.until(1, 2, 3)
        house.hub.publish("a~x")
        house.clock.advance(9)
        assert await told(house, reader) == [1, 2, 3]
        house.clock.advance(1)
        await reader.until(1, 2, 3, 4)

    async def test_when_its_time_comes_before_the_distributor_nothing_is_passed_over(self) -> None:
        """What the distributor has not looked at yet may concern it."""
        house = House(GroupLimits(retry_seconds=1000))
        reader = house.join(after=0)
        house.hub.publish("a~x")
        await reader.until(1)
        house.hub.publish("a~x")
        assert await told(house, reader) == [1]
        house.hub.outages = 1
        house.hub.publish("a")
        assert await told(house, reader) == [1]
        assert house.hub.outages == 0
        house.clock.advance(10)
        await reader.until(1, 2, 3)
        await house.close()

    async def test_what_only_seemed_to_belong_tells_nothing_early(self, house: House) -> None:
        reader = house.join(after=0)
        house.group_of(reader).silent = {3}
        house.hub.publish("a~x")
        await reader.until(1)
        house.hub.publish("a~x", "a", "b")
        assert await told(house, reader) == [1]

    async def test_an_outage_on_a_tick_repeats_nothing_and_loses_nothing(self, house: House) -> None:
        reader = house.join(after=0)
        house.hub.publish("a~x")
        await reader.until(1)
        house.hub.publish("a~x", "a~y", "a~x")
        await house.settle()
        house.group_of(reader).outage_at = 4
        house.clock.advance(10)
        assert await told(house, reader) == [1, 3]
        house.clock.advance(10)
        await reader.until(1, 3, 4)
        assert reader.skipped == {4: 1}

    async def test_an_outage_before_an_end_repeats_nothing_and_loses_nothing(self, house: House) -> None:
        reader = house.join(after=0)
        house.hub.publish("a~x")
        await reader.until(1)
        house.group_of(reader).outage_at = 3
        house.hub.publish("a~x", "a~x", "a")
        await reader.until(1, 3, 4)
        assert reader.skipped == {3: 1}


class TestWhoComesBack:
    async def test_a_replay_tells_the_newest_of_what_it_reads(self, house: House) -> None:
        house.hub.publish("a~x", "a~x", "a~y", "a~x")
        reader = house.join(after=0)
        await reader.until(3, 4)
        assert reader.skipped == {4: 2}

    async def test_a_replay_reads_on_while_there_is_only_progress(self) -> None:
        house = House(GroupLimits(page=3, retry_seconds=0))
        house.hub.publish(*["a~x", "b"] * 20, "a", "a~x")
        reader = house.join(after=0)
        await reader.until(39, 41, 42)
        assert house.hub.reads[:14] == list(range(0, 42, 3))
        assert reader.positions == [39, 41, 42]
        assert reader.skipped[39] == 19
        await house.close()

    async def test_a_group_that_begins_in_the_past_tells_the_newest_of_it(self) -> None:
        house = House(GroupLimits(page=3, retry_seconds=0))
        house.hub.since = 0
        house.hub.publish(*["a~x"] * 8)
        reader = house.join(after=1)
        await reader.until(8)
        assert reader.positions == [8]
        assert house.hub.reads == [0, 3, 6]
        assert reader.skipped == {8: 7}
        await house.close()

    async def test_a_replay_reads_only_so_much_at_once(self) -> None:
        house = House(GroupLimits(page=3, reading=9, retry_seconds=0))
        house.hub.publish(*["a~x"] * 20)
        reader = house.join(after=0)
        await reader.until(9, 18, 20)
        assert reader.skipped == {9: 8, 18: 8, 20: 1}
        await house.close()

    async def test_a_replay_holds_no_more_than_a_page(self) -> None:
        house = House(GroupLimits(page=4, retry_seconds=0))
        house.hub.publish(*(f"a~{number}" for number in range(20)))
        reader = house.join(after=0)
        await reader.until(*range(1, 21))
        assert house.hub.reads == [0, 4, 8, 12, 16]
        await house.close()

    async def test_an_outage_in_a_replay_begins_it_anew(self) -> None:
        house = House(GroupLimits(page=2, retry_seconds=0))
        house.hub.publish(*["a~x"] * 5)
        reader = house.join(after=0)
        house.group_of(reader).outage_at = 5
        await reader.until(5)
        assert reader.positions == [5]
        assert reader.skipped == {5: 4}
        await house.close()

    async def test_a_log_that_is_pruned_under_a_replay_is_a_reset(self) -> None:
        house = House(GroupLimits(page=2, retry_seconds=0))
        house.hub.publish(*["a~x"] * 6)
        reader = house.join(after=0)
        reader.read()
        async with asyncio.timeout(5):
            while len(house.hub.reads) < 2:  # noqa: ASYNC110  Any later and the replay is over.
                await asyncio.sleep(0)
        house.hub.prune(5)
        await reader.until(6)
        assert reader.seen == [("reset", 6)]
        await house.close()

    async def test_what_is_held_while_somebody_replays_past_it_comes_once(self, house: House) -> None:
        house.hub.publish("a")
        first = house.join(after=1)
        house.hub.publish("a~x")
        await first.until(2)
        house.hub.publish("a~x", "a~x")
        await house.settle()
        second = house.join(after=0)
        await second.until(1, 4)
        house.clock.advance(10)
        await first.until(2, 4)
        assert await told(house, second) == [1, 4]
        house.hub.publish("a~x", "a")
        await second.until(1, 4, 5, 6)
        await first.until(2, 4, 5, 6)

    async def test_whoever_has_a_held_value_is_not_told_it(self, house: House) -> None:
        first = house.join(after=0)
        house.hub.publish("a~x")
        await first.until(1)
        house.hub.publish("a~x")
        await house.settle()
        second, third = house.join(after=2), house.join()
        house.clock.advance(10)
        await first.until(1, 2)
        assert await told(house, second) == []
        assert await told(house, third) == [2]
        assert third.seen == [("snapshot", 2)]

    async def test_a_group_that_has_to_skip_holds_nothing_any_more(self, house: House) -> None:
        reader = house.join(after=0)
        house.hub.publish("a~x")
        await reader.until(1)
        house.hub.publish("a~x")
        await house.settle()
        house.hub.commit("a", "a")
        house.hub.prune(4)
        house.hub.hear()
        await reader.until(1, 4)
        house.clock.advance(10)
        assert await told(house, reader) == [1, 4]
        assert reader.seen[-1] == ("reset", 4)
        # Told now it would stand in the window below its floor.
        assert house.group_of(reader).renders == [1]

    async def test_leaving_leaves_nothing_behind(self, house: House) -> None:
        reader = house.join(after=0)
        house.hub.publish("a~x")
        await reader.until(1)
        house.hub.publish("a~x")
        await house.settle()
        house.groups.leave(reader.member)
        await until(lambda: len(house.groups.owner) == 0)
        again = house.join(after=1)
        await again.until(2)


KINDS = {"x": "a~x", "y": "a~y", "event": "a", "other": "b"}
STEPS = st.lists(
    st.sampled_from(
        [*KINDS, "x", "x", "hear", "join", "resume", "old", "read", "nibble", "yield", "tick", "outage"]
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(
    steps=STEPS,
    frames=st.integers(1, 4),
    page=st.integers(1, 4),
    reading=st.integers(1, 12),
    since=st.sampled_from([0, 3, 99]),
)
async def test_in_any_interleaving_only_progress_is_left_out_and_the_newest_always_comes(
    steps: list[str], frames: int, page: int, reading: int, since: int
) -> None:
    limits = GroupLimits(frames=frames, page=page, reading=reading, replays=2, retry_seconds=0)
    house, log, readers = House(limits), list[str](), list[Reader]()
    house.hub.since = since
    try:
        for step in [*steps, "event"]:
            await _step(step, house, log, readers)
        house.hub.outages = 0
        house.hub.hear()
        for reader in readers:
            await reader.until(len(log))
            _judge(log, reader)
    finally:
        await house.close()


async def _step(step: str, house: House, log: list[str], readers: list[Reader]) -> None:
    match step:
        case "hear":
            house.hub.hear()
        case "join" | "resume" | "old":
            readers.append(house.join({"join": None, "resume": house.hub.head, "old": 0}[step]))
        case "read" | "nibble":
            for reader in readers:
                reader.read(1000 if step == "read" else 1)
        case "tick":
            house.clock.advance(10)
        case "outage":
            house.hub.outages += 1
        case "yield":
            await asyncio.sleep(0)
        case _:
            house.hub.commit(KINDS[step])
            log.append(KINDS[step])


def _judge(log: list[str], reader: Reader) -> None:
    """All events once, in order; before each the newest progress of all; and no more left out than is said."""
    start = reader.member.stream.after
    if start is None:
        start = reader.positions[0]
    seen = [position for position in reader.positions if position > start]
    assert all(before < after for before, after in pairwise(seen))
    left_out: dict[str, int] = {}
    for position, topic in enumerate(log[start:], start=start + 1):
        if topic == "b":
            assert position not in seen
        elif topic == "a":
            assert position in seen
            assert not any(left_out.values())
        elif position in seen:
            assert left_out.pop(topic, 0) <= reader.skipped.get(position, 0)
        else:
            left_out[topic] = left_out.get(topic, 0) + 1
