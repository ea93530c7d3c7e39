"""Pages behind the window: one reading for all that want a page, kept while the log is the same."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from core.errors import Unavailable
from events import older_pages
from events.cursor import Cursor
from events.envelope import Page
from events.hub import Hub
from events.log import Lapsed, Replaced
from tests.histories.source import MemoryLog
from tests.integration.waiting import until

SIZE = 10


class CountedLog(MemoryLog):
    """Notes which pages were read; `gate` holds up the answers."""

    def __init__(self) -> None:
        super().__init__(lambda: 1)
        self.reads: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def read_after(self, position: int, limit: int, seen: Cursor | None = None) -> Page:
        self.reads.append(position)
        page = await super().read_after(position, limit, seen)
        await self.gate.wait()
        return page


@pytest.fixture
def source() -> CountedLog:
    return CountedLog()


@pytest.fixture
async def hub(source: CountedLog) -> AsyncIterator[Hub]:
    source.append([("a", "")] * 400)
    made = Hub(source, window_events=5)
    await made.start()
    source.reads.clear()
    yield made
    await made.close()


def positions(page: Page) -> list[int]:
    return [each.position for each in page.envelopes]


async def test_many_readers_cost_one_reading_for_each_page(hub: Hub, source: CountedLog) -> None:
    async def follow() -> list[int]:
        seen: list[int] = []
        while len(seen) < 200:
            seen += positions(await hub.read_after(len(seen), SIZE, hub.era))
        return seen

    for found in await asyncio.gather(*(follow() for _ in range(100))):
        assert found == [*range(1, 201)]
    assert source.reads == [*range(0, 200, SIZE)]
    assert hub.pages_behind == 20


async def test_only_the_last_few_are_kept(
    hub: Hub, source: CountedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(older_pages, "KEPT_PAGES", 2)
    for position in (0, 10, 0, 20, 0, 10):
        await hub.read_after(position, SIZE)
    assert source.reads == [0, 10, 20, 10]
    assert repr(hub._older) == "<OlderPages, 2 kept, 0 under way>"


async def test_a_part_of_a_page_is_shared_and_not_kept(hub: Hub, source: CountedLog) -> None:
    pages = await asyncio.gather(hub.read_after(3, 7), hub.read_after(3, 7))
    assert [positions(page) for page in pages] == [[*range(4, 11)]] * 2
    await hub.read_after(3, 7)
    assert source.reads == [3, 3]


async def test_what_fails_fails_for_all_that_wait_and_is_tried_again(hub: Hub, source: CountedLog) -> None:
    source.is_down = True
    found = await asyncio.gather(*(hub.read_after(0, SIZE) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [Unavailable] * 3
    source.is_down = False
    assert positions(await hub.read_after(0, SIZE)) == [*range(1, 11)]
    assert source.reads == [0, 0]


async def test_who_goes_away_takes_nothing_from_the_others(hub: Hub, source: CountedLog) -> None:
    source.gate.clear()
    loop = asyncio.get_running_loop()
    first, second = (loop.create_task(hub.read_after(0, SIZE)) for _ in range(2))
    await until(lambda: source.reads == [0])
    first.cancel()
    source.gate.set()
    assert positions(await second) == [*range(1, 11)]
    assert source.reads == [0]


async def test_it_does_not_go_beyond_where_the_hub_has_been(hub: Hub, source: CountedLog) -> None:
    """What a backup undoes there the hub would not notice."""
    source.append([("a", "")] * 100)
    page = await hub.read_after(390, 100)
    assert (positions(page)[-1], page.position) == (400, 400)


def _restored(log: MemoryLog) -> None:
    log.restore(lost=100)


def _replaced(log: MemoryLog) -> None:
    log.replace(rows=300)


@pytest.mark.parametrize("happen", [_restored, _replaced])
async def test_a_page_does_not_outlive_its_log(
    hub: Hub, source: CountedLog, happen: Callable[[MemoryLog], None]
) -> None:
    old = await hub.read_after(0, SIZE, 0)
    happen(source)
    source.append([("b", "")] * 50)
    hub.rung(None)
    await until(lambda: hub.era == 1)
    new = await hub.read_after(0, SIZE, 1)
    assert source.reads.count(0) == 2
    assert (old.envelopes == new.envelopes) is (happen is _restored)
    with pytest.raises(Replaced):
        await hub.read_after(0, SIZE, 0)


async def test_one_that_is_under_way_then_is_nobodys(hub: Hub, source: CountedLog) -> None:
    source.gate.clear()
    loop = asyncio.get_running_loop()
    old = loop.create_task(hub.read_after(0, SIZE, 0))
    await until(lambda: source.reads == [0])
    source.replace(rows=300)
    hub.rung(None)
    source.gate.set()
    source.gate.clear()
    await until(lambda: hub.era == 1)
    new = loop.create_task(hub.read_after(0, SIZE, 1))
    await until(lambda: source.reads.count(0) == 2)
    source.gate.set()
    with pytest.raises(Replaced):
        await old
    assert [each.summary for each in (await new).envelopes][:3] == ["a", "b", "c"]
    assert (await hub.read_after(0, SIZE, 1)).envelopes == (await new).envelopes


async def test_what_is_no_longer_kept_is_said_of_a_page_that_nobody_has(hub: Hub, source: CountedLog) -> None:
    await hub.read_after(0, SIZE)
    source.prune(15)
    # It was read while it was there, as what is in the window is.
    assert positions(await hub.read_after(0, SIZE)) == [*range(1, 11)]
    with pytest.raises(Lapsed):
        await hub.read_after(10, SIZE)
