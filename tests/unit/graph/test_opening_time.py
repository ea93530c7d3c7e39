"""What counts of an opening is the time in which the database answers, and too much of it is refused."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.limits import Limit
from core.tasks import Owner
from db.engine import READERS
from graph import opening_time
from graph.opening_time import PARTS, OpeningTime, Spent
from tests.fakes.house import House, open_house
from tests.integration.waiting import until
from vocabulary.operations import Rejected

SECONDS = 0.05


class Counted(OpeningTime):
    """Tells how often the database was asked, and is told what it says."""

    def __init__(self, house: House, seconds: float = SECONDS) -> None:
        self.passed = Counter[Limit]()
        self.asked = 0
        self.out = False
        super().__init__(house.database.engines, seconds, self.passed)

    async def _is_answered(self) -> bool:
        self.asked += 1
        return not self.out and await super()._is_answered()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house:
        yield house


@pytest.fixture
def time(house: House) -> Counted:
    return Counted(house)


async def for_ever(time: OpeningTime) -> None:
    async with time.bound("activity"):
        await asyncio.Event().wait()


async def test_an_opening_that_takes_too_long_is_refused_and_counted(time: Counted) -> None:
    with pytest.raises(Rejected) as refused:
        await for_ever(time)
    assert refused.value.errors == [
        {
            "message": "The subscription was not opened: it took longer than 0.05 seconds.",
            "extensions": {"code": "LIMIT_EXCEEDED", "limit": SECONDS, "limitName": "querySeconds"},
        }
    ]
    assert (time.asked, time.passed) == (PARTS, {Limit.QUERY_SECONDS: 1})


async def test_time_in_which_the_database_is_silent_does_not_count(time: Counted) -> None:
    time.out = True
    async with Owner("test") as owner:
        opening = owner.start(for_ever(time), "open")
        await until(lambda: time.asked >= 3 * PARTS)
        assert not opening.done()
        time.out, asked = False, time.asked
        with pytest.raises(Rejected):
            await opening
    assert (time.asked, time.passed) == (asked + PARTS, {Limit.QUERY_SECONDS: 1})


async def test_nor_does_time_in_which_nobody_gets_a_connection(
    monkeypatch: pytest.MonkeyPatch, house: House, time: Counted
) -> None:
    monkeypatch.setattr(opening_time, "ANSWER_SECONDS", 0.01)
    async with AsyncExitStack() as stack:
        for _ in range(READERS):
            await (await stack.enter_async_context(house.database.engines.reading())).connection()
        async with time.bound("activity"):
            await until(lambda: time.asked > 2 * PARTS)
    assert time.passed == {}


async def test_what_was_spent_before_counts_when_the_same_is_tried_again(time: Counted) -> None:
    spent = Spent()

    async def fail() -> None:
        async with time.bound("activity", spent):
            await until(lambda: spent.parts == PARTS - 1)
            raise Unavailable("A statement was given up.")

    with pytest.raises(Unavailable):
        await fail()
    assert repr(spent) == "<Spent 3 of 4>"
    with pytest.raises(Rejected):
        async with time.bound("activity", spent):
            await asyncio.Event().wait()
    assert time.asked == PARTS


async def test_a_quick_opening_asks_nothing_and_leaves_nothing_behind(house: House) -> None:
    time = Counted(house, seconds=60)
    tasks = len(asyncio.all_tasks())
    for _ in range(3):
        async with time.bound("activity"):
            assert len(asyncio.all_tasks()) == tasks
    assert (time.asked, time.passed) == (0, {})


@pytest.mark.parametrize("error", [Unavailable("No database."), TimeoutError(), Rejected([])])
async def test_what_goes_wrong_by_itself_is_raised_as_it_is(time: Counted, error: Exception) -> None:
    async def fail() -> None:
        async with time.bound("activity"):
            await until(lambda: time.asked > 0)
            raise error

    tasks = len(asyncio.all_tasks())
    with pytest.raises(type(error)) as raised:
        await fail()
    assert raised.value is error
    assert (time.passed, len(asyncio.all_tasks())) == ({}, tasks)


async def test_whoever_leaves_meanwhile_is_cancelled_and_nothing_counted(time: Counted) -> None:
    async with Owner("test") as owner:
        opening = owner.start(for_ever(time), "open")
        await until(lambda: time.asked > 0)
        opening.cancel()
        await asyncio.wait([opening])
    assert opening.cancelled()
    assert time.passed == {}
