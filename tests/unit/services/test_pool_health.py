"""Health checks of pools: when the members are tested by themselves, moment by moment, on a clock that is set."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from core.settings import Settings
from db.models import ShardRow
from services.pools import MemberPatch, PoolDraft, PoolPatch, Pools
from services.probing import Probing
from services.proxies import ProxyPatch
from services.proxy_accounts import Accounting, ProxyOutcome
from services.work import Work
from tests import factories
from tests.fakes.house import House
from tests.fakes.shop import Shop, open_shop
from vocabulary.proxies import ProxyHealth, ProxyTestResult
from vocabulary.work import ShardKind, ShardStatus

BACKOFF = 100.0
GOOD = ProxyTestResult(success=True, duration_ms=12, status_code=200, returned_ip="192.0.2.9")
BAD = ProxyTestResult(success=False, duration_ms=3, error="refused")
SETTINGS = Settings(proxy_strikes=1, probe_backoff_seconds=BACKOFF)
KINDS = [ShardKind.PROXY_PROBE]


@pytest.fixture
async def shop(house: House) -> AsyncIterator[Shop]:
    async with open_shop(house, house.clock, SETTINGS) as shop:
        yield shop


@pytest.fixture
def pools(shop: Shop) -> Pools:
    return Pools(shop.database)


@pytest.fixture
def work(shop: Shop) -> Work:
    return Work(shop.database, shop.settings)


@pytest.fixture
async def proxy(shop: Shop) -> UUID:
    return (await shop.proxies.create(shop.house.alice, factories.proxy())).value.id


async def pool(shop: Shop, pools: Pools, proxy: UUID, **settings: object) -> UUID:
    draft = PoolDraft(**{"name": shop.name(), "health_check_interval_seconds": 60, **settings})  # type: ignore[arg-type]
    ident = (await pools.create(shop.house.alice, draft)).value
    await pools.add_proxies(shop.house.alice, ident, [proxy])
    return ident


async def due_in(shop: Shop, work: Work) -> float | None:
    """In how many seconds the proxy is tested; None if never by itself."""
    due = await work.next_due(KINDS)
    return None if due is None else (due - shop.house.now).total_seconds()


async def probed(shop: Shop, work: Work, *results: ProxyTestResult) -> None:
    """Go on to the moment at which the test is due, and make it; it goes well unless told."""
    for result in results or (GOOD,):
        due = await work.next_due(KINDS)
        assert due is not None
        shop.house.clock.advance(max(0.0, (due - shop.house.now).total_seconds()))
        (claim,) = await work.claim("a", KINDS, 1)
        assert await Probing(shop.database, shop.sealer, shop.settings).finish(claim, result)


async def moments(shop: Shop, work: Work, count: int) -> list[float]:
    """The times between tests that all go well."""
    times: list[datetime] = []
    for _ in range(count + 1):
        await probed(shop, work)
        times.append(shop.house.now)
    return [(after - before).total_seconds() for before, after in pairwise(times)]


@pytest.mark.effect("pool.health_check_interval_seconds")
@pytest.mark.parametrize("seconds", [30, 60])
async def test_members_are_tested_at_the_interval_of_the_pool(
    shop: Shop, pools: Pools, work: Work, proxy: UUID, seconds: int
) -> None:
    await pool(shop, pools, proxy, health_check_interval_seconds=seconds)
    assert await moments(shop, work, 3) == [seconds] * 3
    assert shop.bell.rung.is_set()


@pytest.mark.effect("pool.health_check_enabled")
async def test_without_health_checks_a_healthy_member_is_left_alone(
    shop: Shop, pools: Pools, work: Work, proxy: UUID
) -> None:
    ident = await pool(shop, pools, proxy, health_check_enabled=False)
    await probed(shop, work)
    assert await due_in(shop, work) is None
    await pools.update(shop.house.alice, ident, PoolPatch(health_check_enabled=True))
    assert await due_in(shop, work) == 60
    shop.house.clock.advance(20)
    await pools.update(shop.house.alice, ident, PoolPatch(health_check_interval_seconds=30))
    assert await due_in(shop, work) == 10
    await pools.update(shop.house.alice, ident, PoolPatch(health_check_enabled=False))
    assert await due_in(shop, work) is None


@pytest.mark.effect("pool.enabled")
async def test_a_disabled_pool_has_nobody_tested(shop: Shop, pools: Pools, work: Work, proxy: UUID) -> None:
    ident = await pool(shop, pools, proxy)
    await probed(shop, work)
    await pools.update(shop.house.alice, ident, PoolPatch(enabled=False))
    assert await due_in(shop, work) is None
    shop.house.clock.advance(1000)
    await pools.update(shop.house.alice, ident, PoolPatch(enabled=True))
    # It is long overdue.
    assert await due_in(shop, work) == 0


@pytest.mark.effect("pool.active")
async def test_an_inactive_member_is_not_tested(shop: Shop, pools: Pools, work: Work, proxy: UUID) -> None:
    ident = await pool(shop, pools, proxy)
    await probed(shop, work)
    await pools.set_member(shop.house.alice, ident, proxy, MemberPatch(active=False))
    assert await due_in(shop, work) is None
    await pools.set_member(shop.house.alice, ident, proxy, MemberPatch(active=True))
    assert await due_in(shop, work) == 60


async def test_of_several_pools_the_shortest_interval_counts(
    shop: Shop, pools: Pools, work: Work, proxy: UUID
) -> None:
    await pool(shop, pools, proxy, health_check_interval_seconds=90)
    short = await pool(shop, pools, proxy, health_check_interval_seconds=20)
    await pool(shop, pools, proxy, health_check_interval_seconds=10, health_check_enabled=False)
    assert await moments(shop, work, 2) == [20, 20]
    await pools.remove_proxies(shop.house.alice, short, [proxy])
    assert await due_in(shop, work) == 90
    await pools.add_proxies(shop.house.alice, short, [proxy])
    assert await due_in(shop, work) == 20
    await pools.delete(shop.house.alice, short)
    assert await due_in(shop, work) == 90


async def test_a_failed_member_keeps_its_half_open_tests_when_checks_are_turned_off(
    shop: Shop, pools: Pools, work: Work, proxy: UUID
) -> None:
    ident = await pool(shop, pools, proxy)
    await probed(shop, work, BAD)
    # Sooner than by itself, which would be after the backoff.
    assert await due_in(shop, work) == 60
    await pools.update(shop.house.alice, ident, PoolPatch(health_check_enabled=False))
    await probed(shop, work, BAD)
    await probed(shop, work, BAD)
    assert await due_in(shop, work) == 4 * BACKOFF
    await pools.update(shop.house.alice, ident, PoolPatch(health_check_enabled=True))
    assert await due_in(shop, work) == 60


async def test_a_half_open_test_that_is_sooner_is_not_put_off_by_a_pool(
    shop: Shop, pools: Pools, work: Work, proxy: UUID
) -> None:
    await pool(shop, pools, proxy, health_check_interval_seconds=5000)
    await probed(shop, work, BAD)
    assert await due_in(shop, work) == BACKOFF
    shop.house.clock.advance(BACKOFF / 2)
    await pool(shop, pools, proxy, health_check_interval_seconds=3000)
    assert await due_in(shop, work) == BACKOFF / 2


async def test_a_member_that_campaigns_strike_out_is_tested_after_the_backoff(
    shop: Shop, pools: Pools, work: Work, proxy: UUID
) -> None:
    """And not only when the pool's interval is over."""
    await pool(shop, pools, proxy, health_check_interval_seconds=5000)
    await probed(shop, work)
    assert await due_in(shop, work) == 5000
    async with shop.database.write() as unit:
        await Accounting(shop.settings).settle(unit, [ProxyOutcome(proxy, "refused")])
    assert (await shop.proxy_row(proxy)).health is ProxyHealth.UNHEALTHY
    assert await due_in(shop, work) == BACKOFF


async def test_a_test_under_way_arranges_the_next_by_what_the_pool_says_then(
    shop: Shop, pools: Pools, work: Work, proxy: UUID
) -> None:
    ident = await pool(shop, pools, proxy)
    await probed(shop, work)
    shop.house.clock.advance(60)
    (claim,) = await work.claim("a", KINDS, 1)
    await pools.update(shop.house.alice, ident, PoolPatch(health_check_interval_seconds=25))
    (shard,) = await shop.shards()
    assert (shard.status, shard.holder) == (ShardStatus.LEASED, "a")
    assert await Probing(shop.database, shop.sealer, shop.settings).finish(claim, GOOD)
    assert await due_in(shop, work) == 25


async def test_a_test_that_was_asked_for_stays_due(shop: Shop, pools: Pools, work: Work, proxy: UUID) -> None:
    ident = await pool(shop, pools, proxy)
    assert await due_in(shop, work) == 0
    await probed(shop, work)
    await shop.proxies.test(shop.house.alice, proxy)
    await pools.update(shop.house.alice, ident, PoolPatch(health_check_enabled=False))
    assert await due_in(shop, work) == 0


async def test_a_disabled_proxy_is_tested_for_no_pool(
    shop: Shop, pools: Pools, work: Work, proxy: UUID
) -> None:
    await probed(shop, work)
    await shop.proxies.update(shop.house.alice, proxy, ProxyPatch(enabled=False))
    await pool(shop, pools, proxy)
    assert await due_in(shop, work) is None
    assert await shop.house.count(ShardRow) == 0
    await shop.proxies.update(shop.house.alice, proxy, ProxyPatch(enabled=True))
    await probed(shop, work)
    assert await due_in(shop, work) == 60
    assert (await shop.proxy_row(proxy)).last_checked_at == shop.house.now
    assert await work.next_due(KINDS) == shop.house.now + timedelta(seconds=60)
