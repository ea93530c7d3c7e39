"""Bulk operations by real workers: killed, or side by side with others, and in front of real proxies."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import func, select

from core.clock import SystemClock
from db.models import BulkItemRow, BulkOperationRow, CampaignRow
from events.bulk_events import BulkOperationFinished
from events.campaign_events import PhaseStarted
from events.proxy_events import ProxyRemoved
from sandbox.sandbox import Sandbox
from services.bulk import BulkOperations
from services.bulk_running import BulkRunning
from services.bulk_verbs import BulkVerbs
from services.turns import Standing
from services.work import Work
from tests import factories
from tests.fakes.house import House, open_house
from tests.fakes.shop import Shop, demo_generation, open_shop, sandbox_settings
from tests.servers.postgres import PostgresServer
from tests.unit.workers.test_death import worker_process
from vocabulary.bulk import BULK_ENDS, BulkItemStatus, BulkKind, BulkStatus
from vocabulary.campaigns import CampaignStatus, DnsConfig, HttpConfig
from vocabulary.work import ShardKind
from workers.bulk import BulkWork
from workers.held import Handler, Held
from workers.runner import Runner

MANY = 120


def bulk_of(shop: Shop) -> BulkOperations:
    return BulkOperations(shop.database, shop.sealer)


async def operation(shop: Shop, ident: UUID) -> BulkOperationRow:
    async with shop.database.engines.reading() as session:
        return await session.get_one(BulkOperationRow, ident)


async def reaches(shop: Shop, ident: UUID, done: int) -> None:
    async def reached() -> bool:
        return (await operation(shop, ident)).succeeded >= done

    await shop.until(reached)


async def ended(shop: Shop, ident: UUID) -> BulkOperationRow:
    async def has_ended() -> bool:
        return (await operation(shop, ident)).status in BULK_ENDS

    await shop.until(has_ended)
    return await operation(shop, ident)


@pytest.fixture(params=["sqlite", "asyncpg"])
def driver(request: pytest.FixtureRequest) -> tuple[str, PostgresServer | None]:
    needs = request.param != "sqlite"
    return request.param, request.getfixturevalue("postgres_server") if needs else None


@pytest.fixture
async def any_house(driver: tuple[str, PostgresServer | None], tmp_path: Path) -> AsyncIterator[House]:
    name, server = driver
    if server is None:
        async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'any.db'}") as house:
            yield house
        return
    database = await server.create_database()
    async with open_house(database.sqlalchemy_url(name)) as house:
        yield house
    await server.drop_database(database)


async def test_kill_9_again_and_again(any_house: House, box: Sandbox) -> None:
    """Wherever a worker is killed, each proxy is removed once, each item is counted once, and the end is told once."""
    async with open_shop(any_house, SystemClock(), sandbox_settings(box)) as shop:
        ids = []
        for number in range(MANY):
            # None of them is due for a test, which would lead nowhere.
            draft = msgspec.structs.replace(factories.proxy(f"p{number}", port=1000 + number), enabled=False)
            ids.append((await shop.proxies.create(shop.house.alice, draft)).value.id)
        written = await bulk_of(shop).start(shop.house.alice, BulkKind.PROXY_DELETE, ids)
        ident = written.value.id
        for _ in range(3):
            before = (await operation(shop, ident)).succeeded
            async with worker_process(shop, box) as worker:
                await reaches(shop, ident, before + 5)
                worker.send_signal(signal.SIGKILL)
                assert await worker.wait() == -signal.SIGKILL
        assert (await operation(shop, ident)).status is BulkStatus.RUNNING
        async with worker_process(shop, box):
            row = await ended(shop, ident)
        assert (row.status, row.succeeded, row.failed) == (BulkStatus.COMPLETED, MANY, 0)
        assert sorted(event.proxy.id for event in await shop.events(ProxyRemoved)) == sorted(ids)
        assert len(await shop.events(BulkOperationFinished)) == 1
        async with shop.database.engines.reading() as session:
            counted = select(BulkItemRow.status, func.count()).group_by(BulkItemRow.status)
            assert [tuple(one) for one in await session.execute(counted)] == [(BulkItemStatus.OK, MANY)]


async def test_real_proxies_are_tested_and_each_says_how_it_went(shop: Shop, box: Sandbox) -> None:
    good, bad = await shop.proxy(box.proxy("http")), await shop.proxy(box.proxy("dead"))
    off = await shop.proxy(box.proxy("socks5"), enabled=False)
    written = await bulk_of(shop).start(shop.house.alice, BulkKind.PROXY_TEST, [good, bad, off])
    await shop.work()
    row = await ended(shop, written.value.id)
    assert (row.status, row.succeeded, row.failed) == (BulkStatus.COMPLETED, 1, 2)
    async with shop.database.engines.reading() as session:
        items = (await session.execute(select(BulkItemRow).order_by(BulkItemRow.ordinal))).scalars().all()
    assert [item.code for item in items] == [None, "TEST_FAILED", "INVALID_TRANSITION"]
    assert items[1].message == (await shop.proxy_row(bad)).last_error


class Busy:
    """Works for ever, until it is stopped."""

    def __init__(self) -> None:
        self.began = asyncio.Event()

    async def handle(self, held: Held) -> Standing:
        self.began.set()
        await held.stopping.wait()
        return Standing.STOPPED


async def test_a_bulk_operation_does_not_wait_for_tests_of_proxies(shop: Shop) -> None:
    """With one slot in each lane, one that is taken stops nobody in another lane."""
    busy = Busy()
    handlers: dict[ShardKind, Handler] = {
        ShardKind.PROXY_PROBE: busy,
        ShardKind.BULK: BulkWork(BulkRunning(shop.database), BulkVerbs(shop.database, shop.sealer)),
    }
    settings = shop.changed(worker_shards=1)
    runner = Runner(Work(shop.database, settings), handlers, settings, shop.database.clock)
    shop.adopt(runner)
    await shop.proxies.create(shop.house.alice, factories.proxy())
    await runner.start()
    async with asyncio.timeout(10):
        await busy.began.wait()
    ident = await shop.dns_persona("192.0.2.1:53")
    written = await bulk_of(shop).start(shop.house.alice, BulkKind.PERSONA_DISABLE, [ident])
    assert (await ended(shop, written.value.id)).succeeded == 1
    assert [claim.kind for claim in runner.held] == [ShardKind.PROXY_PROBE]


async def test_campaigns_are_started_once_however_often_it_is_tried(shop: Shop) -> None:
    """A worker that died after it had started a campaign leaves the item to another, under the item's own key."""
    dns, http = await shop.dns_persona("192.0.2.1:53"), await shop.http_persona()
    campaigns = [
        await shop.campaign(
            demo_generation(10), DnsConfig((dns,)), HttpConfig((http,), ad_hoc_keywords=("sun",))
        )
        for _ in range(2)
    ]
    written = await bulk_of(shop).start(shop.house.alice, BulkKind.CAMPAIGN_START, campaigns)
    running, verbs = BulkRunning(shop.database), BulkVerbs(shop.database, shop.sealer)
    work = Work(shop.database, shop.changed(lease_seconds=0.5))
    (claim,) = await work.claim("doomed", [ShardKind.BULK], 1)
    step = await running.step(claim)
    assert step.caller is not None
    for _ in range(2):
        outcomes = await verbs.run(step.caller, BulkKind.CAMPAIGN_START, written.value.id, step.items)
        assert [outcome.succeeded for outcome in outcomes] == [True]
    await work.release([claim])
    (claim,) = await work.claim("other", [ShardKind.BULK], 1)
    assert await BulkWork(running, verbs).handle(Held(claim)) is Standing.DONE
    assert (await operation(shop, written.value.id)).succeeded == 2
    started = await shop.events(PhaseStarted)
    assert sorted(event.campaign_id for event in started) == sorted(campaigns)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (BulkKind.CAMPAIGN_PAUSE, CampaignStatus.PAUSED),
        (BulkKind.CAMPAIGN_RESUME, CampaignStatus.RUNNING),
        (BulkKind.CAMPAIGN_CANCEL, CampaignStatus.CANCELLED),
        (BulkKind.CAMPAIGN_ARCHIVE, CampaignStatus.ARCHIVED),
        (BulkKind.CAMPAIGN_DELETE, None),
    ],
)
async def test_each_verb_on_campaigns(shop: Shop, kind: BulkKind, status: CampaignStatus | None) -> None:
    ident = await shop.started()
    if kind is BulkKind.CAMPAIGN_RESUME:
        await shop.control.pause(shop.house.alice, ident)
    if kind in {BulkKind.CAMPAIGN_ARCHIVE, BulkKind.CAMPAIGN_DELETE}:
        await shop.control.cancel(shop.house.alice, ident)
    written = await bulk_of(shop).start(shop.house.alice, kind, [ident])
    (claim,) = await Work(shop.database, shop.settings).claim("worker", [ShardKind.BULK], 1)
    handler = BulkWork(BulkRunning(shop.database), BulkVerbs(shop.database, shop.sealer))
    await handler.handle(Held(claim))
    assert (await operation(shop, written.value.id)).succeeded == 1
    async with shop.database.engines.reading() as session:
        row = await session.get(CampaignRow, ident)
    assert (None if row is None else row.status) is status
