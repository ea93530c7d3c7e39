"""Campaigns that go through a pool: what each of its settings does, on real sockets."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from db.models import DomainRow, ProxyPoolRow, ProxyRow
from events.proxy_events import ProxyTestFinished
from sandbox.listener import Connection, Listener
from sandbox.sandbox import Sandbox
from services.pools import MemberPatch, PoolDraft, PoolPatch, Pools
from tests.fakes.shop import Shop, demo_generation
from vocabulary.campaigns import CampaignStatus, DnsConfig, HttpConfig, PhaseKind
from vocabulary.checks import HttpReason
from vocabulary.proxies import ProxyEndpoint, ProxyProtocol, ProxyStrategy
from vocabulary.work import ShardStatus
from workers.held import NO_USABLE_PROXY

FAILOVER, WEIGHTED = ProxyStrategy.FAILOVER, ProxyStrategy.WEIGHTED


@pytest.fixture
def pools(shop: Shop) -> Pools:
    return Pools(shop.database)


async def pool(shop: Shop, pools: Pools, proxies: Sequence[UUID], **settings: Any) -> UUID:
    settings = {"health_check_enabled": False, **settings}
    ident = (await pools.create(shop.house.alice, PoolDraft(shop.name(), **settings))).value
    await pools.add_proxies(shop.house.alice, ident, proxies)
    return ident


async def untested(shop: Shop, *endpoints: ProxyEndpoint) -> list[UUID]:
    """Proxies that may be used and of which nothing is known; none is tested."""
    idents = [await shop.proxy(endpoint, enabled=False) for endpoint in endpoints]
    async with shop.database.engines.writing() as session:
        await session.execute(update(ProxyRow).values(enabled=True))
    return idents


async def through(
    shop: Shop,
    box: Sandbox,
    pool_id: UUID,
    *,
    strategy: ProxyStrategy | None = None,
    names: int = 12,
    seconds: float = 1.0,
) -> UUID:
    """A running campaign through the pool."""
    ident = await shop.campaign(
        demo_generation(names),
        DnsConfig((await shop.dns_persona(box.dns),), retry_attempts=0),
        HttpConfig(
            (await shop.http_persona(request_timeout_seconds=seconds, concurrency=1),),
            ad_hoc_keywords=("sun",),
            pool_id=pool_id,
            strategy=strategy,
            batch_size=500,
            retry_attempts=0,
            http_port=box.http_port,
            https_port=box.https_port,
        ),
    )
    await shop.start(ident)
    return ident


async def fetched(shop: Shop, ident: UUID) -> list[DomainRow]:
    """The domains that were fetched, once the campaign is over."""
    assert await shop.finished(ident) is CampaignStatus.COMPLETED
    return [row for row in await shop.domains(ident) if row.http_attempts]


async def used(shop: Shop, ident: UUID) -> Counter[UUID | None]:
    return Counter(row.http_proxy_id for row in await fetched(shop, ident))


@pytest.mark.effect("http.pool_id", "pool.strategy")
async def test_in_turn_every_member_is_used_and_nobody_goes_directly(
    shop: Shop, box: Sandbox, pools: Pools
) -> None:
    members = await untested(shop, *(box.proxy(name) for name in ("http", "https", "socks5")))
    ident = await through(shop, box, await pool(shop, pools, members))
    await shop.work()
    assert set(await used(shop, ident)) == set(members)


@pytest.mark.effect("pool.strategy", "pool.position")
async def test_failover_uses_the_first_in_the_order_of_the_pool(
    shop: Shop, box: Sandbox, pools: Pools
) -> None:
    first, second = await untested(shop, box.proxy("http"), box.proxy("socks5"))
    fleet = await pool(shop, pools, [first, second], strategy=FAILOVER)
    await shop.work()
    assert set(await used(shop, await through(shop, box, fleet))) == {first}
    await pools.set_member(shop.house.alice, fleet, second, MemberPatch(position=0))
    assert set(await used(shop, await through(shop, box, fleet))) == {second}


@pytest.mark.effect("http.strategy")
async def test_a_campaign_may_say_how_in_place_of_the_pool(shop: Shop, box: Sandbox, pools: Pools) -> None:
    first, second = await untested(shop, box.proxy("http"), box.proxy("socks5"))
    fleet = await pool(shop, pools, [first, second])
    ident = await through(shop, box, fleet, strategy=FAILOVER)
    await shop.work()
    assert set(await used(shop, ident)) == {first}


@pytest.mark.effect("pool.weight")
async def test_a_member_with_nearly_all_of_the_weight_has_nearly_all_of_the_work(
    shop: Shop, box: Sandbox, pools: Pools
) -> None:
    """More than three of twelve through the other would be met less than once in 10^9 runs."""
    light, heavy = await untested(shop, box.proxy("http"), box.proxy("socks5"))
    fleet = await pool(shop, pools, [light, heavy], strategy=WEIGHTED)
    await pools.set_member(shop.house.alice, fleet, heavy, MemberPatch(weight=1000))
    ident = await through(shop, box, fleet)
    await shop.work()
    assert (await used(shop, ident))[light] <= 3


async def test_the_least_used_member_is_used_until_it_is_no_more(
    shop: Shop, box: Sandbox, pools: Pools
) -> None:
    much, little = await untested(shop, box.proxy("http"), box.proxy("socks5"))
    async with shop.database.engines.writing() as session:
        (await session.get_one(ProxyRow, much)).success_count = 1000
    ident = await through(
        shop, box, await pool(shop, pools, [much, little], strategy=ProxyStrategy.LEAST_USED)
    )
    await shop.work()
    assert set(await used(shop, ident)) == {little}


@pytest.mark.effect("pool.active")
async def test_an_inactive_member_is_not_used(shop: Shop, box: Sandbox, pools: Pools) -> None:
    resting, working = await untested(shop, box.proxy("http"), box.proxy("socks5"))
    fleet = await pool(shop, pools, [resting, working], strategy=FAILOVER)
    await pools.set_member(shop.house.alice, fleet, resting, MemberPatch(active=False))
    ident = await through(shop, box, fleet)
    await shop.work()
    assert set(await used(shop, ident)) == {working}


@pytest.mark.effect("pool.enabled")
@pytest.mark.parametrize("why", ["disabled", "empty"])
async def test_a_campaign_with_a_pool_never_goes_without(
    shop: Shop, box: Sandbox, pools: Pools, why: str
) -> None:
    members = await untested(shop, box.proxy("http"))
    fleet = await pool(shop, pools, members)
    ident = await through(shop, box, fleet)
    if why == "disabled":
        await pools.update(shop.house.alice, fleet, PoolPatch(enabled=False))
    else:
        await pools.remove_proxies(shop.house.alice, fleet, members)
    await shop.work()
    assert await shop.finished(ident) is CampaignStatus.FAILED
    phase = await shop.phase(ident, PhaseKind.HTTP_KEYWORD_VALIDATION)
    assert phase.error_code == NO_USABLE_PROXY
    assert all(row.http_status_code is None for row in await shop.domains(ident))


@pytest.mark.effect("pool.max_retries")
@pytest.mark.parametrize("retries", [0, 1])
async def test_no_more_others_are_tried_than_the_pool_allows(
    shop: Shop, box: Sandbox, pools: Pools, retries: int
) -> None:
    dead, good = await untested(shop, box.proxy("dead"), box.proxy("http"))
    fleet = await pool(shop, pools, [dead, good], strategy=FAILOVER, max_retries=retries)
    ident = await through(shop, box, fleet, names=6)
    # So many strikes that the dead one stays the first to be asked.
    await shop.work(proxy_strikes=1000)
    rows = await fetched(shop, ident)
    assert rows
    assert {row.http_proxy_id for row in rows} == {good if retries else dead}
    by_proxy = {row.http_reason is HttpReason.PROXY_ERROR for row in rows}
    assert by_proxy == {True} if not retries else True not in by_proxy
    assert (await shop.proxy_row(dead)).failure_count == len(rows)


@pytest.mark.effect("pool.timeout_seconds")
async def test_a_proxy_has_as_long_as_the_pool_gives_it(shop: Shop, box: Sandbox, pools: Pools) -> None:
    """Without that limit it would have half of the persona's time, longer than this test waits."""

    async def say_nothing(_connection: Connection) -> None:
        await asyncio.Event().wait()

    silent = Listener("silent", say_nothing)
    silent.open()
    try:
        endpoint = ProxyEndpoint(ProxyProtocol.SOCKS5, "127.0.0.1", silent.port)
        slow, good = await untested(shop, endpoint, box.proxy("http"))
        fleet = await pool(shop, pools, [slow, good], strategy=FAILOVER, timeout_seconds=0.1)
        ident = await through(shop, box, fleet, names=3, seconds=120)
        await shop.work(proxy_strikes=1)
        assert await shop.finished(ident, seconds=40) is CampaignStatus.COMPLETED
        row = await shop.proxy_row(slow)
        assert "no answer in time" in str(row.last_error)
    finally:
        await silent.close()


@pytest.mark.effect("pool.health_check_interval_seconds")
async def test_members_are_tested_again_and_again_though_nobody_rings(
    shop: Shop, box: Sandbox, pools: Pools
) -> None:
    """The worker knows the moment of the next test, and needs no look in between."""
    (one,) = await untested(shop, box.proxy("http"))
    fleet = await pool(shop, pools, [one], health_check_enabled=True)
    async with shop.database.engines.writing() as session:
        # Less than anybody may ask for, so that the test is short.
        (await session.get_one(ProxyPoolRow, fleet)).health_check_interval_seconds = 1
    await shop.proxies.test(shop.house.alice, one)
    await shop.work()

    async def was_tested_thrice() -> bool:
        return len(await shop.events(ProxyTestFinished)) >= 3

    await shop.until(was_tested_thrice)
    first, second, *_ = await shop.events(ProxyTestFinished)
    assert (second.proxy.last_checked_at - first.proxy.last_checked_at).total_seconds() >= 1
    await pools.update(shop.house.alice, fleet, PoolPatch(health_check_enabled=False))

    async def has_rest() -> bool:
        return [shard.status for shard in await shop.shards()] == [ShardStatus.DONE]

    await shop.until(has_rest)
