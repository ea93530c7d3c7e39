"""What admins change while workers run is what workers do next: each setting that can be changed matters."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from core.clock import SettableClock
from db.models import CampaignProxyRow, ProxyRow
from events.proxy_events import ProxyTestFinished
from sandbox.listener import Connection, Listener
from sandbox.sandbox import Sandbox
from services.running_settings import RunningSettings
from services.work import Work
from tests.fakes.house import House
from tests.fakes.shop import Shop, demo_generation
from vocabulary.campaigns import CampaignStatus, DnsConfig, HttpConfig
from vocabulary.proxies import ProxyEndpoint, ProxyHealth, ProxyProtocol
from vocabulary.work import ShardKind

DNS = ShardKind.DNS_VALIDATION


async def change(shop: Shop, **values: object) -> None:
    await RunningSettings(shop.database, shop.settings).update(shop.house.admin, values)


async def health_after_test(shop: Shop, ident: object) -> ProxyHealth:
    """Have a worker test the proxy again, and wait for it."""
    count = len(await shop.events(ProxyTestFinished))
    await shop.proxies.test(shop.house.alice, ident)  # type: ignore[arg-type]

    async def is_tested() -> bool:
        return len(await shop.events(ProxyTestFinished)) > count

    await shop.until(is_tested)
    event = (await shop.events(ProxyTestFinished))[-1]
    health: ProxyHealth = event.proxy.health
    return health


async def first_test(shop: Shop, tests: int = 1) -> None:
    async def is_tested() -> bool:
        return len(await shop.events(ProxyTestFinished)) >= tests

    await shop.until(is_tested)


@pytest.mark.effect("override.probe_url", "override.proxy_strikes")
async def test_probe_url_and_strikes(shop: Shop, box: Sandbox) -> None:
    """The running worker fetches the new page from its next test on, and one strike is enough if an admin says so."""
    ident = await shop.proxy(box.proxy("http"))
    await shop.work()
    await first_test(shop)
    await change(shop, probe_url="http://127.0.0.1:9/ip")
    assert await health_after_test(shop, ident) is ProxyHealth.HEALTHY
    await change(shop, proxy_strikes=1)
    assert await health_after_test(shop, ident) is ProxyHealth.UNHEALTHY
    await change(shop, probe_url=None)
    assert await health_after_test(shop, ident) is ProxyHealth.HEALTHY


@pytest.fixture
async def silent() -> AsyncIterator[Listener]:
    async def say_nothing(_connection: Connection) -> None:
        await asyncio.Event().wait()

    listener = Listener("silent", say_nothing)
    listener.open()
    try:
        yield listener
    finally:
        await listener.close()


@pytest.mark.effect("override.probe_timeout_seconds")
async def test_probe_timeout_seconds(shop: Shop, silent: Listener) -> None:
    await shop.work(probe_timeout_seconds=60)
    await change(shop, probe_timeout_seconds=0.2)
    await shop.proxy(ProxyEndpoint(ProxyProtocol.HTTP, "127.0.0.1", silent.port))
    await first_test(shop)
    (event,) = await shop.events(ProxyTestFinished)
    assert event.result.duration_ms < 2000


@pytest.mark.effect("override.probe_backoff_seconds")
async def test_probe_backoff_seconds(shop: Shop, box: Sandbox) -> None:
    """With the installation's five minutes there would be one test."""
    await shop.work(probe_backoff_seconds=300)
    await change(shop, probe_backoff_seconds=0.05)
    await shop.proxy(box.proxy("dead"))
    await first_test(shop, tests=3)


@pytest.mark.effect("override.proxy_strikes")
async def test_strikes_of_campaigns(shop: Shop, box: Sandbox) -> None:
    """A campaign through a dead proxy, which nobody has tested, gives it up at the first strike, not at the third."""
    dead, good = await shop.proxy(box.proxy("dead"), enabled=False), await shop.proxy(box.proxy("http"))
    ident = await shop.campaign(
        demo_generation(25),
        DnsConfig((await shop.dns_persona(box.dns),)),
        HttpConfig(
            (await shop.http_persona(request_timeout_seconds=1.0, concurrency=1),),
            ad_hoc_keywords=("sun",),
            proxy_ids=(good,),
            retry_attempts=0,
            http_port=box.http_port,
            https_port=box.https_port,
        ),
    )
    async with shop.database.engines.writing() as session:
        await session.execute(update(ProxyRow).values(enabled=True))
        await session.execute(delete(CampaignProxyRow))
        session.add_all(
            CampaignProxyRow(campaign_id=ident, ordinal=number, proxy_id=each)
            for number, each in enumerate((dead, good))
        )
    await shop.work(proxy_strikes=3)
    await change(shop, proxy_strikes=1)
    await shop.start(ident)
    await shop.finished(ident)
    assert (await shop.proxy_row(dead)).failure_count == 1


@pytest.mark.effect("override.shard_retry_seconds", "override.shard_attempts")
async def test_shard_attempts_and_their_wait(house: House, shop: Shop) -> None:
    clock = SettableClock(shop.database.clock.now())
    ident = await shop.generated(batch_size=10)
    shop.database.clock = clock
    work = Work(shop.database, shop.settings, spread=lambda: 0.5)
    clock.advance(1)
    await change(shop, shard_retry_seconds=7, shard_attempts=2)
    (claim,) = await work.claim("one", [DNS], 1)
    await work.failed(claim, "broken")
    assert await work.next_due([DNS]) == clock.now() + timedelta(seconds=7)
    clock.advance(8)
    (claim,) = await work.claim("one", [DNS], 1)
    await work.failed(claim, "broken")
    assert (await shop.row(ident)).status is CampaignStatus.FAILED
