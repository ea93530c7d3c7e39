"""What the log keeps, on both databases: by age, by size, and longer what somebody caused."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text

from bench.explaining import PREFIXES
from core.clock import SettableClock
from core.ids import new_id
from core.settings import Settings
from core.tasks import Owner
from db.engine import Engines
from db.models import EventRow, SettingRow
from db.repositories import event_log
from db.repositories.event_log import Head
from db.unit_of_work import Database
from events.campaign_events import CampaignCreated
from events.doorbell import Ring
from events.log import Lapsed, Log
from events.outbox import record
from services.retention import STEP_EVENTS, Retention
from tests.fakes.bell import RecordingBell
from tests.integration.waiting import until
from vocabulary.access import SYSTEM, WORKER, Actor
from workers import pruning as module
from workers.pruning import Pruning

DAY = timedelta(days=1)


class Keeping:
    """A log that fills by the day, and what prunes it."""

    def __init__(self, engines: Engines, **settings: Any) -> None:
        self.engines = engines
        self.clock = SettableClock()
        self.database = Database(engines, RecordingBell(), self.clock)
        self.settings = Settings(**{"log_days": 30, "audit_days": 90, **settings})
        self.log = Log(engines)

    def retention(self) -> Retention:
        return Retention(self.database, self.settings)

    async def fill(self, count: int, actor: Actor = WORKER) -> int:
        async with self.database.write() as unit:
            for _ in range(count):
                record(unit, CampaignCreated(campaign_id=new_id(), name="x"), actor=actor, owner_id=None)
        return unit.position

    def pass_days(self, days: float) -> None:
        self.clock.advance(days * 86_400)

    async def prune(self, retention: Retention | None = None) -> Head:
        """One pass of a worker."""
        pruning, closing = Pruning(retention or self.retention()), asyncio.Event()
        async with Owner("pruning") as owner:
            task = owner.start(pruning.run(closing), "pruning")
            await until(lambda: pruning.passes == 1)
            closing.set()
            pruning.wake()
            await task
        return await self.log.head()

    async def left(self) -> list[int]:
        async with self.engines.reading() as session:
            found = await session.execute(select(EventRow.position).order_by(EventRow.position))
            return list(found.scalars())


@pytest.fixture(autouse=True)
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passes follow one another at once."""
    monkeypatch.setattr(module, "REST_SECONDS", 0)


@pytest.fixture
async def keeping(engines: Engines) -> Keeping:
    return Keeping(engines)


@pytest.mark.effect("setting.log_days")
async def test_what_is_older_than_its_days_is_gone_and_readers_behind_it_are_told(keeping: Keeping) -> None:
    for _ in range(4):
        await keeping.fill(3)
        keeping.pass_days(10)
    keeping.pass_days(0.5)
    await keeping.fill(1)
    tags = [each.tag for each in (await keeping.log.read_after(0, 6)).envelopes]
    head = await keeping.prune()
    # 40.5, 30.5, 20.5 and 10.5 days ago, and now.
    assert (head.floor, await keeping.left()) == (6, [7, 8, 9, 10, 11, 12, 13])
    with pytest.raises(Lapsed):
        await keeping.log.read_after(5, 10)
    page = await keeping.log.read_after(6, 10)
    assert [each.position for each in page.envelopes] == [7, 8, 9, 10, 11, 12, 13]
    assert await keeping.prune() == head
    # So a cursor of the floor, whose event is gone, is still told from one of another past.
    async with keeping.engines.reading() as session:
        assert [(await event_log.head_and_tag(session, at))[1] for at in (5, 6)] == [None, tags[-1]]


@pytest.mark.effect("setting.log_events")
async def test_of_more_events_than_it_may_have_the_oldest_go(engines: Engines) -> None:
    keeping = Keeping(engines, log_events=1_000)
    await keeping.fill(2_500)
    head = await keeping.prune()
    assert (head.floor, head.position, len(await keeping.left())) == (1_500, 2_500, 1_000)


@pytest.mark.effect("setting.audit_days")
async def test_what_somebody_caused_stays_for_as_long_as_the_audit_log(keeping: Keeping) -> None:
    """Below the floor, so no stream comes by it again; the lists of the audit log and of activity do."""
    for days in (31, 31, 28):
        await keeping.fill(2)
        await keeping.fill(1, SYSTEM)
        keeping.pass_days(days)
    await keeping.fill(1)
    head = await keeping.prune()
    assert (head.floor, await keeping.left()) == (6, [3, 6, 7, 8, 9, 10])
    with pytest.raises(Lapsed):
        await keeping.log.read_after(2, 10)
    assert len((await keeping.log.read_after(6, 10)).envelopes) == 4
    assert await keeping.prune() == head
    keeping.pass_days(0.1)
    await keeping.fill(1)
    await keeping.prune()
    assert await keeping.left() == [6, 7, 8, 9, 10, 11]


async def test_a_worker_whose_clock_is_years_ahead_deletes_nothing(keeping: Keeping) -> None:
    """Nothing of the log is old by what the log itself says, and nothing of the audit log either."""
    await keeping.fill(3)
    keeping.pass_days(31)
    await keeping.fill(1, SYSTEM)
    await keeping.fill(2)
    keeping.pass_days(3_650)
    head = await keeping.prune()
    assert (head.floor, await keeping.left()) == (3, [4, 5, 6])
    outlook = await keeping.retention().outlook()
    assert (outlook.upto, outlook.caused_before) == (3, None)


@pytest.mark.effect("override.log_days", "override.log_events", "override.audit_days")
async def test_what_an_admin_changes_is_what_the_next_pass_keeps(keeping: Keeping) -> None:
    await keeping.fill(500)
    await keeping.fill(1, SYSTEM)
    keeping.pass_days(10)
    await keeping.fill(1_200)
    kept = []
    for name, value in (("log_days", 30), ("log_days", 7), ("log_events", 1_000), ("audit_days", 9)):
        async with keeping.engines.writing() as session:
            row = SettingRow(name=name, value=str(value), updated_at=keeping.clock.now())
            await session.merge(row)
        await keeping.prune()
        kept.append(len(await keeping.left()))
    assert kept == [1_701, 1_201, 1_001, 1_000]


class Late(Retention):
    """While the first step is made, an admin has the log and the audit log kept for longer."""

    def __init__(self, keeping: Keeping, **wanted: int) -> None:
        super().__init__(keeping.database, keeping.settings)
        self._engines = keeping.engines
        self._wanted = wanted

    async def prune(self, upto: int) -> int | None:
        floor = await super().prune(upto)
        await self._change("log_events")
        return floor

    async def prune_caused(self, before: datetime, after: int) -> int | None:
        reached = await super().prune_caused(before, after)
        await self._change("audit_days")
        return reached

    async def _change(self, name: str) -> None:
        value = self._wanted.pop(name, None)
        if value is not None:
            async with self._engines.writing() as session:
                await session.merge(SettingRow(name=name, value=str(value), updated_at=SettableClock().now()))


async def test_what_an_admin_changes_is_kept_by_a_pass_that_is_under_way(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STEPS_PER_LOOK", 2)
    keeping = Keeping(engines, log_days=365, log_events=1_000, audit_days=31)
    await keeping.fill(5 * STEP_EVENTS, SYSTEM)
    keeping.pass_days(20)
    await keeping.fill(3 * STEP_EVENTS)
    keeping.pass_days(20)
    await keeping.fill(1)
    # One thousand of four would stay, and of the others nothing but what somebody caused.
    head = await keeping.prune(Late(keeping, log_events=2_501, audit_days=90))
    assert head.floor == 3 * STEP_EVENTS
    # Both steps until it was looked again are over, and the third is not done.
    assert (await keeping.left())[0] == 2 * STEP_EVENTS + 1


async def test_each_step_goes_on_where_the_last_one_ended(engines: Engines) -> None:
    """What is deleted stays in the index for a while, and would be gone over again by every step."""
    keeping = Keeping(engines, log_events=1_000)
    await keeping.fill(2 * STEP_EVENTS, SYSTEM)
    await keeping.fill(1_000)
    retention, soon = keeping.retention(), keeping.clock.now() + DAY
    while await retention.prune(2 * STEP_EVENTS) != 2 * STEP_EVENTS:
        pass
    assert await retention.prune_caused(soon, 0) == STEP_EVENTS
    assert await retention.prune_caused(soon, STEP_EVENTS + 1) is None
    assert (await keeping.left())[:2] == [STEP_EVENTS + 1, 2 * STEP_EVENTS + 1]


async def test_two_workers_at_once_do_each_step_once(engines: Engines) -> None:
    one, other = Keeping(engines, log_events=1_000), Keeping(engines, log_events=1_000)
    await one.fill(5_000)
    heads = await asyncio.gather(one.prune(), other.prune())
    assert max(head.floor for head in heads) == 4_000
    assert await one.left() == list(range(4_001, 5_001))


async def test_readers_at_or_above_the_floor_lose_nothing_while_it_rises(engines: Engines) -> None:
    """Three read again and again from where they are, one writes, one prunes: all of it, or `Lapsed`."""
    keeping = Keeping(engines, log_events=1_000)
    await keeping.fill(2_000)
    pruning, closing, done = Pruning(keeping.retention()), asyncio.Event(), asyncio.Event()
    lapsed = 0

    async def write() -> None:
        for _ in range(60):
            pruning.hear(Ring(position=await keeping.fill(50), work=None))
        done.set()

    async def read(position: int) -> None:
        nonlocal lapsed
        while not done.is_set():
            try:
                page = await keeping.log.read_after(position, 100)
            except Lapsed:
                lapsed += 1
                position = (await keeping.log.head()).floor
                continue
            found = [each.position for each in page.envelopes]
            assert found == list(range(position + 1, position + 1 + len(found)))
            assert page.position == (found[-1] if found else position)
            # One follows closely, the others are left behind by the floor.
            position = page.position if position % 2 else min(page.position, position + 2)

    async with Owner("pruning") as owner, asyncio.TaskGroup() as tasks:
        owner.start(pruning.run(closing), "pruning")
        for position in (1_500, 1_600, 1_999):
            tasks.create_task(read(position))
        await tasks.create_task(write())
    closing.set()
    assert lapsed > 0
    assert (await keeping.log.head()).floor >= 1_000


async def test_no_statement_of_it_walks_the_log(engines: Engines) -> None:
    keeping = Keeping(engines, log_events=1_000)
    await keeping.fill(1_500)
    await keeping.fill(STEP_EVENTS, SYSTEM)
    await keeping.fill(3_000)
    keeping.pass_days(100)
    await keeping.fill(1_500)
    if not engines.is_sqlite:
        async with engines.writing() as session:
            await session.execute(text("ANALYZE event_log"))
    asked: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, sql: str, values: Any, *_rest: object) -> None:
        if "event_log" in sql:
            asked.append((sql, values))

    for engine in (engines.reader, engines.writer):
        event.listen(engine.sync_engine, "before_cursor_execute", note)
    outlook = await keeping.retention().outlook()
    assert outlook.upto == 5_500
    assert outlook.caused_before is not None
    await keeping.retention().prune(outlook.upto)
    # It was a step, all of which was to go, but nothing is below the floor yet.
    assert await keeping.retention().prune_caused(outlook.caused_before, 0) is None
    for engine in (engines.reader, engines.writer):
        event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert 10 < len(asked) < 40
    async with engines.writing() as session:
        connection = await session.connection()
        prefix = PREFIXES[connection.dialect.name]
        for sql, values in asked:
            rows = (await connection.exec_driver_sql(prefix + sql, values)).all()
            plan = str(rows)
            assert "SCAN event_log'" not in plan, sql
            assert not ("Seq Scan" in plan and '"event_log"' in plan), sql


async def test_a_worker_looks_when_the_log_has_grown_too_long_and_never_else(engines: Engines) -> None:
    """The doorbell tells positions anyway; an idle worker asks nothing."""
    keeping = Keeping(engines, log_events=1_000)
    pruning, closing = Pruning(keeping.retention()), asyncio.Event()
    pruning.hear(Ring(position=10**9, work=None))
    async with Owner("pruning") as owner:
        task = owner.start(pruning.run(closing), "pruning")
        await until(lambda: pruning.passes == 1)
        for position in (None, 0, 1_499, 1_500):
            pruning.hear(Ring(position=position, work=None))
        await keeping.fill(1_501)
        assert (pruning.passes, (await keeping.log.head()).floor) == (1, 0)
        pruning.hear(Ring(position=1_501, work=None))
        await until(lambda: pruning.passes == 2)
        closing.set()
        pruning.wake()
        await task
    assert (await keeping.log.head()).floor == 501
