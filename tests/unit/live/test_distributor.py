"""The distributor: it wakes those whom an event may concern, and nobody else."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Generator, Hashable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.envelope import Envelope
from events.event import EntityType
from events.subjects import Subject, subjects_of
from live import distributor
from live.commons import GroupLimits
from live.group import Group
from tests.fakes.hub import owner_of
from tests.fakes.streams import FakeStream, Reader
from tests.integration.waiting import until
from tests.unit.live.test_group import House, opened


class Attentive(FakeStream):
    """Notes which events it was asked about."""

    def __init__(self, house: House, topic: str = "a", *subjects: object, after: int | None = 0) -> None:
        super().__init__(house.hub, topic, after=after, key=(topic, subjects))
        self.subjects = frozenset(subjects) if subjects else None
        self.asked: list[int] = []

    def matches(self, envelope: Envelope) -> bool:
        self.asked.append(envelope.position)
        if envelope.summary == "defect":
            raise ValueError("secret")
        return super().matches(envelope)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened(limits=GroupLimits(retry_seconds=0.001)) as house:
        yield house


def distributor_of(house: House) -> distributor.Distributor:
    return house.groups._commons.distributor


def ident(position: int) -> UUID:
    """What the event at a position is about."""
    return UUID(int=position)


class Steps:
    """Counts the steps of tasks that are started while it is in place, by their names."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def __call__(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **kwargs: Any
    ) -> asyncio.Task[Any]:
        counted = Counted(work, self.counts)
        task = asyncio.Task(counted, loop=loop, **kwargs)
        counted.name = task.get_name()
        return task


class Counted(Coroutine[Any, Any, Any]):
    """A coroutine whose steps are counted."""

    def __init__(self, work: Coroutine[Any, Any, Any], counts: Counter[str]) -> None:
        self.name = ""
        self._work = work
        self._counts = counts

    def send(self, value: Any) -> Any:
        self._counts[self.name] += 1
        return self._work.send(value)

    def throw(self, *error: Any) -> Any:
        return self._work.throw(*error)

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._work.__await__()


class TestWhoIsCalled:
    async def test_only_those_whom_it_may_concern(self, house: House) -> None:
        streams = [
            Attentive(house, "a", ident(2)),
            Attentive(house, "a", ident(3), ident(1)),
            Attentive(house, "a", EntityType.PERSONA),
            Attentive(house, "a", EntityType.PROXY, EntityType.CAMPAIGN),
            Attentive(house, "a"),
        ]
        readers = [Reader(house.groups, stream) for stream in streams]
        for position in (1, 2, 3):
            house.hub.publish("a")
            await readers[4].until(position)
        for reader in readers:
            reader.read()
        assert [stream.asked for stream in streams] == [[2], [1, 3], [1, 2, 3], [], [1, 2, 3]]
        assert [reader.positions for reader in readers] == [[2], [1, 3], [1, 2, 3], [], [1, 2, 3]]
        assert [reader.calls for reader in readers] == [1, 2, 3, 0, 3]

    async def test_a_thousand_groups_about_other_things_take_no_step(self) -> None:
        steps = Steps()
        asyncio.get_running_loop().set_task_factory(steps)  # type: ignore[arg-type]
        async with opened() as house:
            others = [Attentive(house, f"t{number}", ident(1000 + number)) for number in range(1000)]
            idle = [Reader(house.groups, each) for each in others]
            concerned = Reader(house.groups, Attentive(house, "a", *map(ident, range(10))))
            await until(lambda: sum(steps.counts.values()) == 1002)
            assert set(steps.counts.values()) == {1}
            house.hub.publish("a", "a", "a")
            await concerned.until(1, 2, 3)
            # The distributor, and the one that is concerned, if it had to go on by itself.
            assert sum(count > 1 for count in steps.counts.values()) <= 2
            assert not any(each.asked for each in others)
            assert not any(each.calls for each in idle)

    async def test_one_that_has_left_is_not_called(self, house: House) -> None:
        gone, stays = Attentive(house, "a", ident(2)), Attentive(house)
        reader, other = Reader(house.groups, gone), Reader(house.groups, stays)
        house.hub.publish("a")
        await other.until(1)
        house.groups.leave(reader.member)
        house.hub.publish("a")
        await other.until(1, 2)
        assert gone.asked == []

    async def test_with_the_last_group_it_ends_and_with_the_next_it_begins_where_the_hub_is(
        self, house: House
    ) -> None:
        first = Reader(house.groups, Attentive(house))
        house.hub.publish("a")
        await first.until(1)
        house.groups.leave(first.member)
        await until(lambda: len(house.groups.owner) == 0)
        house.hub.publish("a", "a")
        house.hub.reads.clear()
        again = Reader(house.groups, Attentive(house, after=3))
        house.hub.publish("a")
        await again.until(4)
        assert again.positions == [4]
        assert set(house.hub.reads) == {3}

    async def test_one_that_is_called_after_a_long_rest_reads_only_what_it_is_called_for(
        self, house: House
    ) -> None:
        """Much of what it did not look at may be gone from the log meanwhile."""
        rare, often = Attentive(house, "a", ident(101)), Attentive(house, "b")
        readers = [Reader(house.groups, rare), Reader(house.groups, often)]
        for position in range(1, 101):
            house.hub.publish("b")
            await readers[1].until(position)
        house.hub.prune(100)
        house.hub.publish("a")
        await readers[0].until(101)
        assert readers[0].seen == [("event", 101)]
        assert rare.asked == [101]


async def at_rest(readers: list[Reader]) -> None:
    """Until their groups are; before that they read by themselves."""
    groups = [reader.member.source for reader in readers]
    await until(lambda: all(isinstance(group, Group) and group._is_at_rest for group in groups))


async def first_served(readers: list[Reader]) -> None:
    """Until the first has been called, and no other."""
    while not readers[0].calls:  # noqa: ASYNC110  Any later and the others are served, too.
        await asyncio.sleep(0)
    assert [reader.calls for reader in readers] == [1, *[0] * (len(readers) - 1)]


class TestWhoIsServed:
    async def test_one_that_takes_no_waiting_is_served_without_its_task(self, house: House) -> None:
        streams = [Attentive(house, "a"), Attentive(house, "a", EntityType.PERSONA)]
        streams[1].plain = False
        readers = [Reader(house.groups, stream) for stream in streams]
        await at_rest(readers)
        house.hub.publish("a", "b", "a")
        for reader in readers:
            await reader.until(1, 3)
        # Only the distributor has read the log, and the one that has to wait.
        assert house.hub.reads == [0, 0]
        assert [stream.asked for stream in streams] == [[1, 2, 3], [1, 1, 2, 3]]

    async def test_others_have_their_turn_between_two_that_are_served(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(distributor, "TURN_SECONDS", -1.0)
        every = [Reader(house.groups, Attentive(house, "a", EntityType.PERSONA, ident(n))) for n in range(9)]
        await at_rest(every)
        house.hub.publish("a")
        await first_served(every)
        for reader in every:
            await reader.until(1)

    @pytest.mark.parametrize("leaving", range(4))
    async def test_one_may_leave_while_others_are_served(
        self, house: House, monkeypatch: pytest.MonkeyPatch, leaving: int
    ) -> None:
        monkeypatch.setattr(distributor, "TURN_SECONDS", -1.0)
        readers = [
            Reader(house.groups, Attentive(house, "a", ident(1), ident(2), ident(n))) for n in range(4)
        ]
        await at_rest(readers)
        house.hub.publish("a")
        await first_served(readers)
        gone = readers.pop(leaving)
        house.groups.leave(gone.member)
        house.hub.publish("a")
        for reader in readers:
            await reader.until(1, 2)
            assert reader.positions == [1, 2]

    async def test_another_log_comes_while_they_are_served(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(distributor, "TURN_SECONDS", -1.0)
        readers = [
            Reader(house.groups, Attentive(house, "a", EntityType.PERSONA, ident(n))) for n in range(4)
        ]
        await at_rest(readers)
        house.hub.publish("a", "a")
        await first_served(readers)
        house.hub.replace(1)
        await until(lambda: distributor_of(house).era == 1)
        for reader in readers:
            await reader.until(1)
        house.hub.publish("a")
        for reader in readers:
            await reader.until(2)
            # What was about to be served is of no log any more.
            assert reader.seen == [("replaced", 1), ("event", 2)]


class TestWhoIsBehind:
    async def test_one_that_waits_delays_nobody_and_misses_nothing(self, house: House) -> None:
        slow, quick = Attentive(house, "a"), Attentive(house, "b")
        readers = [Reader(house.groups, slow), Reader(house.groups, quick)]
        slow.gate.clear()
        for position in range(1, 11):
            house.hub.publish("ab"[position % 2])
            if position % 2:
                await readers[1].until(position)
        assert readers[0].calls == 0
        slow.gate.set()
        await readers[0].until(2, 4, 6, 8, 10)
        assert readers[0].positions == [2, 4, 6, 8, 10]

    async def test_one_that_begins_in_the_past_reads_it_without_a_call(self, house: House) -> None:
        house.hub.since = 0
        house.hub.publish("a", "b", "a")
        reader = Reader(house.groups, Attentive(house, "a", ident(1), ident(3)))
        await until(lambda: reader.calls == 1)
        await reader.until(1, 3)
        assert house.meter.counts["replays"] == 0

    async def test_one_that_begins_where_the_distributor_has_not_come_to_waits_for_it(
        self, house: House
    ) -> None:
        first = Reader(house.groups, Attentive(house, "a"))
        await until(lambda: len(house.groups.owner) == 2)
        house.hub.publish("a", "a")
        second = Reader(house.groups, Attentive(house, "a", ident(4), after=2))
        house.hub.publish("a", "a")
        await first.until(1, 2, 3, 4)
        await second.until(4)
        assert second.positions == [4]

    async def test_an_outage_of_one_is_its_own(self, house: House) -> None:
        one, other = Attentive(house, "a"), Attentive(house, "b")
        readers = [Reader(house.groups, one), Reader(house.groups, other)]
        one.outage_at = 2
        house.hub.publish("a", "a", "b", "a")
        await readers[1].until(3)
        await readers[0].until(1, 2, 4)
        assert readers[0].positions == [1, 2, 4]

    async def test_a_defect_of_one_is_its_own(self, house: House) -> None:
        one, other = Attentive(house, "a", ident(2)), Attentive(house, "b", *map(ident, (1, 3, 4)))
        readers = [Reader(house.groups, one), Reader(house.groups, other)]
        house.hub.publish("b")
        await readers[1].until(1)
        house.hub.publish("defect")
        await until(lambda: readers[0].member.failure is not None)
        house.hub.publish("b")
        await readers[1].until(1, 3)
        assert readers[1].member.failure is None
        # Nobody calls one that has failed.
        house.hub.publish("b")
        await readers[1].until(4)
        assert one.asked[-1] == 2


class TestMishaps:
    async def test_when_the_log_has_lapsed_all_go_on_from_where_it_is_kept(self, house: House) -> None:
        readers = [Reader(house.groups, Attentive(house, topic, EntityType.PERSONA)) for topic in "ab"]
        house.hub.publish("a", "b")
        for reader in readers:
            await reader.until(1 + readers.index(reader))
        house.hub.commit("a", "b", "a")
        house.hub.prune(5)
        house.hub.hear()
        for reader in readers:
            await reader.until(5)
            assert reader.seen[-1] == ("reset", 5)
        house.hub.publish("a", "b")
        await readers[0].until(5, 6)
        await readers[1].until(5, 7)

    async def test_an_outage_of_the_hub_is_waited_out(self, house: House) -> None:
        readers = [Reader(house.groups, Attentive(house, topic)) for topic in "ab"]
        house.hub.outages = 3
        house.hub.publish("a", "b")
        await readers[0].until(1)
        await readers[1].until(2)

    async def test_an_event_that_says_nothing_of_what_it_is_about_is_looked_at_by_all(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_second(envelope: Envelope) -> tuple[Subject, ...]:
            if envelope.position == 2:
                raise AssertionError("It does not say what it tells of.")
            return subjects_of(envelope)

        monkeypatch.setattr(distributor, "subjects_of", no_second)
        streams = [Attentive(house, "a", ident(3)), Attentive(house, "a", ident(1), ident(4))]
        readers = [Reader(house.groups, stream) for stream in streams]
        for position in range(1, 4):
            house.hub.publish("a")
            await until(lambda position=position: distributor_of(house).position == position)  # type: ignore[misc]
        house.hub.publish("a")
        await readers[0].until(2, 3)
        await readers[1].until(1, 2, 4)

    async def test_all_go_over_to_another_log_at_once_whoever_notices_first(self, house: House) -> None:
        """Positions are compared: one group in the new log, and the distributor in the old, would miss something."""
        readers = [Reader(house.groups, Attentive(house, topic)) for topic in "ab"]
        house.hub.publish("a", "b", "a", "b")
        await readers[0].until(3)
        await readers[1].until(4)
        house.hub.replace(1)
        Reader(house.groups, Attentive(house, "c"))
        groups = {reader.member.source for reader in readers}
        assert {(group.era, group.position) for group in groups if isinstance(group, Group)} == {(1, 1)}
        assert (distributor_of(house).era, distributor_of(house).position) == (1, 1)
        for reader in readers:
            await reader.until(1)
        house.hub.publish("a", "b")
        await readers[0].until(2)
        await readers[1].until(3)


TOPICS = "abc"
SUBJECTS: dict[str, frozenset[Hashable] | None] = {
    "a": frozenset({owner_of("a")}),
    "b": frozenset({(owner_of("b"), EntityType.PERSONA), EntityType.PROXY}),
    "c": None,
}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["commit", "commit", "hear", "join", "join", "leave", "read", "turn", "turn", "gate", "outage"]
        ),
        st.integers(0, 8),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, page=st.integers(1, 4), since=st.sampled_from([0, 3, 99]), patient=st.booleans())
async def test_in_any_interleaving_each_group_tells_all_that_concerns_it_once(
    steps: list[tuple[str, int]], page: int, since: int, patient: bool
) -> None:
    """Groups come and go, wait and go on, in the middle of an event that others have heard of already."""
    turn, distributor.TURN_SECONDS = distributor.TURN_SECONDS, 1.0 if patient else -1.0
    limits = GroupLimits(frames=3, page=page, backlog=4, replays=2, retry_seconds=0)
    try:
        async with opened(limits=limits) as house:
            house.hub.since = since
            play = Play(house)
            for step in steps:
                await play.step(*step)
            await play.judge()
    finally:
        distributor.TURN_SECONDS = turn


class Play:
    """Readers of three streams, some of which have to wait for what they render."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.log: list[str] = []
        self.readers: list[tuple[str, Reader, FakeStream]] = []

    async def step(self, kind: str, number: int) -> None:
        hub = self.house.hub
        match kind:
            case "commit":
                hub.commit(TOPICS[number % 3])
                self.log.append(TOPICS[number % 3])
            case "hear":
                hub.hear()
            case "join":
                self.join(TOPICS[number % 3], recent=number > 3)
            case "outage":
                hub.outages += 1
            case _:
                await self.handle(kind, number)

    async def handle(self, kind: str, number: int) -> None:
        match kind:
            case "leave" if self.readers:
                self.house.groups.leave(self.readers.pop(number % len(self.readers))[1].member)
            case "read":
                for _, reader, _ in self.readers:
                    reader.read()
            case "gate" if self.readers:
                gate = self.readers[number % len(self.readers)][2].gate
                (gate.clear if gate.is_set() else gate.set)()
            case _:
                await asyncio.sleep(0)

    def join(self, topic: str, *, recent: bool) -> None:
        hub = self.house.hub
        stream = FakeStream(hub, topic, after=hub.head if recent else max(0, hub.head - 3))
        stream.subjects = SUBJECTS[topic]
        self.readers.append((topic, Reader(self.house.groups, stream), stream))

    async def judge(self) -> None:
        """Everything comes to rest, and each reader has what follows its place."""
        hub = self.house.hub
        for _, _, stream in self.readers:
            stream.gate.set()
        for group in set(self.house.groups._members.values()):
            group.stream.gate.set()  # type: ignore[attr-defined]
        hub.outages = 0
        hub.publish(*TOPICS)
        self.log += TOPICS
        for topic, reader, stream in self.readers:
            ends = len(self.log) - 2 + TOPICS.index(topic)
            await reader.until(ends)
            after = stream.after or 0
            assert reader.positions == [
                place for place, each in enumerate(self.log, 1) if each == topic and place > after
            ]
