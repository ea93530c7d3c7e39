"""How far the slowest member is behind: found from where members are, without asking them anything."""

from collections.abc import AsyncIterator

import pytest

from live.commons import GroupLimits
from live.lag import slowest
from tests.integration.waiting import until
from tests.unit.live.test_group import House, opened


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened(limits=GroupLimits(frames=4, page=4)) as house:
        yield house


async def rendered(house: House, position: int) -> None:
    """The group of topic a has come to where the hub is."""
    (group,) = (each for each in house.groups if each.stream.key == "a")
    await until(lambda: group.position == position)


async def test_nobody_follows_anything(house: House) -> None:
    assert slowest(house.groups) == {}


async def test_who_has_had_everything_is_not_behind(house: House) -> None:
    reader = house.join()
    house.hub.publish("a", "a")
    await reader.until(2)
    assert slowest(house.groups) == {"ticks": 0}


async def test_events_of_no_concern_are_not_lacked(house: House) -> None:
    reader = house.join(after=0)
    house.hub.publish("a")
    await reader.until(1)
    house.hub.publish("b", "b", "b")
    await rendered(house, 4)
    assert slowest(house.groups) == {"ticks": 0}


async def test_one_that_does_not_read_is_behind_since_the_first_that_it_lacks(house: House) -> None:
    frozen, brisk = house.join(after=0), house.join(after=0)
    house.hub.publish("a")
    await frozen.until(1)
    house.hub.publish("b", "a", "a")
    await brisk.until(4)
    assert slowest(house.groups) == {"ticks": 2}
    await frozen.until(4)
    assert slowest(house.groups) == {"ticks": 0}


async def test_it_goes_on_being_counted_below_the_window(house: House) -> None:
    frozen, brisk = house.join(after=0), house.join(after=0)
    for position in range(1, 21):
        house.hub.publish("a")
        await brisk.until(position)
    assert slowest(house.groups) == {"ticks": 20}
    frozen.read()
    await until(lambda: frozen.member.more)
    frozen.read(limit=3)
    assert slowest(house.groups) == {"ticks": 17}
    await frozen.until(20)
    assert slowest(house.groups) == {"ticks": 0}


async def test_below_it_what_is_known_to_concern_others_is_not_counted(house: House) -> None:
    frozen = house.join(after=0)
    house.hub.publish("a")
    await frozen.until(1)
    house.hub.publish(*"b" * 50)
    house.hub.publish(*"a" * 6)
    await rendered(house, 57)
    assert frozen.member.position == 1
    assert slowest(house.groups) == {"ticks": 6}
    await frozen.until(57)


async def test_the_slowest_of_all_groups_of_a_field_counts_and_no_more_when_it_leaves(house: House) -> None:
    frozen, later = house.join("a", after=0), house.join("b", after=0)
    house.hub.publish("a", "a", "b")
    await rendered(house, 3)
    await later.until(3)
    assert slowest(house.groups) == {"ticks": 3}
    house.groups.leave(frozen.member)
    assert slowest(house.groups) == {"ticks": 0}


async def test_who_waits_for_a_snapshot_lacks_no_event(house: House) -> None:
    house.hub.publish("a")
    waiting, reader = house.join(), house.join(after=1)
    house.hub.publish("a")
    await reader.until(2)
    assert waiting.member.position is None
    assert slowest(house.groups) == {"ticks": 0}


async def test_positions_of_a_log_that_was_replaced_do_not_count(house: House) -> None:
    frozen, brisk = house.join(after=0), house.join(after=0)
    house.hub.publish("a")
    await brisk.until(1)
    house.hub.replace(1000)
    assert slowest(house.groups) == {"ticks": 0}
    await until(lambda: frozen.member.position == -1)
    assert slowest(house.groups) == {"ticks": 0}
    house.hub.publish("a")
    await brisk.until(1001)
    assert slowest(house.groups) == {"ticks": 0}
