"""Proxies: really tested, used in turn, struck out, healed, and never passed by."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from db.models import CampaignProxyRow, ProxyRow
from events.proxy_events import ProxyHealthChanged, ProxyStatsChanged, ProxyTestFinished
from sandbox.behaviours import Web
from sandbox.listener import Connection, Listener
from sandbox.sandbox import Sandbox
from services.proxies import ProxyPatch
from tests.fakes.shop import Shop, demo_generation
from vocabulary.campaigns import CampaignStatus, DnsConfig, HttpConfig, PhaseKind
from vocabulary.checks import CheckStatus
from vocabulary.proxies import ProxyEndpoint, ProxyHealth, ProxyProtocol
from workers.held import NO_USABLE_PROXY

NAMES = 25


async def tested(shop: Shop, *proxies: UUID) -> list[ProxyHealth]:
    """Wait until each was tested; their health."""

    async def all_are() -> bool:
        return all([(await shop.proxy_row(each)).last_checked_at for each in proxies])

    await shop.until(all_are)
    return [(await shop.proxy_row(each)).health for each in proxies]


async def campaign(
    shop: Shop, box: Sandbox, *proxies: UUID, names: int = NAMES, seconds: float = 1.0
) -> UUID:
    return await shop.campaign(
        demo_generation(names),
        DnsConfig((await shop.dns_persona(box.dns),), retry_attempts=0),
        HttpConfig(
            (await shop.http_persona(request_timeout_seconds=seconds, concurrency=1),),
            ad_hoc_keywords=("sun",),
            proxy_ids=proxies,
            batch_size=500,
            retry_attempts=0,
            http_port=box.http_port,
            https_port=box.https_port,
        ),
    )


async def run(shop: Shop, ident: UUID) -> CampaignStatus:
    await shop.start(ident)
    return await shop.finished(ident)


async def test_every_protocol_passes_its_test_and_a_dead_proxy_does_not(shop: Shop, box: Sandbox) -> None:
    proxies = [await shop.proxy(each.endpoint) for each in box.proxies]
    await shop.work()
    healths = dict(zip((each.name for each in box.proxies), await tested(shop, *proxies), strict=True))
    healthy, unhealthy = ProxyHealth.HEALTHY, ProxyHealth.UNHEALTHY
    working = dict.fromkeys(("http", "https", "socks4", "socks5"), healthy)
    assert healths == {**working, "dead": unhealthy}
    seen = {event.proxy.id: event.result for event in await shop.events(ProxyTestFinished)}
    origins = ["127.0.0.2", "127.0.0.3", "127.0.0.5", "127.0.0.4"]
    assert [seen[each].returned_ip for each in proxies[:4]] == origins
    assert seen[proxies[4]].error.startswith("PROXY_ERROR")


async def test_the_wrong_password_fails_the_test(shop: Shop, box: Sandbox) -> None:
    right = box.proxy("socks5")
    ident = await shop.proxy(ProxyEndpoint(right.protocol, right.host, right.port, right.username, "wrong"))
    await shop.work()
    assert await tested(shop, ident) == [ProxyHealth.UNHEALTHY]
    assert "wrong" not in str((await shop.proxy_row(ident)).last_error)


@pytest.mark.effect("setting.probe_url")
async def test_probe_url(shop: Shop, box: Sandbox) -> None:
    """What the test fetches is the setting's: where nothing answers, nobody passes."""
    ident = await shop.proxy(box.proxy("http"))
    await shop.work(probe_url="http://127.0.0.1:9/ip")
    assert await tested(shop, ident) == [ProxyHealth.UNHEALTHY]


@pytest.mark.effect("setting.allowed_proxy_ports")
async def test_allowed_proxy_ports(shop: Shop, box: Sandbox) -> None:
    ident = await shop.proxy(box.proxy("http"))
    await shop.work(allowed_proxy_ports="3128")
    assert await tested(shop, ident) == [ProxyHealth.UNHEALTHY]
    (event,) = await shop.events(ProxyTestFinished)
    assert event.result.error == "PROXY_ERROR: the proxy's port is not allowed"


@pytest.mark.effect("setting.probe_timeout_seconds")
async def test_probe_timeout_seconds(shop: Shop) -> None:
    async def say_nothing(_connection: Connection) -> None:
        await asyncio.Event().wait()

    silent = Listener("silent", say_nothing)
    silent.open()
    try:
        ident = await shop.proxy(ProxyEndpoint(ProxyProtocol.HTTP, "127.0.0.1", silent.port))
        await shop.work(probe_timeout_seconds=0.2)
        assert await tested(shop, ident) == [ProxyHealth.UNHEALTHY]
        (event,) = await shop.events(ProxyTestFinished)
        assert event.result.duration_ms < 1000
    finally:
        await silent.close()


@pytest.mark.effect("setting.probe_backoff_seconds")
async def test_an_unhealthy_proxy_is_probed_again_and_healed_by_one_success(shop: Shop, box: Sandbox) -> None:
    """Nobody rings: the worker knows the moment of the next probe. With the default it would be in five minutes."""
    right = box.proxy("http")
    ident = await shop.proxy(ProxyEndpoint(right.protocol, right.host, right.port, right.username, "wrong"))
    await shop.work(probe_backoff_seconds=0.05)

    async def was_probed_thrice() -> bool:
        return (await shop.proxy_row(ident)).failed_probes >= 3

    await shop.until(was_probed_thrice)
    await shop.proxies.update(shop.house.alice, ident, ProxyPatch(password=right.password))

    async def is_healthy() -> bool:
        return (await shop.proxy_row(ident)).health is ProxyHealth.HEALTHY

    await shop.until(is_healthy)
    changes = [event.proxy.health for event in await shop.events(ProxyHealthChanged)]
    assert changes == [ProxyHealth.UNHEALTHY, ProxyHealth.UNKNOWN, ProxyHealth.HEALTHY]


@pytest.mark.effect("http.proxy_ids")
async def test_a_campaign_goes_through_its_proxies_in_turn(shop: Shop, box: Sandbox) -> None:
    proxies = [await shop.proxy(box.proxy(name)) for name in ("http", "https", "socks5")]
    await shop.work()
    await tested(shop, *proxies)
    ident = await campaign(shop, box, *proxies)
    assert await run(shop, ident) is CampaignStatus.COMPLETED
    used = Counter(row.http_proxy_id for row in await shop.domains(ident) if row.http_attempts)
    assert set(used) == set(proxies)
    assert max(used.values()) - min(used.values()) <= 1
    assert len(await shop.events(ProxyStatsChanged)) > 0


@pytest.mark.effect("http.proxy_ids")
async def test_without_proxies_it_goes_directly(shop: Shop, box: Sandbox) -> None:
    await shop.work()
    ident = await campaign(shop, box)
    assert await run(shop, ident) is CampaignStatus.COMPLETED
    assert {row.http_proxy_id for row in await shop.domains(ident)} == {None}
    assert set(box.served.values()) == {0}


async def through_one_dead(shop: Shop, box: Sandbox, strikes: int) -> tuple[UUID, UUID]:
    """A campaign through a dead proxy that nobody has tested yet and a good one; the dead one and the campaign."""
    dead, good = await shop.proxy(box.proxy("dead"), enabled=False), await shop.proxy(box.proxy("http"))
    # On a busy machine the good one must not be struck out for being slow.
    ident = await campaign(shop, box, good, seconds=2.5)
    await link(shop, ident, dead, good)
    await shop.work(proxy_strikes=strikes)
    await run(shop, ident)
    return dead, ident


async def link(shop: Shop, ident: UUID, *proxies: UUID) -> None:
    """Enable proxies without a test, and have the campaign name them."""
    async with shop.database.engines.writing() as session:
        await session.execute(update(ProxyRow).values(enabled=True))
        await session.execute(delete(CampaignProxyRow))
        session.add_all(
            CampaignProxyRow(campaign_id=ident, ordinal=number, proxy_id=each)
            for number, each in enumerate(proxies)
        )


@pytest.mark.parametrize(("behaviour", "successes"), [(Web.STALLED_HEAD, 0), (Web.STATUS_410, 1)])
async def test_a_target_that_does_not_answer_says_nothing_of_the_proxy(
    shop: Shop, box: Sandbox, behaviour: Web, successes: int
) -> None:
    """Neither for it nor against it; any answer speaks for it."""
    ident = await shop.proxy(box.proxy("http"))
    await shop.work()
    assert await tested(shop, ident) == [ProxyHealth.HEALTHY]
    before = await shop.proxy_row(ident)
    offset = box.world.sites.index(box.world.having(behaviour)[0])
    made = await shop.only(
        offset,
        DnsConfig((await shop.dns_persona(box.dns),)),
        HttpConfig(
            (await shop.http_persona(request_timeout_seconds=0.3),),
            ad_hoc_keywords=("sun",),
            proxy_ids=(ident,),
            retry_attempts=0,
            http_port=box.http_port,
            https_port=box.https_port,
        ),
    )
    assert await shop.finished(made) is CampaignStatus.COMPLETED
    (domain,) = await shop.domains(made)
    assert (domain.http_proxy_id, domain.http_status_code is None) == (ident, successes == 0)
    after = await shop.proxy_row(ident)
    assert after.success_count - before.success_count == successes
    assert after.failure_count == before.failure_count


@pytest.mark.effect("setting.proxy_strikes")
async def test_a_dead_proxy_is_struck_out_and_no_domain_suffers(shop: Shop, box: Sandbox) -> None:
    dead, ident = await through_one_dead(shop, box, strikes=3)
    row = await shop.proxy_row(dead)
    assert row.health is ProxyHealth.UNHEALTHY
    # Two shards that began before the third strike was written count each for itself.
    assert 3 <= row.failure_count <= 6
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED
    for domain in await shop.domains(ident):
        site = box.world.site(domain.name)
        if site.fetch is not None and site.web is not Web.UNHEARD:
            assert (domain.http_status, domain.http_reason) == (site.fetch.status, site.fetch.reason)
    (probe,) = [shard for shard in await shop.shards() if shard.proxy_id == dead]
    assert probe.available_at > shop.database.clock.now()


@pytest.mark.effect("setting.proxy_strikes")
async def test_proxy_strikes(shop: Shop, box: Sandbox) -> None:
    dead, _ = await through_one_dead(shop, box, strikes=1)
    assert 1 <= (await shop.proxy_row(dead)).failure_count <= 2


async def test_with_no_usable_proxy_left_the_phase_fails_and_nothing_goes_directly(
    shop: Shop, box: Sandbox
) -> None:
    dead = await shop.proxy(box.proxy("dead"))
    ident = await campaign(shop, box, dead)
    await link(shop, ident, dead)
    await shop.work()
    assert await run(shop, ident) is CampaignStatus.FAILED
    phase = await shop.phase(ident, PhaseKind.HTTP_KEYWORD_VALIDATION)
    assert phase.error_code == NO_USABLE_PROXY
    assert {row.http_status for row in await shop.domains(ident)} <= {CheckStatus.PENDING, CheckStatus.ERROR}
    assert all(row.http_status_code is None for row in await shop.domains(ident))


async def test_a_proxy_that_is_unhealthy_at_the_start_is_not_used(shop: Shop, box: Sandbox) -> None:
    dead, good = await shop.proxy(box.proxy("dead")), await shop.proxy(box.proxy("socks5"))
    await shop.work()
    assert await tested(shop, dead, good) == [ProxyHealth.UNHEALTHY, ProxyHealth.HEALTHY]
    before = (await shop.proxy_row(dead)).failure_count
    ident = await campaign(shop, box, dead, good, names=8)
    assert await run(shop, ident) is CampaignStatus.COMPLETED
    assert (await shop.proxy_row(dead)).failure_count == before


@pytest.mark.effect("proxy.enabled")
@pytest.mark.parametrize("ring", ["one", "two"])
async def test_a_disabled_proxy_is_not_used(shop: Shop, box: Sandbox, ring: str) -> None:
    off, good = await shop.proxy(box.proxy("http")), await shop.proxy(box.proxy("socks5"))
    ident = await campaign(shop, box, off, good, names=8)
    await shop.start(ident)
    await shop.proxies.update(shop.house.alice, off, ProxyPatch(enabled=False))
    if ring == "one":
        await shop.proxies.update(shop.house.alice, good, ProxyPatch(enabled=False))
    await shop.work()
    expected = CampaignStatus.FAILED if ring == "one" else CampaignStatus.COMPLETED
    assert await shop.finished(ident) is expected
    assert {row.http_proxy_id for row in await shop.domains(ident)} <= {None, good}
