"""The distributor: one reader of the hub for all groups, which hands each event only to those it may concern."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.envelope import Envelope
from events.event import EntityType
from live import distributor
from live.commons import GroupLimits
from live.group import Group
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


def ident(position: int) -> UUID:
    """What the event at a position is about."""
    return UUID(int=position)


class TestWhoHears:
    async def test_only_those_whom_it_may_concern(self, house: House) -> None:
        streams = [
            Attentive(house, "a", ident(2)),
            Attentive(house, "a", ident(3), ident(1)),
            Attentive(house, "a", EntityType.PERSONA),
            Attentive(house, "a", EntityType.PROXY, EntityType.CAMPAIGN),
            Attentive(house, "a"),
        ]
        readers = [Reader(house.groups, stream) for stream in streams]
        house.hub.publish("a", "a", "a")
        await readers[4].until(1, 2, 3)
        assert [stream.asked for stream in streams] == [[2], [1, 3], [1, 2, 3], [], [1, 2, 3]]
        for reader in readers:
            reader.read()
        assert [reader.positions for reader in readers] == [[2], [1, 3], [1, 2, 3], [], [1, 2, 3]]
        assert [reader.calls for reader in readers] == [1, 1, 1, 0, 1]
        # Who was handed nothing is where all are.
        groups = [reader.member.source for reader in readers]
        assert {group.position for group in groups if isinstance(group, Group)} == {3}

    async def test_the_hub_is_read_once_and_followed_by_one_task(self, house: House) -> None:
        readers = [Reader(house.groups, Attentive(house, f"t{number}")) for number in range(50)]
        house.hub.publish(*(f"t{number}" for number in range(50)))
        for number, reader in enumerate(readers):
            await reader.until(number + 1)
        assert house.hub.reads == [0]
        assert len(house.groups.owner) == 1

    async def test_one_that_has_left_is_handed_nothing(self, house: House) -> None:
        gone, stays = Attentive(house, "a", ident(2)), Attentive(house)
        reader, other = Reader(house.groups, gone), Reader(house.groups, stays)
        house.hub.publish("a")
        await other.until(1)
        house.groups.leave(reader.member)
        house.hub.publish("a")
        await other.until(1, 2)
        assert gone.asked == []
        house.groups.leave(other.member)
        await until(lambda: len(house.groups.owner) == 0)
        house.hub.publish("a")
        again = Reader(house.groups, Attentive(house, after=3))
        house.hub.publish("a")
        await again.until(4)
        assert again.positions == [4]


class TestWhoIsBehind:
    async def test_one_that_waits_delays_nobody_and_misses_nothing(self, house: House) -> None:
        slow, quick = Attentive(house, "a"), Attentive(house, "b")
        slow.plain = False
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
        # It is abreast again, and has no task of its own.
        await until(lambda: len(house.groups.owner) == 1)

    async def test_an_outage_of_one_is_its_own(self, house: House) -> None:
        one, other = Attentive(house, "a"), Attentive(house, "b")
        readers = [Reader(house.groups, one), Reader(house.groups, other)]
        one.outage_at = 2
        house.hub.publish("a", "a", "b", "a")
        await readers[1].until(3)
        await readers[0].until(1, 2, 4)
        assert readers[0].positions == [1, 2, 4]

    async def test_a_defect_of_one_is_its_own(self, house: House) -> None:
        one, other = Attentive(house, "a", ident(2)), Attentive(house, "b", ident(1), ident(3))
        readers = [Reader(house.groups, one), Reader(house.groups, other)]
        house.hub.publish("b", "defect", "b")
        await readers[1].until(1, 3)
        await until(lambda: readers[0].member.failure is not None)
        assert readers[1].member.failure is None
        house.hub.publish("b")
        await Reader(house.groups, Attentive(house, "b", after=3)).until(4)

    async def test_when_the_log_has_lapsed_all_go_on_from_where_it_is_kept(self, house: House) -> None:
        readers = [Reader(house.groups, Attentive(house, topic)) for topic in "ab"]
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


TOPICS = "abc"
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
async def test_in_any_interleaving_each_group_hears_of_all_that_concerns_it_once(
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
                self.join(TOPICS[number % 3], plain=number > 3)
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

    def join(self, topic: str, *, plain: bool) -> None:
        hub = self.house.hub
        stream = FakeStream(hub, topic, after=hub.head if plain else max(0, hub.head - 3))
        stream.plain = plain
        stream.subjects = None if plain else frozenset({EntityType.PERSONA})
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
