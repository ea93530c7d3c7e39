"""The record of proxies over windows of time: counted with the uses, told by queries, and pruned."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from core.settings import Settings
from db.models import ProxyPeriodRow
from db.queries.proxies import Record, records, since, stats
from db.repositories import proxy_use
from db.repositories.proxy_use import Use
from db.scope import EVERYTHING
from services.probing import Probing
from services.proxy_accounts import Accounting, ProxyOutcome
from services.work import Work
from tests import factories
from tests.fakes.house import House
from tests.fakes.shop import Shop, open_shop
from vocabulary.proxies import ProxyTestResult, StatsWindow
from vocabulary.work import ShardKind

HOUR, DAY = 3600.0, 24 * 3600.0


@pytest.fixture
async def shop(house: House) -> AsyncIterator[Shop]:
    async with open_shop(house, house.clock, Settings(proxy_strikes=20)) as shop:
        yield shop


@pytest.fixture
async def proxy(shop: Shop) -> UUID:
    return (await shop.proxies.create(shop.house.alice, factories.proxy())).value.id


async def used(shop: Shop, proxy: UUID, good: int, bad: int) -> None:
    outcomes = [ProxyOutcome(proxy)] * good + [ProxyOutcome(proxy, "refused")] * bad
    async with shop.database.write() as unit:
        await Accounting(shop.settings).settle(unit, outcomes)


async def record(shop: Shop, proxy: UUID, window: StatsWindow) -> Record:
    start = since(window, shop.house.now)
    assert start is not None
    async with shop.database.engines.reading() as session:
        return (await records(session, [(proxy, start)])).get((proxy, start), Record())


async def counts(shop: Shop, proxy: UUID) -> list[tuple[int, int]]:
    """Successes and failures in the last hour, day and week."""
    windows = (StatsWindow.LAST_HOUR, StatsWindow.LAST_DAY, StatsWindow.LAST_WEEK)
    found = [await record(shop, proxy, window) for window in windows]
    return [(each.successes, each.failures) for each in found]


async def test_uses_move_out_of_the_windows_one_after_another(shop: Shop, proxy: UUID) -> None:
    await used(shop, proxy, 3, 1)
    assert await counts(shop, proxy) == [(3, 1)] * 3
    shop.house.clock.advance(HOUR)
    await used(shop, proxy, 0, 2)
    assert await counts(shop, proxy) == [(0, 2), (3, 3), (3, 3)]
    shop.house.clock.advance(DAY)
    assert await counts(shop, proxy) == [(0, 0), (0, 0), (3, 3)]
    shop.house.clock.advance(7 * DAY)
    assert await counts(shop, proxy) == [(0, 0)] * 3
    row = await shop.proxy_row(proxy)
    assert (row.success_count, row.failure_count, row.failure_rate) == (3, 3, 0.5)


async def test_a_window_is_right_to_five_minutes(shop: Shop, proxy: UUID) -> None:
    await used(shop, proxy, 1, 0)
    shop.house.clock.advance(HOUR - 301)
    assert (await counts(shop, proxy))[0] == (1, 0)
    shop.house.clock.advance(301)
    assert (await counts(shop, proxy))[0] == (0, 0)


async def test_latency_is_of_the_tests_that_went_well(shop: Shop, proxy: UUID) -> None:
    work, probing = Work(shop.database, shop.settings), Probing(shop.database, shop.sealer, shop.settings)
    for success, millis in ((True, 10), (True, 40), (False, 9000)):
        await shop.proxies.test(shop.house.alice, proxy)
        (claim,) = await work.claim("a", [ShardKind.PROXY_PROBE], 1)
        result = ProxyTestResult(success=success, duration_ms=millis, error=None if success else "x")
        assert await probing.finish(claim, result)
    await used(shop, proxy, 5, 0)
    found = await record(shop, proxy, StatsWindow.LAST_DAY)
    assert found == Record(7, 1, 25.0)
    assert found.success_rate == 0.875
    assert Record().success_rate is None


async def test_together_all_that_are_visible_are_counted(house: House, shop: Shop, proxy: UUID) -> None:
    theirs = (await shop.proxies.create(house.bob, factories.proxy())).value.id
    await used(shop, proxy, 3, 1)
    await used(shop, theirs, 10, 0)
    start = since(StatsWindow.LAST_HOUR, house.now)
    async with shop.database.engines.reading() as session:
        mine = await stats(session, house.alice.scope, start)
        everything = await stats(session, EVERYTHING, None)
    assert (mine.total, mine.record) == (1, Record(3, 1))
    assert (everything.total, everything.record) == (2, Record(13, 1))


async def test_what_is_older_than_eight_days_goes_with_the_next_use(shop: Shop, proxy: UUID) -> None:
    for _ in range(30):
        await used(shop, proxy, 1, 0)
        await used(shop, proxy, 1, 0)
        shop.house.clock.advance(DAY / 2)
    async with shop.database.engines.reading() as session:
        rows = [*(await session.execute(select(ProxyPeriodRow))).scalars()]
    oldest = shop.house.now - timedelta(days=8.5)
    assert len(rows) == 17
    assert all(row.starts_at >= oldest and row.successes == 2 for row in rows)


async def test_uses_are_counted_with_what_they_belong_to_or_not_at_all(shop: Shop, proxy: UUID) -> None:
    with pytest.raises(RuntimeError):  # noqa: PT012  The whole transaction must fail.
        async with shop.database.write() as unit:
            await Accounting(shop.settings).settle(unit, [ProxyOutcome(proxy)])
            raise RuntimeError("it cannot be committed")
    assert await shop.house.count(ProxyPeriodRow) == 0
    assert (await shop.proxy_row(proxy)).success_count == 0


async def test_the_periods_go_with_the_proxy(house: House, shop: Shop, proxy: UUID) -> None:
    async with shop.database.write() as unit:
        await proxy_use.count(unit.session, proxy, unit.now, [Use(succeeded=True)])
    await shop.proxies.delete(house.alice, proxy)
    assert await house.count(ProxyPeriodRow) == 0
