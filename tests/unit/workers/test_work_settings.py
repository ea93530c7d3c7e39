"""What is generated, how work is cut, and how it is held, tried again and gone through proxies: each setting matters.

The settings of single checks are in `test_validation_settings.py`, those of personas in `tests/unit/probes`.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from core.settings import load
from sandbox.behaviours import Web
from sandbox.sandbox import Sandbox
from services.proxies import ProxyDraft
from services.turns import Standing
from services.work import Work
from tests.fakes.house import House
from tests.fakes.shop import Shop, demo_generation
from tests.integration.waiting import until
from vocabulary.campaigns import CampaignStatus, DnsConfig, GenerationConfig, HttpConfig, PatternType
from vocabulary.proxies import ProxyEndpoint, ProxyHealth, ProxyProtocol
from vocabulary.work import ShardKind
from workers.held import Held
from workers.runner import Runner

DNS = ShardKind.DNS_VALIDATION

SPACE = GenerationConfig(
    pattern_type=PatternType.PREFIX,
    character_set="ab",
    constant="sun",
    tlds=(".test",),
    prefix_length=1,
    suffix_length=0,
)


async def names(shop: Shop, config: GenerationConfig) -> list[str]:
    return [domain.name for domain in await shop.domains(await shop.generated(config))]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, ["asun.test", "bsun.test"], id="as it is"),
        pytest.param(
            {"pattern_type": PatternType.SUFFIX, "prefix_length": 0, "suffix_length": 1},
            ["suna.test", "sunb.test"],
            id="suffix",
        ),
        pytest.param(
            {"pattern_type": PatternType.BOTH, "suffix_length": 1},
            ["asuna.test", "asunb.test", "bsuna.test", "bsunb.test"],
            id="both",
        ),
        pytest.param({"character_set": "xyz"}, ["xsun.test", "ysun.test", "zsun.test"], id="characters"),
        pytest.param({"constant": "moon"}, ["amoon.test", "bmoon.test"], id="constant"),
        pytest.param(
            {"tlds": (".test", ".co.test")},
            ["asun.test", "bsun.test", "asun.co.test", "bsun.co.test"],
            id="top-level domains",
        ),
        pytest.param(
            {"prefix_length": 2}, ["aasun.test", "absun.test", "basun.test", "bbsun.test"], id="length"
        ),
        pytest.param({"count": 1}, ["asun.test"], id="count"),
    ],
)
@pytest.mark.effect(
    "generation.pattern_type",
    "generation.character_set",
    "generation.constant",
    "generation.tlds",
    "generation.prefix_length",
    "generation.suffix_length",
    "generation.count",
)
async def test_what_is_generated(shop: Shop, changes: dict[str, object], expected: list[str]) -> None:
    assert await names(shop, msgspec.structs.replace(SPACE, **changes)) == expected


async def shards_of(shop: Shop, box: Sandbox, kind: ShardKind, dns_batch: int, http_batch: int) -> int:
    """How many shards of a kind a whole campaign of eight names had; the sandbox resolves all but one."""
    ident = await shop.campaign(
        demo_generation(8),
        DnsConfig((await shop.dns_persona(box.dns, attempts=1),), batch_size=dns_batch),
        HttpConfig(
            (await shop.http_persona(),),
            ad_hoc_keywords=("sun",),
            batch_size=http_batch,
            http_port=box.http_port,
            https_port=box.https_port,
        ),
    )
    await shop.start(ident)
    assert await shop.finished(ident) is CampaignStatus.COMPLETED
    return len([shard for shard in await shop.shards() if shard.campaign_id == ident and shard.kind is kind])


@pytest.mark.effect("dns.batch_size")
async def test_dns_batch_size(shop: Shop, box: Sandbox) -> None:
    await shop.work()
    counts = [await shards_of(shop, box, ShardKind.DNS_VALIDATION, size, 50) for size in (1, 3, 100)]
    assert counts == [8, 3, 1]


@pytest.mark.effect("http.batch_size")
async def test_http_batch_size(shop: Shop, box: Sandbox) -> None:
    await shop.work()
    resolved = len([site for site in box.world.sites[:8] if site.fetch is not None])
    first = await shards_of(shop, box, ShardKind.HTTP_KEYWORD_VALIDATION, 100, 1)
    assert first == resolved > 1
    # The next eight names.
    assert await shards_of(shop, box, ShardKind.HTTP_KEYWORD_VALIDATION, 100, 50) == 1


async def huge(shop: Shop, box: Sandbox, **persona: object) -> tuple[int | None, bool]:
    """How much was read of a page of several MiB, and whether it was cut."""
    ident = await shop.only(
        box.world.sites.index(box.world.having(Web.HUGE)[0]),
        DnsConfig((await shop.dns_persona(box.dns),)),
        HttpConfig(
            (await shop.http_persona(request_timeout_seconds=10.0, **persona),),
            ad_hoc_keywords=("sun",),
            http_port=box.http_port,
            https_port=box.https_port,
        ),
    )
    assert await shop.finished(ident) is CampaignStatus.COMPLETED
    (domain,) = await shop.domains(ident)
    return domain.http_bytes, domain.http_truncated


@pytest.mark.effect("http_persona.max_body_bytes")
async def test_max_body_bytes(shop: Shop, box: Sandbox) -> None:
    await shop.work()
    assert await huge(shop, box, max_body_bytes=2048) == (2048, True)
    assert await huge(shop, box, max_body_bytes=4096) == (4096, True)


async def health(shop: Shop, endpoint: ProxyEndpoint) -> ProxyHealth:
    """The health of a new proxy after its first test; then it is gone again."""
    draft = ProxyDraft(
        name=shop.name(),
        protocol=endpoint.protocol,
        host=endpoint.host,
        port=endpoint.port,
        username=endpoint.username,
        password=endpoint.password,
    )
    ident = (await shop.proxies.create(shop.house.alice, draft)).value.id

    async def is_tested() -> bool:
        return (await shop.proxy_row(ident)).last_checked_at is not None

    await shop.until(is_tested)
    found = (await shop.proxy_row(ident)).health
    # Its address is free again for the next.
    await shop.proxies.delete(shop.house.alice, ident)
    return found


@pytest.mark.parametrize(
    "changes",
    [
        {"protocol": ProxyProtocol.SOCKS5},
        {"host": "127.0.0.9"},
        {"port": 9},
        {"username": "somebody"},
        {"password": "a wrong one"},
    ],
    ids=["protocol", "host", "port", "username", "password"],
)
@pytest.mark.effect("proxy.protocol", "proxy.host", "proxy.port", "proxy.username", "proxy.password")
async def test_a_proxy_is_reached_by_exactly_what_is_stored(
    shop: Shop, box: Sandbox, changes: dict[str, object]
) -> None:
    right = box.proxy("http")
    await shop.work()
    assert await health(shop, msgspec.structs.replace(right, **changes)) is ProxyHealth.UNHEALTHY
    assert await health(shop, right) is ProxyHealth.HEALTHY


class Holding:
    """Holds every shard until it is asked to stop."""

    def __init__(self) -> None:
        self.held: list[Held] = []

    async def handle(self, held: Held) -> Standing:
        self.held.append(held)
        await held.stopping.wait()
        return Standing.STOPPED


def runner(shop: Shop, handler: Holding, **settings: object) -> Runner:
    changed = shop.changed(**settings)
    made = Runner(Work(shop.database, changed), {DNS: handler}, changed, shop.database.clock)
    shop.adopt(made)
    return made


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.effect("setting.worker_shards")
async def test_worker_shards(shop: Shop, shards: int) -> None:
    await shop.generated(batch_size=1)
    handler = Holding()
    working = runner(shop, handler, worker_shards=shards)
    await working.start()
    await until(lambda: len(handler.held) == shards)
    looks = working.passes
    # While all of its slots are taken it does not look at all, even if it is woken.
    working.wake()
    await shop.control.pause(shop.house.alice, (await shop.shards())[0].campaign_id or UUID(int=0))
    assert (len(handler.held), working.passes) == (shards, looks)


@pytest.mark.effect("setting.sweep_seconds")
async def test_sweep_seconds(shop: Shop) -> None:
    """Nothing is due and nobody rings, and it looks again and again; with the default it would once in minutes."""
    working = runner(shop, Holding(), sweep_seconds=0.02)
    await working.start()
    await until(lambda: working.passes >= 4)


def work_of(house: House, **settings: Any) -> Work:
    """Shards as work, by a clock that stands still and without the spread of waits."""
    return Work(house.database, load(**settings), spread=lambda: 0.5)


def meet(house: House, shop: Shop) -> None:
    """Set the clock that stands still to the moment of the shop's, at which its shards are due."""
    house.clock.advance((shop.database.clock.now() - house.now).total_seconds())


@pytest.mark.parametrize("seconds", [5.0, 90.0])
@pytest.mark.effect("setting.lease_seconds")
async def test_lease_seconds(house: House, shop: Shop, seconds: float) -> None:
    await shop.generated(batch_size=10)
    work = work_of(house, lease_seconds=seconds)
    meet(house, shop)
    (claim,) = await work.claim("one", [DNS], 1)
    house.clock.advance(seconds - 0.1)
    assert await work.claim("another", [DNS], 1) == []
    house.clock.advance(0.2)
    assert [again.id for again in await work.claim("another", [DNS], 1)] == [claim.id]


@pytest.mark.parametrize("seconds", [2.0, 60.0])
@pytest.mark.effect("setting.shard_retry_seconds")
async def test_shard_retry_seconds(house: House, shop: Shop, seconds: float) -> None:
    await shop.generated(batch_size=10)
    work = work_of(house, shard_retry_seconds=seconds)
    meet(house, shop)
    (claim,) = await work.claim("one", [DNS], 1)
    await work.failed(claim, "broken")
    assert await work.next_due([DNS]) == house.now + timedelta(seconds=seconds)


@pytest.mark.parametrize(("attempts", "status"), [(1, CampaignStatus.FAILED), (2, CampaignStatus.RUNNING)])
@pytest.mark.effect("setting.shard_attempts")
async def test_shard_attempts(house: House, shop: Shop, attempts: int, status: CampaignStatus) -> None:
    ident = await shop.generated(batch_size=10)
    work = work_of(house, shard_attempts=attempts)
    meet(house, shop)
    (claim,) = await work.claim("one", [DNS], 1)
    await work.failed(claim, "broken")
    assert (await shop.row(ident)).status is status
