"""Proxy tests: what each result makes of a proxy's health, and when it is probed again."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from auth.sealing import SealBroken, Sealer
from core.settings import Settings
from db.repositories.shards import Claim
from events.proxy_events import ProxyHealthChanged, ProxyTestFinished
from services.probing import Probing
from services.proxies import ProxyPatch
from services.work import Work
from tests import factories
from tests.fakes.house import House
from tests.fakes.shop import Shop, open_shop
from vocabulary.proxies import ProxyEndpoint, ProxyHealth, ProxyProtocol, ProxyTestResult
from vocabulary.work import ShardKind

BACKOFF = 100.0
GOOD = ProxyTestResult(success=True, duration_ms=12, status_code=200, returned_ip="192.0.2.9")
BAD = ProxyTestResult(success=False, duration_ms=3, error="refused")
SETTINGS = Settings(proxy_strikes=3, probe_backoff_seconds=BACKOFF, shard_attempts=2, shard_retry_seconds=1)


@pytest.fixture
async def shop(house: House) -> AsyncIterator[Shop]:
    async with open_shop(house, house.clock, SETTINGS) as shop:
        yield shop


@pytest.fixture
def probing(shop: Shop) -> Probing:
    return Probing(shop.database, shop.sealer, shop.settings)


@pytest.fixture
def work(shop: Shop) -> Work:
    return Work(shop.database, shop.settings, spread=lambda: 0.5)


@pytest.fixture
async def proxy(shop: Shop) -> UUID:
    return (await shop.proxies.create(shop.house.alice, factories.proxy())).value.id


async def probe(shop: Shop, work: Work) -> Claim:
    """Claim the probe at the moment at which it is due."""
    due = await work.next_due([ShardKind.PROXY_PROBE])
    assert due is not None
    shop.house.clock.advance(max(0.0, (due - shop.house.now).total_seconds()))
    (claim,) = await work.claim("a", [ShardKind.PROXY_PROBE], 1)
    return claim


async def finish(shop: Shop, work: Work, probing: Probing, *results: ProxyTestResult) -> None:
    for result in results:
        assert await probing.finish(await probe(shop, work), result)


async def due(work: Work) -> datetime | None:
    return await work.next_due([ShardKind.PROXY_PROBE])


async def test_a_new_proxy_is_unknown_until_its_first_test(
    house: House, shop: Shop, work: Work, probing: Probing, proxy: UUID
) -> None:
    assert (await shop.proxy_row(proxy)).health is ProxyHealth.UNKNOWN
    before = await house.head()
    await finish(shop, work, probing, GOOD)
    row = await shop.proxy_row(proxy)
    assert (row.health, row.latency_ms, row.last_checked_at) == (ProxyHealth.HEALTHY, 12, house.now)
    assert (row.success_count, row.failure_count, row.last_error) == (1, 0, None)
    finished, changed = await house.events(before)
    assert isinstance(finished, ProxyTestFinished)
    assert finished.result == GOOD
    assert isinstance(changed, ProxyHealthChanged)
    assert (changed.previous, changed.proxy.health) == (ProxyHealth.UNKNOWN, ProxyHealth.HEALTHY)
    # A healthy proxy is not probed by itself.
    assert await due(work) is None


async def test_a_first_test_that_fails_makes_it_unhealthy_at_once(
    house: House, shop: Shop, work: Work, probing: Probing, proxy: UUID
) -> None:
    await finish(shop, work, probing, BAD)
    row = await shop.proxy_row(proxy)
    assert (row.health, row.last_error, row.failure_count) == (ProxyHealth.UNHEALTHY, "refused", 1)
    assert await due(work) == house.now + timedelta(seconds=BACKOFF)


async def test_one_that_has_been_healthy_is_judged_by_its_strikes(
    shop: Shop, work: Work, probing: Probing, proxy: UUID
) -> None:
    await finish(shop, work, probing, GOOD)
    healths = []
    for _ in range(3):
        await shop.proxies.test(shop.house.alice, proxy)
        assert (await shop.proxy_row(proxy)).health is ProxyHealth.TESTING
        await finish(shop, work, probing, BAD)
        healths.append((await shop.proxy_row(proxy)).health)
    assert healths == [ProxyHealth.HEALTHY, ProxyHealth.HEALTHY, ProxyHealth.UNHEALTHY]


async def test_another_address_takes_away_what_was_known(
    shop: Shop, work: Work, probing: Probing, proxy: UUID
) -> None:
    """It has been healthy, but elsewhere."""
    await finish(shop, work, probing, GOOD)
    await shop.proxies.update(shop.house.alice, proxy, ProxyPatch(port=9090))
    await finish(shop, work, probing, BAD)
    assert (await shop.proxy_row(proxy)).health is ProxyHealth.UNHEALTHY


async def test_half_open_probes_come_at_doubling_distances_up_to_twelve(
    house: House, shop: Shop, work: Work, probing: Probing, proxy: UUID
) -> None:
    await finish(shop, work, probing, BAD)
    waits = []
    for _ in range(6):
        at = await due(work)
        assert at is not None
        waits.append((at - house.now).total_seconds() / BACKOFF)
        await finish(shop, work, probing, BAD)
    assert waits == [1, 2, 4, 8, 12, 12]


async def test_one_success_heals(house: House, shop: Shop, work: Work, probing: Probing, proxy: UUID) -> None:
    for result in (BAD, BAD, BAD):
        await finish(shop, work, probing, result)
    before = await house.head()
    await finish(shop, work, probing, GOOD)
    row = await shop.proxy_row(proxy)
    assert (row.health, row.consecutive_failures, row.failed_probes) == (ProxyHealth.HEALTHY, 0, 0)
    assert isinstance((await house.events(before))[-1], ProxyHealthChanged)
    assert await due(work) is None


async def test_a_test_that_changes_nothing_is_told_all_the_same(
    house: House, shop: Shop, work: Work, probing: Probing, proxy: UUID
) -> None:
    await finish(shop, work, probing, BAD)
    before = await house.head()
    await finish(shop, work, probing, BAD)
    assert [type(event) for event in await house.events(before)] == [ProxyTestFinished]


async def test_what_a_probe_of_the_old_address_finds_is_not_written(
    house: House, shop: Shop, work: Work, probing: Probing, proxy: UUID
) -> None:
    claim = await probe(shop, work)
    await shop.proxies.update(shop.house.alice, proxy, ProxyPatch(port=9090))
    before = await house.head()
    assert not await probing.finish(claim, GOOD)
    assert await house.head() == before
    assert (await shop.proxy_row(proxy)).health is ProxyHealth.UNKNOWN


async def test_a_disabled_proxy_is_not_probed(shop: Shop, work: Work, probing: Probing, proxy: UUID) -> None:
    await finish(shop, work, probing, BAD)
    await shop.proxies.update(shop.house.alice, proxy, ProxyPatch(enabled=False))
    assert await due(work) is None


async def test_a_test_that_cannot_be_made_fails_after_its_attempts(
    house: House, shop: Shop, work: Work, proxy: UUID
) -> None:
    before = await house.head()
    await work.failed(await probe(shop, work), "OSError: no CA file")
    assert await house.head() == before
    await work.failed(await probe(shop, work), "OSError: no CA file")
    finished, changed = await house.events(before)
    assert isinstance(finished, ProxyTestFinished)
    assert finished.result.error == "The test could not be made: OSError: no CA file"
    assert isinstance(changed, ProxyHealthChanged)
    assert changed.proxy.health is ProxyHealth.UNHEALTHY


async def test_the_endpoint_has_the_password_in_clear(shop: Shop, work: Work, probing: Probing) -> None:
    endpoint = ProxyEndpoint(ProxyProtocol.SOCKS5, "proxy.example", 1080, "user", "secret")
    await shop.proxy(endpoint)
    assert await probing.endpoint(await probe(shop, work)) == endpoint


async def test_a_password_sealed_by_another_key_does_not_open(shop: Shop, work: Work) -> None:
    await shop.proxy(ProxyEndpoint(ProxyProtocol.HTTP, "proxy.example", 1080, "user", "secret"))
    other = Probing(shop.database, Sealer([b"A" * 43 + b"="]), shop.settings)
    with pytest.raises(SealBroken):
        await other.endpoint(await probe(shop, work))


async def test_the_probe_of_a_removed_proxy_has_no_endpoint(
    shop: Shop, work: Work, probing: Probing, proxy: UUID
) -> None:
    claim = await probe(shop, work)
    await shop.proxies.delete(shop.house.alice, proxy)
    assert await probing.endpoint(claim) is None
    assert not await probing.finish(claim, GOOD)
