"""Groups when another log takes the place of theirs: one reset for everybody, and nothing of the old one after it."""

import asyncio

import pytest

from events.envelope import Envelope
from live.commons import GroupLimits
from live.group import Group
from live.member import REPLACED
from live.operations import Frame
from tests.fakes.streams import FakeStream, Reader
from tests.integration.waiting import until
from tests.unit.live.test_group import House, house, opened

__all__ = ["house"]


async def test_everybody_is_reset_once_and_goes_on_in_the_new_log(house: House) -> None:
    readers = [house.join(), house.join(after=0)]
    house.hub.publish("a", "a", "a")
    for reader in readers:
        await reader.until(3)
        reader.seen.clear()
    house.hub.replace(1)
    await until(lambda: all(reader.member.position == REPLACED for reader in readers))
    for reader in readers:
        reader.read()
    for reader in readers:
        await reader.until(1)
    house.hub.publish("a")
    for reader in readers:
        await reader.until(1, 2)
        assert reader.seen == [("replaced", 1), ("event", 2)]
    assert house.meter.counts["resets"] == 1


async def test_whoever_takes_nothing_meanwhile_is_reset_too(house: House) -> None:
    """What the group had in its window for a slow member was of the old log, at positions that the new one has too."""
    slow = house.join(after=0)
    quick = house.join(after=0)
    house.hub.publish("a", "a", "a")
    await quick.until(3)
    house.hub.replace(0)
    await until(lambda: slow.member.position == REPLACED)
    house.hub.publish("a", "a", "a", "a")
    await slow.until(4)
    assert slow.seen[0][0] == "replaced"


async def test_a_page_that_was_fetched_and_not_taken_is_thrown_away() -> None:
    async with opened(limits=GroupLimits(frames=1, page=2)) as house:
        house.hub.publish(*"aaaa")
        behind = house.join(after=0)
        behind.read(1)
        await until(lambda: behind.calls > 0)
        behind.read(1)
        assert behind.positions == [1]
        house.hub.replace(7)
        await until(lambda: behind.member.position == REPLACED)
        await behind.until(7)
        assert behind.seen == [("event", 1), ("replaced", 7)]


async def test_a_snapshot_that_was_not_taken_is_of_the_new_log_when_it_is(house: House) -> None:
    house.hub.publish("a", "a")
    reader = house.join()
    reader.read()
    await until(lambda: reader.calls > 0)
    house.hub.replace(7)
    await until(lambda: reader.calls > 1)
    await reader.until(7)
    assert reader.seen == [("snapshot", 7)]


@pytest.mark.parametrize("after", [None, 0], ids=["opening", "replaying"])
async def test_what_was_under_way_is_of_the_new_log_when_it_arrives(house: House, after: int | None) -> None:
    house.hub.publish("a", "a")
    stream = house.stream(after=after)
    stream.gate.clear()
    reader = Reader(house.groups, stream)
    reader.read()
    await asyncio.sleep(0)
    house.hub.replace(1)
    stream.gate.set()
    await reader.until(1)
    assert reader.seen == [("snapshot" if after is None else "replaced", 1)]


class Pausing(FakeStream):
    """Its rendering takes a turn of the loop each time."""

    async def render(self, envelope: Envelope, skipped: int = 0) -> Frame | None:
        await asyncio.sleep(0)
        return await super().render(envelope, skipped)


@pytest.mark.parametrize(
    ("topics", "rate"), [(["a", "a", "a"], None), (["a", "b", "b"], None), (["a~x", "a~y"], 1000)]
)
async def test_the_rest_of_what_is_being_told_is_thrown_away(
    house: House, topics: list[str], rate: float | None
) -> None:
    """Rendered now, it would have cursors of the new log, at the positions of the old one."""
    stream = Pausing(house.hub, after=0)
    stream.plain = False
    stream.max_rate = rate
    reader = Reader(house.groups, stream)
    house.hub.publish(*topics)
    group = reader.member.source
    assert isinstance(group, Group)
    while len(group.window) < 1:  # noqa: ASYNC110  Any later and the rest is told.
        await asyncio.sleep(0)
    house.hub.replace(1)
    while group.era == 0:
        assert len(group.window) == 1
        await asyncio.sleep(0)
    assert (group.position, len(group.window)) == (1, 0)
    house.hub.publish("a")
    await reader.until(2)
    assert reader.seen[0][0] == "replaced"


async def test_an_outage_meanwhile_changes_nothing(house: House) -> None:
    reader = house.join(after=0)
    house.hub.publish("a")
    await reader.until(1)
    house.hub.outages = 3
    house.hub.commit("a")
    house.hub.replace(1)
    house.hub.publish("a")
    await reader.until(2)
    assert ("event", 2) in reader.seen or ("replaced", 2) in reader.seen
    assert reader.seen[1][0] == "replaced"


async def test_whoever_joins_before_a_group_has_heard_joins_it_in_the_new_log(house: House) -> None:
    old = house.join(after=0)
    house.hub.publish("a", "a", "a")
    await old.until(3)
    house.hub.replace(1)
    new = house.join(after=1)
    new.read()
    house.hub.publish("a")
    await new.until(2)
    await old.until(2)
    assert new.seen == [("event", 2)]
    assert old.seen[3:] in ([("replaced", 1), ("event", 2)], [("replaced", 2)])
    assert new.member.source is old.member.source
    assert house.meter.counts["groups"] == 1


async def test_and_what_was_being_told_then_is_not_of_the_new_log(house: House) -> None:
    stream = house.stream(after=0)
    stream.gate.clear()
    old = Reader(house.groups, stream)
    house.hub.publish("a", "b", "b")
    await until(lambda: house.hub.reads == [0, 0])
    house.hub.replace(1)
    new = house.join(after=1)
    stream.gate.set()
    house.hub.publish("a")
    await new.until(2)
    await old.until(2)
    assert new.seen == [("event", 2)]
    assert old.seen[0][0] == "replaced"


async def test_who_waits_for_the_new_log_keeps_nobody_else_from_reading() -> None:
    async with opened(limits=GroupLimits(replays=1, retry_seconds=0.001)) as house:
        house.hub.publish("a")
        stream = house.stream(after=0)
        stream.gate.clear()
        waiting = Reader(house.groups, stream)
        # The group itself does not come to hear of it, for it has something to tell that takes long.
        house.hub.publish("a")
        await until(lambda: house.hub.reads == [1, 1])
        house.hub.replace(0)
        waiting.read()
        house.hub.publish("b")
        other = house.join("b", after=0)
        await other.until(1)
        assert waiting.seen == []


async def test_who_is_fetching_then_gets_nothing_of_the_new_log_before_the_reset() -> None:
    """The position that it fetches from may be above where the new window begins."""
    async with opened(limits=GroupLimits(replays=1, retry_seconds=0.001)) as house:
        house.hub.publish(*"aaaaaa")
        await house.groups.reading.acquire()
        reader = house.join(after=4)
        reader.read()
        house.hub.replace(2)
        house.hub.publish("a", "a", "a")
        group = reader.member.source
        assert isinstance(group, Group)
        await until(lambda: group.position == 5)
        reader.read()
        assert reader.seen == []
        house.groups.reading.release()
        await reader.until(5)
        assert reader.seen == [("replaced", 5)]
