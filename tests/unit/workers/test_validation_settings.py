"""Every setting of a phase, a persona and an installation that a worker reads changes what the worker does.

What personas do inside one probe is tested in `tests/unit/probes`; here, that a persona gets there at all.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from db.models import DomainRow
from sandbox.behaviours import Dns, Web
from sandbox.sandbox import Sandbox
from services.keyword_sets import KeywordSetPatch
from services.personas import PersonaPatch
from tests.fakes.shop import Shop, demo_generation
from vocabulary.campaigns import CampaignStatus, DnsConfig, HttpConfig, PhaseKind
from vocabulary.checks import CheckStatus, DnsReason, HttpReason
from vocabulary.work import ShardKind
from workers.held import NO_USABLE_PERSONA

# Nothing listens on the discard port of loopback, and the kernel says so at once.
DEAF = "127.0.0.1:9"


def offset_of(box: Sandbox, behaviour: Web | Dns) -> int:
    return box.world.sites.index(box.world.having(behaviour)[0])


class Campaigner:
    """Runs campaigns of one name, all alike but for what a test changes."""

    def __init__(self, shop: Shop, box: Sandbox) -> None:
        self.shop, self.box = shop, box

    async def dns(self, **changes: Any) -> DnsConfig:
        personas = changes.pop("persona_ids", None) or (await self.shop.dns_persona(self.box.dns),)
        return DnsConfig(persona_ids=tuple(personas), **{"retry_attempts": 0, **changes})

    async def http(self, **changes: Any) -> HttpConfig:
        personas = changes.pop("persona_ids", None) or (await self.shop.http_persona(),)
        options = {
            "ad_hoc_keywords": ("sun",),
            "retry_attempts": 0,
            "http_port": self.box.http_port,
            "https_port": self.box.https_port,
        }
        return HttpConfig(persona_ids=tuple(personas), **{**options, **changes})

    async def start(
        self, behaviour: Web | Dns, dns: DnsConfig | None = None, http: HttpConfig | None = None
    ) -> UUID:
        offset = offset_of(self.box, behaviour)
        return await self.shop.only(offset, dns or await self.dns(), http or await self.http())

    async def run(
        self, behaviour: Web | Dns, dns: DnsConfig | None = None, http: HttpConfig | None = None
    ) -> DomainRow:
        ident = await self.start(behaviour, dns, http)
        assert await self.shop.finished(ident) is CampaignStatus.COMPLETED
        (domain,) = await self.shop.domains(ident)
        return domain

    async def took(
        self, behaviour: Web | Dns, dns: DnsConfig | None = None, http: HttpConfig | None = None
    ) -> float:
        """Seconds that a campaign of one name takes."""
        dns, http = dns or await self.dns(), http or await self.http()
        started = asyncio.get_running_loop().time()
        await self.run(behaviour, dns, http)
        return asyncio.get_running_loop().time() - started

    @staticmethod
    def spread(moments: Sequence[datetime | None]) -> float:
        """Seconds between the first and the last of these."""
        known = [moment for moment in moments if moment is not None]
        return (max(known) - min(known)).total_seconds()

    async def failure(self, ident: UUID, kind: PhaseKind) -> str | None:
        assert await self.shop.finished(ident) is CampaignStatus.FAILED
        return (await self.shop.phase(ident, kind)).error_code


@pytest.fixture
async def at(shop: Shop, box: Sandbox) -> Campaigner:
    await shop.work()
    return Campaigner(shop, box)


@pytest.mark.effect("dns.retry_attempts")
@pytest.mark.parametrize(("retries", "tries"), [(0, 1), (2, 3)])
async def test_dns_retry_attempts(at: Campaigner, retries: int, tries: int) -> None:
    persona = await at.shop.dns_persona(at.box.dns, attempts=1)
    domain = await at.run(Dns.SERVFAIL, await at.dns(persona_ids=[persona], retry_attempts=retries))
    assert (domain.dns_reason, domain.dns_attempts) == (DnsReason.SERVFAIL, tries)


async def test_a_name_that_does_not_exist_is_not_asked_again(at: Campaigner) -> None:
    domain = await at.run(Dns.NXDOMAIN, await at.dns(retry_attempts=5))
    assert (domain.dns_reason, domain.dns_attempts) == (DnsReason.NXDOMAIN, 1)


@pytest.mark.effect("dns.persona_ids", "dns_persona.resolvers")
async def test_dns_personas_are_tried_in_order(at: Campaigner) -> None:
    deaf = await at.shop.dns_persona(DEAF, attempts=1)
    good = await at.shop.dns_persona(at.box.dns, attempts=1)
    domain = await at.run(Web.PLAIN, await at.dns(persona_ids=[deaf, good]))
    assert (domain.dns_status, domain.dns_persona_id, domain.dns_attempts) == (CheckStatus.OK, good, 2)
    domain = await at.run(Web.PLAIN, await at.dns(persona_ids=[good, deaf]))
    assert (domain.dns_status, domain.dns_persona_id, domain.dns_attempts) == (CheckStatus.OK, good, 1)


async def test_an_answer_about_the_name_outweighs_a_later_failure(at: Campaigner) -> None:
    good = await at.shop.dns_persona(at.box.dns, attempts=1)
    deaf = await at.shop.dns_persona(DEAF, attempts=1)
    domain = await at.run(Dns.NODATA, await at.dns(persona_ids=[good, deaf], retry_attempts=3))
    assert (domain.dns_reason, domain.dns_persona_id, domain.dns_attempts) == (DnsReason.NODATA, good, 2)


async def test_of_answers_about_the_name_the_first_is_the_verdict(at: Campaigner) -> None:
    first, second = [await at.shop.dns_persona(at.box.dns, attempts=1) for _ in range(2)]
    domain = await at.run(Dns.NXDOMAIN, await at.dns(persona_ids=[first, second]))
    assert (domain.dns_reason, domain.dns_persona_id, domain.dns_attempts) == (DnsReason.NXDOMAIN, first, 2)


async def disable(shop: Shop, persona: UUID) -> None:
    await shop.personas.update(shop.house.alice, persona, PersonaPatch(enabled=False))


@pytest.mark.effect("persona.enabled")
async def test_a_disabled_dns_persona_is_passed_over(shop: Shop, box: Sandbox) -> None:
    at = Campaigner(shop, box)
    first, second = await shop.dns_persona(box.dns), await shop.dns_persona(box.dns)
    ident = await at.start(Web.PLAIN, await at.dns(persona_ids=[first, second]))
    await disable(shop, first)
    await shop.work()
    await shop.finished(ident)
    (domain,) = await shop.domains(ident)
    assert domain.dns_persona_id == second


async def test_without_a_usable_dns_persona_the_phase_fails(shop: Shop, box: Sandbox) -> None:
    at = Campaigner(shop, box)
    persona = await shop.dns_persona(box.dns)
    ident = await at.start(Web.PLAIN, await at.dns(persona_ids=[persona]))
    await disable(shop, persona)
    await shop.work()
    assert await at.failure(ident, PhaseKind.DNS_VALIDATION) == NO_USABLE_PERSONA


@pytest.mark.effect("persona.enabled")
async def test_without_a_usable_http_persona_the_phase_fails(shop: Shop, box: Sandbox) -> None:
    at = Campaigner(shop, box)
    persona = await shop.http_persona()
    ident = await at.start(Web.PLAIN, http=await at.http(persona_ids=[persona]))
    await disable(shop, persona)
    await shop.work()
    assert await at.failure(ident, PhaseKind.HTTP_KEYWORD_VALIDATION) == NO_USABLE_PERSONA


@pytest.mark.effect("http.retry_attempts")
@pytest.mark.parametrize(("retries", "tries"), [(0, 1), (2, 3)])
async def test_http_retry_attempts(at: Campaigner, retries: int, tries: int) -> None:
    domain = await at.run(Web.RESET, http=await at.http(retry_attempts=retries))
    assert (domain.http_reason, domain.http_attempts) == (HttpReason.CONNECTION_RESET, tries)


async def test_an_answer_is_not_fetched_again(at: Campaigner) -> None:
    domain = await at.run(Web.STATUS_404, http=await at.http(retry_attempts=5))
    assert (domain.http_reason, domain.http_attempts) == (HttpReason.NOT_FOUND, 1)


@pytest.mark.effect("http.persona_ids", "http_persona.allowed_status_codes")
async def test_http_personas_are_tried_in_order(at: Campaigner) -> None:
    strict = await at.shop.http_persona(allowed_status_codes=(204,))
    lenient = await at.shop.http_persona()
    domain = await at.run(Web.PLAIN, http=await at.http(persona_ids=[strict, lenient]))
    assert (domain.http_status, domain.http_persona_id, domain.http_attempts) == (CheckStatus.OK, lenient, 2)
    domain = await at.run(Web.PLAIN, http=await at.http(persona_ids=[lenient, strict]))
    assert (domain.http_status, domain.http_persona_id, domain.http_attempts) == (CheckStatus.OK, lenient, 1)


@pytest.mark.effect("http.http_port", "http.https_port")
async def test_the_ports_of_both_schemes(at: Campaigner) -> None:
    domain = await at.run(Web.PLAIN)
    assert domain.http_final_url == f"https://{domain.name}:{at.box.https_port}/"
    domain = await at.run(Web.PLAIN, http=await at.http(https_port=9))
    assert domain.http_final_url == f"http://{domain.name}:{at.box.http_port}/"
    domain = await at.run(Web.PLAIN, http=await at.http(https_port=9, http_port=9))
    assert domain.http_reason is HttpReason.CONNECTION_REFUSED


async def test_a_redirects_host_is_looked_up_by_the_dns_personas(at: Campaigner) -> None:
    domain = await at.run(Web.REDIRECT_HOST)
    assert (domain.http_status, domain.http_reason) == (CheckStatus.OK, None)


@pytest.mark.effect("http.ad_hoc_keywords")
async def test_ad_hoc_keywords(at: Campaigner) -> None:
    domain = await at.run(Web.AD_HOC, http=await at.http(ad_hoc_keywords=("HEAT pump",)))
    assert (domain.matched, {hit.pattern for hit in domain.hits}) == (True, {"HEAT pump"})
    domain = await at.run(Web.AD_HOC, http=await at.http(ad_hoc_keywords=("heat bump",)))
    assert (domain.matched, domain.hits) == (False, ())


@pytest.mark.effect("http.keyword_set_ids")
async def test_keyword_sets_and_whether_they_are_enabled(at: Campaigner) -> None:
    solar, contact = await at.shop.demo_keyword_sets()
    domain = await at.run(Web.PHONE, http=await at.http(keyword_set_ids=(solar, contact)))
    assert domain.matched
    domain = await at.run(Web.PHONE, http=await at.http(keyword_set_ids=(solar,)))
    assert not domain.matched


@pytest.mark.effect("keyword_set.enabled")
async def test_a_set_that_is_disabled_after_the_start_does_not_count(shop: Shop, box: Sandbox) -> None:
    at = Campaigner(shop, box)
    _, contact = await shop.demo_keyword_sets()
    ident = await at.start(Web.PHONE, http=await at.http(keyword_set_ids=(contact,)))
    await shop.keyword_sets.update(shop.house.alice, contact, KeywordSetPatch(enabled=False))
    await shop.work()
    await shop.finished(ident)
    assert [domain.matched for domain in await shop.domains(ident)] == [False]


@pytest.mark.effect("dns_persona.rate_per_second")
async def test_a_personas_rate_holds_across_shards(at: Campaigner) -> None:
    """Eight names in eight shards, four of them at a time: still no more than one each 50 ms."""
    persona = await at.shop.dns_persona(at.box.dns, rate_per_second=20.0, burst=1)
    config = await at.dns(persona_ids=[persona], batch_size=1)
    ident = await at.shop.campaign(demo_generation(8), config, await at.http())
    started = asyncio.get_running_loop().time()
    await at.shop.start(ident)

    async def is_resolved() -> bool:
        return (await at.shop.phase(ident, PhaseKind.DNS_VALIDATION)).processed == 8

    await at.shop.until(is_resolved)
    assert asyncio.get_running_loop().time() - started >= 7 / 20


@pytest.mark.effect("dns.rotation_interval_seconds")
async def test_dns_personas_rotate_at_an_interval(at: Campaigner) -> None:
    """Two personas in two rounds are three changes of persona."""
    personas = [await at.shop.dns_persona(at.box.dns, attempts=1) for _ in range(2)]
    config = await at.dns(persona_ids=personas, retry_attempts=1, rotation_interval_seconds=0.15)
    assert (await at.took(Dns.SERVFAIL, dns=config)) >= 0.45
    # One that is asked again is no other.
    alone = await at.dns(persona_ids=personas[:1], retry_attempts=3, rotation_interval_seconds=30)
    assert (await at.took(Dns.SERVFAIL, dns=alone)) < 15


@pytest.mark.effect("http.rotation_interval_seconds")
async def test_http_personas_rotate_at_an_interval(at: Campaigner) -> None:
    personas = [await at.shop.http_persona() for _ in range(3)]
    config = await at.http(persona_ids=personas, rotation_interval_seconds=0.2)
    assert (await at.took(Web.STATUS_404, http=config)) >= 0.4
    alone = await at.http(persona_ids=personas[:1], retry_attempts=3, rotation_interval_seconds=30)
    assert (await at.took(Web.RESET, http=alone)) < 15


@pytest.mark.effect("dns.speed_per_minute")
@pytest.mark.parametrize("names_per_shard", [8, 2, 1])
async def test_dns_speed_per_minute(at: Campaigner, names_per_shard: int) -> None:
    """Eight names at ten a second: seven tenths lie between the first and the last, in however many shards."""
    dns = await at.dns(speed_per_minute=600, batch_size=names_per_shard)
    ident = await at.shop.campaign(demo_generation(8), dns, await at.http())
    await at.shop.start(ident)
    await at.shop.finished(ident)
    found = [domain.dns_checked_at for domain in await at.shop.domains(ident)]
    assert at.spread(found) >= 0.6


@pytest.mark.effect("http.speed_per_minute")
async def test_http_speed_per_minute(at: Campaigner) -> None:
    """What lies between the first and the last domain grows with their number when the phase is paced."""
    ident = await at.shop.campaign(demo_generation(12), await at.dns(), await at.http(speed_per_minute=600))
    await at.shop.start(ident)
    await at.shop.finished(ident)
    found = [domain.http_checked_at for domain in await at.shop.domains(ident) if domain.http_checked_at]
    assert len(found) > 6
    assert at.spread(found) >= (len(found) - 1) / 10 - 0.2


async def test_who_waits_for_its_turn_goes_home_when_the_campaign_is_paused(shop: Shop, box: Sandbox) -> None:
    """A name begins each three seconds. The next write after a pause sends the six that wait home."""
    runner = await shop.work()
    at = Campaigner(shop, box)
    ident = await shop.campaign(demo_generation(8), await at.dns(speed_per_minute=20), await at.http())
    await shop.start(ident)

    async def has_begun() -> bool:
        return (await shop.phase(ident, PhaseKind.DNS_VALIDATION)).processed > 0

    async def is_quiet() -> bool:
        return not any(claim.kind is ShardKind.DNS_VALIDATION for claim in runner.held)

    await shop.until(has_begun)
    await shop.control.pause(shop.house.alice, ident)
    await shop.until(is_quiet, 15)
    assert (await shop.phase(ident, PhaseKind.DNS_VALIDATION)).processed < 5


@pytest.mark.effect("setting.allowed_networks")
async def test_allowed_networks(shop: Shop, box: Sandbox) -> None:
    """Without leave, a worker asks no resolver of a private network."""
    at = Campaigner(shop, box)
    await shop.work(allowed_networks=[])
    ident = await at.start(Web.PLAIN)
    assert await at.failure(ident, PhaseKind.DNS_VALIDATION) == NO_USABLE_PERSONA


@pytest.mark.effect("setting.allowed_ports")
async def test_allowed_ports(shop: Shop, box: Sandbox) -> None:
    await shop.work(allowed_ports="80,443")
    domain = await Campaigner(shop, box).run(Web.PLAIN)
    assert domain.http_reason is HttpReason.BLOCKED_ADDRESS


@pytest.mark.effect("setting.allowed_resolver_ports")
async def test_allowed_resolver_ports(shop: Shop, box: Sandbox) -> None:
    at = Campaigner(shop, box)
    await shop.work(allowed_resolver_ports="53")
    ident = await at.start(Web.PLAIN)
    assert await at.failure(ident, PhaseKind.DNS_VALIDATION) == NO_USABLE_PERSONA


@pytest.mark.effect("setting.ca_file")
async def test_ca_file(shop: Shop, box: Sandbox) -> None:
    await shop.work(ca_file=None)
    at = Campaigner(shop, box)
    domain = await at.run(Web.PLAIN, http=await at.http(http_port=9))
    assert domain.http_reason is HttpReason.TLS_ERROR


@pytest.mark.effect("setting.flush_seconds")
@pytest.mark.parametrize(("seconds", "is_early"), [(0.01, True), (10.0, False)])
async def test_flush_seconds(shop: Shop, box: Sandbox, seconds: float, is_early: bool) -> None:
    """A silent name holds its shard for a while; are the quick ones beside it written before?"""
    await shop.work(flush_seconds=seconds)
    at = Campaigner(shop, box)
    names = offset_of(box, Dns.SILENT) + 1
    persona = await shop.dns_persona(box.dns, attempts=1)
    ident = await shop.campaign(demo_generation(names), await at.dns(persona_ids=[persona]), await at.http())
    seen: set[int] = set()
    await shop.start(ident)

    async def is_over() -> bool:
        row = await shop.phase(ident, PhaseKind.DNS_VALIDATION)
        seen.add(row.processed)
        return row.total > 0 and row.processed == row.total

    await shop.until(is_over)
    assert bool(seen - {0, names}) is is_early
