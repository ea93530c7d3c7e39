"""One reader of the log per process: it misses nothing, and rests while nothing happens."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, select, text, update

from core.clock import SystemClock
from db.engine import Engines
from db.models import EventLogHeadRow, EventRow
from db.repositories import event_log
from db.unit_of_work import Database
from events.cursor import Cursor
from events.doorbell import Doorbell
from events.envelope import Page
from events.hub import FRESH_EVENTS, Hub
from events.log import Lapsed, Log
from tests.integration.recording import commit
from tests.integration.waiting import until


@pytest.fixture
async def bell() -> AsyncIterator[Doorbell]:
    """A real doorbell in place of the recording one: what the database commits, it rings."""
    made = Doorbell("memory://", "test")
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def hub(engines: Engines, bell: Doorbell) -> AsyncIterator[Hub]:
    made = Hub(Log(engines), window_events=10)
    await made.start()
    bell.listen(lambda ring: made.rung(ring.position, ring.tag))
    yield made
    await made.close()


async def test_a_commit_arrives_by_its_ring(database: Database, hub: Hub) -> None:
    position = await commit(database, "a", "b")
    await hub.wait_beyond(position - 1)
    page = await hub.read_after(0, 10)
    assert [(e.position, e.summary) for e in page.envelopes] == [
        (1, "Campaign “a” was created"),
        (2, "Campaign “b” was created"),
    ]
    assert page.position == hub.position == 2


async def test_it_begins_at_the_end_of_the_log_and_remembers_what_was_before(
    engines: Engines, bell: Doorbell
) -> None:
    database = Database(engines, bell, SystemClock())
    await commit(database, "a", "b", "c")
    hub = Hub(Log(engines), window_events=10)
    await hub.start()
    assert hub.position == 3
    assert [e.position for e in (await hub.read_after(1, 10)).envelopes] == [2, 3]
    assert (hub.since, hub.pages_read, hub.pages_behind) == (1, 1, 0)
    # What is older than the window comes from the log.
    assert [e.position for e in (await hub.read_after(0, 10)).envelopes] == [1, 2, 3]
    assert (hub.pages_read, hub.pages_behind) == (2, 1)
    await hub.close()


@pytest.mark.parametrize(("floor", "since"), [(0, 8), (9, 10), (12, 12)])
async def test_it_remembers_as_much_as_fits_and_is_kept(
    engines: Engines, bell: Doorbell, floor: int, since: int
) -> None:
    database = Database(engines, bell, SystemClock())
    await commit(database, *"abcdefghijkl")
    async with engines.writing() as session:
        await session.execute(update(EventLogHeadRow).values(floor=floor))
        await session.execute(delete(EventRow).where(EventRow.position <= floor))
    log = Log(engines)
    hub = Hub(log, window_events=4)
    await hub.start()
    assert (hub.since, hub.position) == (since, 12)
    for position in range(max(since, floor + 1), 13):
        (envelope,) = (await log.read_after(position - 1, 1)).envelopes
        assert await hub.knows(Cursor(hub.incarnation, position, envelope.tag))
        assert not await hub.knows(Cursor(hub.incarnation, position, envelope.tag + 1))
    assert hub.pages_behind == 0
    await hub.close()


async def test_the_window_forgets_and_the_log_remembers(database: Database, hub: Hub) -> None:
    for number in range(40):
        await commit(database, f"event {number}")
    await hub.wait_beyond(39)
    assert repr(hub).startswith("<Hub <Window (")
    seen: list[int] = []
    position = 0
    while position < 40:
        page = await hub.read_after(position, 7)
        seen.extend(e.position for e in page.envelopes)
        position = page.position
    assert seen == list(range(1, 41))


async def test_lost_repeated_and_reordered_rings_cost_nothing(engines: Engines) -> None:
    """Only the log counts: one late ring out of ten brings all that was committed."""
    silent = Doorbell("memory://", "silent")
    database = Database(engines, silent, SystemClock())
    hub = Hub(Log(engines), window_events=100)
    await hub.start()
    for number in range(10):
        await commit(database, str(number))
    for position in (3, 3, 9, 1, 1):
        hub.rung(position)
    await hub.wait_beyond(9)
    assert [e.position for e in (await hub.read_after(0, 100)).envelopes] == list(range(1, 11))
    await hub.close()


async def test_an_idle_hub_asks_the_database_nothing(database: Database, hub: Hub, engines: Engines) -> None:
    await commit(database, "a")
    await hub.wait_beyond(0)
    await until(lambda: hub.pages_read == 1)
    asked = engines.statements
    hub.rung(1)
    hub.rung(0)
    hub.rung(None)
    await until(lambda: hub.pages_read == 2)
    # One page for the doubt: the head and the events. The rings of what is known already asked nothing.
    assert engines.statements - asked == 2


class Watched(Log):
    """It remembers what was read as fresh."""

    def __init__(self, engines: Engines) -> None:
        super().__init__(engines)
        self.fresh: list[int] = []

    async def read_fresh(self, position: int, limit: int, seen: Cursor) -> Page:
        page = await super().read_fresh(position, limit, seen)
        self.fresh.append(len(page.envelopes))
        return page


async def test_a_few_events_that_are_rung_for_are_read_as_fresh_and_all_else_is_not(
    database: Database, engines: Engines
) -> None:
    log = Watched(engines)
    hub = Hub(log, window_events=1000)
    await hub.start()
    hub.rung(await commit(database, *"abc"))
    await until(lambda: hub.position == 3)
    assert log.fresh == [3]
    # What may have been there for long, and what is much, may not be in memory, and takes its time.
    await commit(database, "d")
    hub.rung(None)
    await until(lambda: hub.position == 4)
    hub.rung(await commit(database, *map(str, range(FRESH_EVENTS + 1))))
    await until(lambda: hub.position == FRESH_EVENTS + 5)
    assert log.fresh == [3]
    # More were committed than were rung for, so that the page is full.
    hub.rung(await commit(database, *map(str, range(FRESH_EVENTS + 1))) - 10)
    await until(lambda: hub.position == 2 * FRESH_EVENTS + 6)
    assert log.fresh == [3, FRESH_EVENTS]
    await hub.close()


async def test_a_reader_behind_the_floor_is_told(database: Database, hub: Hub, engines: Engines) -> None:
    for number in range(30):
        await commit(database, str(number))
    await hub.wait_beyond(29)
    async with engines.writing() as session:
        await session.execute(text("UPDATE event_log_head SET floor = 5"))
    with pytest.raises(Lapsed):
        await hub.read_after(4, 10)


async def test_who_has_read_further_than_the_hub_is_not_led_back(
    database: Database, engines: Engines
) -> None:
    """A page of the log may be ahead of the hub; the next one would have ended before it, and repeated all of it."""
    hub = Hub(Log(engines), window_events=10)
    await hub.start()
    await commit(database, "a", "b", "c")
    assert (await hub.read_after(3, 10)).position == 3
    await hub.close()


async def test_a_process_that_knows_no_tags_may_append_beside_us(
    database: Database, hub: Hub, engines: Engines
) -> None:
    """As one of the version before does until it is stopped: it moves the head's position and not its tag."""
    log = Log(engines)
    await commit(database, "a")
    before = await log.head()
    async with engines.writing() as session:
        await session.execute(text("UPDATE event_log_head SET position = position + 1"))
        old = (await session.execute(select(EventRow))).scalar_one()
        row = {key.name: getattr(old, key.name) for key in EventRow.__table__.columns if key.name != "tag"}
        await session.execute(insert(EventRow).values({**row, "position": 2}))
    hub.rung(2)
    await hub.wait_beyond(1)
    head = await log.head()
    assert (before.tag != 0, head.position, head.tag) == (True, 2, 0)
    # What a query is exact at is where its client goes on, and what a snapshot is exact at is handed to a reader.
    assert await hub.knows(Cursor(head.incarnation, head.position, head.tag))
    await hub.require_same(head, hub.position)
    async with engines.writing() as session:
        await session.execute(text("UPDATE event_log_head SET floor = 2, floor_tag = 0"))
        await session.execute(delete(EventRow))
        assert await event_log.head_and_tag(session, 2) == (replace(head, floor=2), 0)
    assert await commit(database, "b") == 3
    assert (await log.head()).tag != 0
