"""Bulk operations from acceptance to their end, with a worker's steps done by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from auth.principal import Principal
from auth.sealing import Sealer
from core.errors import Conflict, Forbidden, NotFound, ValidationFailed
from core.ids import new_id
from core.settings import Settings
from db.models import (
    BulkItemRow,
    BulkOperationRow,
    KeywordSetRow,
    PersonaRow,
    PrincipalRow,
    ProxyRow,
    ShardRow,
)
from db.queries.proxies import ProxyFilter
from db.repositories.shards import Claim
from events.bulk_events import (
    BulkEventType,
    BulkOperationDeleted,
    BulkOperationFinished,
    BulkOperationProgress,
    BulkOperationStarted,
)
from services.bulk import MAX_IDS, MAX_ITEMS, MAX_PROXY_IDS, BulkOperations
from services.bulk_life import ItemOutcome
from services.bulk_running import LOOK_AGAIN, BulkRunning, Step
from services.bulk_verbs import BulkVerbs
from services.keyword_sets import KeywordSets
from services.personas import Personas
from services.probing import Probing
from services.proxies import Proxies, ProxyPatch
from services.turns import Standing
from services.work import Work
from tests import factories
from tests.fakes.house import House
from vocabulary.access import Role
from vocabulary.bulk import BulkItemStatus, BulkKind, BulkState, BulkStatus
from vocabulary.proxies import ProxyProtocol, ProxyTestResult
from vocabulary.work import ShardKind, ShardStatus
from workers.bulk import BulkWork
from workers.held import Held

SECRET = "hunter2-and-more"


class Yard:
    """Bulk operations and what they are about."""

    def __init__(self, house: House, sealer: Sealer) -> None:
        self.house = house
        self.alice = house.alice
        database = house.database
        settings = Settings(shard_attempts=1)
        self.bulk = BulkOperations(database, sealer)
        self.running = BulkRunning(database)
        self.verbs = BulkVerbs(database, sealer)
        self.proxies = Proxies(database, sealer)
        self.personas = Personas(database)
        self.keyword_sets = KeywordSets(database)
        self.work = Work(database, settings)
        self.probing = Probing(database, sealer, settings)

    async def some_proxies(self, count: int, owner: Principal | None = None) -> list[UUID]:
        made = [
            await self.proxies.create(owner or self.alice, factories.proxy(f"p{number}", port=8000 + number))
            for number in range(count)
        ]
        return [written.value.id for written in made]

    async def claim(self, holder: str = "worker", kind: ShardKind = ShardKind.BULK) -> Claim:
        (claim,) = await self.work.claim(holder, [kind], 1)
        return claim

    async def run(self) -> Standing:
        """A worker takes the operation up, and does what there is to do."""
        return await BulkWork(self.running, self.verbs).handle(Held(await self.claim()))

    async def done(self, claim: Claim, step: Step) -> list[ItemOutcome]:
        """Do what a step has begun."""
        assert step.caller is not None
        assert step.kind is not None
        assert claim.bulk_id is not None
        return await self.verbs.run(step.caller, step.kind, claim.bulk_id, step.items)

    async def state(self, bulk_id: UUID) -> BulkOperationRow:
        async with self.house.database.engines.reading() as session:
            return await session.get_one(BulkOperationRow, bulk_id)

    async def items(self, bulk_id: UUID) -> Sequence[BulkItemRow]:
        async with self.house.database.engines.reading() as session:
            wanted = select(BulkItemRow).where(BulkItemRow.bulk_id == bulk_id).order_by(BulkItemRow.ordinal)
            return (await session.execute(wanted)).scalars().all()

    async def statuses(self, bulk_id: UUID) -> list[BulkItemStatus]:
        return [item.status for item in await self.items(bulk_id)]

    async def shard(self) -> ShardRow:
        async with self.house.database.engines.reading() as session:
            wanted = select(ShardRow).where(ShardRow.kind == ShardKind.BULK)
            return (await session.execute(wanted)).scalar_one()

    async def told(self) -> list[BulkEventType]:
        return [event for event in await self.house.events() if isinstance(event, BulkEventType)]

    async def tested(self, proxy_id: UUID, error: str | None = None) -> None:
        """A worker tests the one proxy that is due."""
        claims = await self.work.claim("prober", [ShardKind.PROXY_PROBE], 100)
        (claim,) = [one for one in claims if one.proxy_id == proxy_id]
        await self.work.release([one for one in claims if one.proxy_id != proxy_id])
        result = ProxyTestResult(success=error is None, duration_ms=5, error=error)
        assert await self.probing.finish(claim, result)

    async def change(self, model: Any, **values: object) -> None:
        async with self.house.database.engines.writing() as session:
            await session.execute(update(model).values(**values))


@pytest.fixture
def yard(house: House, tmp_path: Path) -> Yard:
    return Yard(house, Sealer.from_file(tmp_path / "key"))


def counts(row: BulkOperationRow | BulkState) -> tuple[BulkStatus, int, int, int]:
    return row.status, row.total, row.succeeded, row.failed


OK, FAILED, SKIPPED, RUNNING, PENDING = (
    BulkItemStatus.OK,
    BulkItemStatus.FAILED,
    BulkItemStatus.SKIPPED,
    BulkItemStatus.RUNNING,
    BulkItemStatus.PENDING,
)


async def test_is_accepted_at_once_and_worked_off_later(yard: Yard) -> None:
    ids = await yard.some_proxies(3)
    (other,) = await yard.some_proxies(1, yard.house.bob)
    head = await yard.house.head()
    asked = [ids[1], other, ids[0], ids[1]]
    written = await yard.bulk.start(yard.alice, BulkKind.PROXY_DISABLE, asked)
    assert (written.position, written.value.done) == (head + 1, 1)
    assert counts(written.value) == (BulkStatus.QUEUED, 3, 0, 1)
    unknown = (await yard.items(written.value.id))[1]
    assert (unknown.target_id, unknown.status, unknown.code, unknown.label) == (
        other,
        FAILED,
        "NOT_FOUND",
        "",
    )
    assert await yard.run() is Standing.DONE
    row = await yard.state(written.value.id)
    assert counts(row) == (BulkStatus.COMPLETED, 3, 2, 1)
    assert (row.started_at, row.finished_at, row.error) == (yard.house.now, yard.house.now, None)
    assert [(item.label, item.status) for item in await yard.items(row.id)] == [
        ("p1", OK), ("", FAILED), ("p0", OK),
    ]  # fmt: skip
    async with yard.house.database.engines.reading() as session:
        rows = await session.execute(select(ProxyRow.id, ProxyRow.enabled))
        assert {ident for ident, enabled in rows if not enabled} == {ids[0], ids[1]}
    assert (await yard.shard()).status is ShardStatus.DONE


async def test_its_events_tell_its_life_and_the_last_progress_comes_before_the_end(yard: Yard) -> None:
    ids = await yard.some_proxies(3)
    before = await yard.house.head()
    written = await yard.bulk.start(yard.alice, BulkKind.PROXY_DISABLE, ids)
    await yard.run()
    events = await yard.told()
    kinds = [type(event) for event in events]
    # The clock stands still, so all progress but the first and the last is a moment after another.
    assert kinds == [
        BulkOperationStarted,
        BulkOperationProgress,
        BulkOperationProgress,
        BulkOperationFinished,
    ]
    assert [event.operation.status for event in events] == [
        BulkStatus.QUEUED, BulkStatus.RUNNING, BulkStatus.RUNNING, BulkStatus.COMPLETED,
    ]  # fmt: skip
    assert [event.operation.done for event in events] == [0, 0, 3, 3]
    assert events[-1].summary() == "Disabling proxies in bulk is completed: 3 of 3 done, 0 of them failed"
    owners = {owner for owner, _ in await yard.house.owners_and_actors(before)}
    assert owners == {yard.alice.id}
    assert written.value == events[0].operation


async def test_progress_is_told_again_once_a_quarter_of_a_second_has_passed(yard: Yard) -> None:
    await yard.bulk.start(yard.alice, BulkKind.PROXY_DISABLE, await yard.some_proxies(4))
    claim = await yard.claim()
    outcomes: list[ItemOutcome] = []
    done = []
    for seconds in (0.0, 0.1, 0.14, 0.02, 1.0):
        yard.house.clock.advance(seconds)
        step = await yard.running.step(claim, outcomes)
        done.append(
            [event.operation.done for event in await yard.told() if isinstance(event, BulkOperationProgress)]
        )
        if step.caller:
            outcomes = await yard.done(claim, step)
    assert done == [[0], [0], [0], [0, 3], [0, 3, 4]]


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        (BulkKind.PERSONA_DISABLE, PersonaRow),
        (BulkKind.PERSONA_ENABLE, PersonaRow),
        (BulkKind.PERSONA_DELETE, PersonaRow),
        (BulkKind.KEYWORD_SET_DISABLE, KeywordSetRow),
        (BulkKind.KEYWORD_SET_ENABLE, KeywordSetRow),
        (BulkKind.KEYWORD_SET_DELETE, KeywordSetRow),
        (BulkKind.PROXY_ENABLE, ProxyRow),
        (BulkKind.PROXY_DELETE, ProxyRow),
    ],
)
async def test_each_verb_does_what_it_says(yard: Yard, kind: BulkKind, model: Any) -> None:
    if model is PersonaRow:
        ids = [(await yard.personas.create(yard.alice, factories.dns_persona(name))).value for name in "ab"]
    elif model is KeywordSetRow:
        ids = [
            (await yard.keyword_sets.create(yard.alice, factories.keyword_set(name))).value for name in "ab"
        ]
    else:
        ids = await yard.some_proxies(2)
    if kind.endswith("_ENABLE"):
        await yard.change(model, enabled=False)
    written = await yard.bulk.start(yard.alice, kind, ids)
    await yard.run()
    assert await yard.statuses(written.value.id) == [OK, OK]
    async with yard.house.database.engines.reading() as session:
        rows = (await session.execute(select(model))).scalars().all()
    if kind.endswith("_DELETE"):
        assert rows == []
    else:
        assert {row.enabled for row in rows} == {kind.endswith("_ENABLE")}


async def test_an_item_that_is_refused_stops_no_other(yard: Yard) -> None:
    ids = [(await yard.personas.create(yard.alice, factories.dns_persona(name))).value for name in "ab"]
    written = await yard.bulk.start(yard.alice, BulkKind.PROXY_TEST, await yard.some_proxies(1))
    await yard.change(ProxyRow, enabled=False)
    await yard.run()
    (item,) = await yard.items(written.value.id)
    assert (item.status, item.code) == (FAILED, "INVALID_TRANSITION")
    assert item.message == "The proxy is DISABLED and cannot be changed by TEST."
    assert counts(await yard.state(written.value.id)) == (BulkStatus.COMPLETED, 1, 0, 1)
    assert len(ids) == 2


async def test_a_filter_becomes_items_when_it_is_accepted(yard: Yard) -> None:
    ids = await yard.some_proxies(3)
    await yard.some_proxies(1, yard.house.bob)
    await yard.proxies.update(yard.alice, ids[1], ProxyPatch(enabled=False))
    written = await yard.bulk.start_filtered(yard.alice, BulkKind.PROXY_DELETE, ProxyFilter(enabled=True))
    await yard.proxies.update(yard.alice, ids[1], ProxyPatch(enabled=True))
    await yard.run()
    assert [item.label for item in await yard.items(written.value.id)] == ["p0", "p2"]
    assert await yard.house.count(ProxyRow) == 2
    nothing = await yard.bulk.start_filtered(yard.alice, BulkKind.PROXY_TEST, ProxyFilter(search="zzz"))
    assert counts(nothing.value) == (BulkStatus.COMPLETED, 0, 0, 0)
    assert nothing.value.finished_at is not None


async def test_an_import_has_an_item_for_each_line_and_tells_no_password(yard: Yard) -> None:
    lines = (
        f"# mine\nfront.example:80\nada:{SECRET}@192.0.2.7:1080\n192.0.2.8:0:ada:{SECRET}\nfront.example:80\n"
    )
    written = await yard.bulk.import_proxies(yard.alice, lines, ProxyProtocol.SOCKS5)
    assert [(item.label, item.status) for item in await yard.items(written.value.id)] == [
        ("front.example:80", PENDING), ("line 3", PENDING), ("line 4", FAILED), ("front.example:80", PENDING),
    ]  # fmt: skip
    await yard.run()
    items = await yard.items(written.value.id)
    assert [(item.status, item.code) for item in items] == [
        (OK, None), (OK, None), (FAILED, "VALIDATION_FAILED"), (OK, "DUPLICATE_IN_TEXT"),
    ]  # fmt: skip
    assert {item.input_sealed for item in items} == {None}
    async with yard.house.database.engines.reading() as session:
        rows = (await session.execute(select(ProxyRow).order_by(ProxyRow.host))).scalars().all()
        assert [(row.protocol, row.host, row.username) for row in rows] == [
            (ProxyProtocol.SOCKS5, "192.0.2.7", "ada"), (ProxyProtocol.SOCKS5, "front.example", None),
        ]  # fmt: skip
        for table in ("event_log", "bulk_items", "bulk_operations", "proxies"):
            stored = (await session.execute(text(f"SELECT * FROM {table}"))).all()
            assert SECRET not in repr(stored)


async def test_an_import_takes_ipv6_addresses_in_every_form_of_a_line(yard: Yard) -> None:
    lines = (
        "[2001:db8::1]:1080",
        f"[2001:DB8:0::2]:1080:ada:{SECRET}",
        f"ada:{SECRET}@[2001:db8::3]:1080",
        f"socks5://ada:{SECRET}@[2001:db8::4]:1080",
    )
    written = await yard.bulk.import_proxies(yard.alice, "\n".join(lines), ProxyProtocol.HTTP)
    await yard.run()
    items = await yard.items(written.value.id)
    assert [(item.status, item.message) for item in items] == [(OK, None)] * 4
    async with yard.house.database.engines.reading() as session:
        hosts = (await session.execute(select(ProxyRow.host).order_by(ProxyRow.host))).scalars().all()
    assert hosts == ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4"]


async def test_an_import_of_ten_thousand_lines(yard: Yard) -> None:
    text_ = "\n".join(f"h{number}.example:80" for number in range(MAX_ITEMS))
    written = await yard.bulk.import_proxies(yard.alice, text_, ProxyProtocol.HTTP)
    assert counts(written.value) == (BulkStatus.QUEUED, MAX_ITEMS, 0, 0)
    with pytest.raises(ValidationFailed) as refused:
        await yard.bulk.import_proxies(yard.alice, text_ + "\nmore.example:1", ProxyProtocol.HTTP)
    assert refused.value.violations[0].limit == f"1..{MAX_ITEMS}"


async def test_a_test_waits_for_its_proxy_without_a_worker(yard: Yard) -> None:
    ids = await yard.some_proxies(2)
    written = await yard.bulk.start(yard.alice, BulkKind.PROXY_TEST, ids)
    assert await yard.run() is Standing.DONE
    assert await yard.statuses(written.value.id) == [RUNNING, RUNNING]
    shard = await yard.shard()
    assert (shard.status, shard.available_at) == (ShardStatus.READY, yard.house.now + LOOK_AGAIN)
    await yard.tested(ids[1], "it hung up")
    assert counts(await yard.state(written.value.id)) == (BulkStatus.RUNNING, 2, 0, 1)
    await yard.tested(ids[0])
    assert counts(await yard.state(written.value.id)) == (BulkStatus.COMPLETED, 2, 1, 1)
    items = await yard.items(written.value.id)
    assert [(item.status, item.code, item.message) for item in items] == [
        (OK, None, None), (FAILED, "TEST_FAILED", "it hung up"),
    ]  # fmt: skip
    yard.house.clock.advance(31)
    assert await yard.run() is Standing.DONE
    assert (await yard.shard()).status is ShardStatus.DONE


async def test_a_test_whose_proxy_went_away_does_not_wait_for_ever(yard: Yard) -> None:
    ids = await yard.some_proxies(3)
    written = await yard.bulk.start(yard.alice, BulkKind.PROXY_TEST, ids)
    await yard.run()
    await yard.proxies.delete(yard.alice, ids[0])
    await yard.proxies.update(yard.alice, ids[1], ProxyPatch(enabled=False))
    await yard.proxies.update(yard.alice, ids[2], ProxyPatch(port=9))
    yard.house.clock.advance(31)
    await yard.run()
    assert [item.code for item in await yard.items(written.value.id)] == [
        "NOT_FOUND",
        "INVALID_TRANSITION",
        None,
    ]
    await yard.tested(ids[2])
    assert counts(await yard.state(written.value.id)) == (BulkStatus.COMPLETED, 3, 1, 2)


async def test_cancelling_skips_what_was_not_begun_and_lets_the_rest_end(yard: Yard) -> None:
    ids = await yard.some_proxies(3)
    written = await yard.bulk.start(yard.alice, BulkKind.PROXY_DELETE, ids)
    claim = await yard.claim()
    step = await yard.running.step(claim)
    cancelled = await yard.bulk.cancel(yard.alice, written.value.id)
    assert cancelled.value.status is BulkStatus.CANCELLING
    assert await yard.statuses(written.value.id) == [RUNNING, SKIPPED, SKIPPED]
    assert (await yard.bulk.cancel(yard.alice, written.value.id)).position == cancelled.position
    outcomes = await yard.done(claim, step)
    assert (await yard.running.step(claim, outcomes)).standing is Standing.DONE
    assert counts(await yard.state(written.value.id)) == (BulkStatus.CANCELLED, 3, 1, 0)
    assert await yard.house.count(ProxyRow) == 2
    events = await yard.told()
    assert events[-1].operation.status is BulkStatus.CANCELLED
    again = await yard.bulk.cancel(yard.alice, written.value.id)
    assert again.position == await yard.house.head()


async def test_cancelling_before_anybody_took_it_up_ends_it_at_once(yard: Yard) -> None:
    written = await yard.bulk.start(yard.alice, BulkKind.PROXY_DELETE, await yard.some_proxies(2))
    assert counts((await yard.bulk.cancel(yard.alice, written.value.id)).value) == (
        BulkStatus.CANCELLED,
        2,
        0,
        0,
    )
    assert await yard.run() is Standing.DONE
    assert await yard.house.count(ProxyRow) == 2


async def test_what_a_dead_worker_began_is_done_again_and_counted_once(yard: Yard) -> None:
    """It died after the verb and before its result was written."""
    ids = await yard.some_proxies(2)
    written = await yard.bulk.start(yard.alice, BulkKind.PROXY_DELETE, ids)
    claim = await yard.claim("doomed")
    step = await yard.running.step(claim)
    outcomes = await yard.done(claim, step)
    yard.house.clock.advance(31)
    await yard.run()
    assert counts(await yard.state(written.value.id)) == (BulkStatus.COMPLETED, 2, 2, 0)
    assert (await yard.running.step(claim, outcomes)).standing is Standing.LOST
    assert await yard.statuses(written.value.id) == [OK, OK]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"role": Role.VIEWER}, "Whoever asked for this has the role OPERATOR no more."),
        ({"deactivated_at": True}, "Whoever asked for this was deactivated."),
    ],
    ids=["demoted", "deactivated"],
)
async def test_whoever_may_ask_no_more_is_not_served(yard: Yard, values: dict[str, Any], why: str) -> None:
    ids = await yard.some_proxies(3)
    written = await yard.bulk.start(yard.alice, BulkKind.PROXY_DELETE, ids)
    claim = await yard.claim()
    step = await yard.running.step(claim)
    outcomes = await yard.done(claim, step)
    if "deactivated_at" in values:
        values = {"deactivated_at": yard.house.now}
    await yard.change(PrincipalRow, **values)
    assert (await yard.running.step(claim, outcomes)).standing is Standing.DONE
    row = await yard.state(written.value.id)
    assert (*counts(row), row.error) == (BulkStatus.FAILED, 3, 1, 2, why)
    items = await yard.items(row.id)
    assert [(item.status, item.code) for item in items] == [
        (OK, None),
        (FAILED, "FORBIDDEN"),
        (FAILED, "FORBIDDEN"),
    ]
    assert await yard.house.count(ProxyRow) == 2


async def test_an_admin_reaches_the_things_of_others_in_bulk_too(yard: Yard) -> None:
    ids = await yard.some_proxies(2)
    before = await yard.house.head()
    written = await yard.bulk.start(yard.house.admin, BulkKind.PROXY_DELETE, ids)
    await yard.run()
    assert counts(await yard.state(written.value.id)) == (BulkStatus.COMPLETED, 2, 2, 0)
    for verb in (yard.bulk.cancel, yard.bulk.delete):
        with pytest.raises(NotFound):
            await verb(replace_role(yard.house.admin), written.value.id)
    await yard.bulk.delete(yard.house.admin, written.value.id)
    owners = await yard.house.owners_and_actors(before)
    assert {owner for owner, _ in owners} == {None, yard.alice.id}, "admins alone are told of the operation"


async def test_a_shard_that_fails_for_the_last_time_fails_the_operation(yard: Yard) -> None:
    written = await yard.bulk.start(yard.alice, BulkKind.PROXY_DELETE, await yard.some_proxies(2))
    claim = await yard.claim()
    await yard.running.step(claim)
    await yard.work.failed(claim, "the disk is full")
    row = await yard.state(written.value.id)
    assert counts(row) == (BulkStatus.FAILED, 2, 0, 2)
    assert row.error == "The work failed again and again, at last with: the disk is full"
    assert (await yard.shard()).status is ShardStatus.DONE


async def test_a_worker_that_goes_home_leaves_the_rest_to_others(yard: Yard) -> None:
    written = await yard.bulk.start(yard.alice, BulkKind.PROXY_DELETE, await yard.some_proxies(2))
    held = Held(await yard.claim())
    held.stop()
    assert await BulkWork(yard.running, yard.verbs).handle(held) is Standing.STOPPED
    assert await yard.statuses(written.value.id) == [PENDING, PENDING]


async def test_only_what_has_ended_can_be_deleted(yard: Yard) -> None:
    written = await yard.bulk.start(yard.alice, BulkKind.PROXY_DELETE, await yard.some_proxies(1))
    bulk_id = written.value.id
    with pytest.raises(Conflict) as refused:
        await yard.bulk.delete(yard.alice, bulk_id)
    assert refused.value.detail.current_state == "QUEUED"
    await yard.run()
    with pytest.raises(Conflict):
        await yard.bulk.cancel(yard.alice, bulk_id)
    with pytest.raises(NotFound):
        await yard.bulk.delete(yard.house.bob, bulk_id)
    gone = await yard.bulk.delete(yard.alice, bulk_id)
    assert isinstance((await yard.told())[-1], BulkOperationDeleted)
    assert gone.value.id == bulk_id
    rows = [await yard.house.count(model) for model in (BulkOperationRow, BulkItemRow)]
    assert rows == [0, 0]
    with pytest.raises(NotFound):
        await yard.bulk.delete(yard.alice, bulk_id)


async def test_limits_and_roles(yard: Yard) -> None:
    for kind, most in ((BulkKind.PROXY_TEST, MAX_PROXY_IDS), (BulkKind.PERSONA_DELETE, MAX_IDS)):
        for ids in ([], [new_id() for _ in range(most + 1)]):
            with pytest.raises(ValidationFailed) as refused:
                await yard.bulk.start(yard.alice, kind, ids)
            assert refused.value.violations[0].limit == f"1..{most}"
    for broken in ("", "a\0b:1", "x" * 800_000):
        with pytest.raises(ValidationFailed):
            await yard.bulk.import_proxies(yard.alice, broken, ProxyProtocol.HTTP)
    for asked in (
        yard.bulk.start(yard.house.viewer, BulkKind.PROXY_TEST, [new_id()]),
        yard.bulk.start_filtered(yard.house.viewer, BulkKind.PROXY_TEST, ProxyFilter()),
        yard.bulk.import_proxies(yard.house.viewer, "a.example:1", ProxyProtocol.HTTP),
        yard.bulk.cancel(yard.house.viewer, new_id()),
        yard.bulk.delete(yard.house.viewer, new_id()),
    ):
        with pytest.raises(Forbidden):
            await asked
    narrowed = replace_role(yard.house.admin)
    written = await yard.bulk.start(narrowed, BulkKind.PROXY_DELETE, await yard.some_proxies(1))
    assert await yard.statuses(written.value.id) == [FAILED], "a token of less sees less"


def replace_role(admin: Principal) -> Principal:
    return Principal(id=admin.id, name=admin.name, role=Role.OPERATOR)
