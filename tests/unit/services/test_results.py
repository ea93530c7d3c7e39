"""Results: written once, counted from the table, told now and then, and the way from phase to phase."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from core.settings import Settings
from db.models import DomainRow
from db.repositories.shards import Claim
from db.repositories.verdicts import DnsResult, HttpResult
from events.campaign_events import (
    CampaignProgress,
    CampaignStatusChanged,
    PhaseCompleted,
    PhaseCounts,
)
from events.domain_events import DomainsChanged
from events.proxy_events import ProxyHealthChanged, ProxyStatsChanged
from services import failing
from services.course import Course
from services.proxies import ProxyPatch
from services.proxy_accounts import ProxyOutcome
from services.results import Batch, Results
from services.turns import Standing
from services.work import Work
from tests import factories
from tests.fakes.house import House
from tests.fakes.shop import Shop, open_shop
from vocabulary.access import WORKER
from vocabulary.campaigns import CampaignStatus, Counts, PhaseKind, PhaseStatus
from vocabulary.checks import CheckStatus, DnsReason, DnsVerdict, HttpVerdict, KeywordHit, Zone
from vocabulary.leads import Tallies
from vocabulary.proxies import ProxyHealth
from vocabulary.work import ShardKind, ShardStatus

DNS, HTTP = PhaseKind.DNS_VALIDATION, PhaseKind.HTTP_KEYWORD_VALIDATION
PERSONA = UUID(int=1)


@pytest.fixture
async def shop(house: House) -> AsyncIterator[Shop]:
    async with open_shop(house, house.clock, Settings(proxy_strikes=3, probe_backoff_seconds=100)) as shop:
        yield shop


@pytest.fixture
def results(shop: Shop) -> Results:
    return Results(shop.database, shop.settings)


@pytest.fixture
def work(shop: Shop) -> Work:
    return Work(shop.database, shop.settings)


@pytest.fixture
async def campaign(shop: Shop) -> UUID:
    """Ten names in DNS shards of four, four and two."""
    return await shop.generated()


async def claims_of(work: Work, kind: PhaseKind, limit: int = 99) -> list[Claim]:
    return await work.claim("a", [ShardKind(kind.value)], limit)


def found(*offsets: int) -> list[DnsResult]:
    verdict = DnsVerdict(CheckStatus.OK, addresses=("192.0.2.7",), resolver="r", attempts=2, millis=7)
    return [DnsResult(offset, verdict, PERSONA) for offset in offsets]


def missing(*offsets: int) -> list[DnsResult]:
    return [DnsResult(o, DnsVerdict(CheckStatus.ERROR, DnsReason.NXDOMAIN), PERSONA) for o in offsets]


def page(offset: int, **fields: object) -> HttpResult:
    return HttpResult(offset, HttpVerdict(CheckStatus.OK, status_code=200, **fields), PERSONA)  # type: ignore[arg-type]


async def counts(shop: Shop, campaign: UUID, kind: PhaseKind = DNS) -> Counts:
    row = await shop.phase(campaign, kind)
    return Counts(row.total, row.processed, row.succeeded, row.failed)


async def resolve_all(results: Results, work: Work, resolved: Sequence[int]) -> None:
    """Finish the DNS phase: the given offsets resolve, the others do not."""
    for claim in await claims_of(work, DNS):
        batch = [*found(*(o for o in claim.within if o in resolved))]
        batch += missing(*(o for o in claim.within if o not in resolved))
        await results.flush(claim, Batch(batch))


async def test_a_result_is_stored_in_full(shop: Shop, results: Results, work: Work, campaign: UUID) -> None:
    (claim, *_) = await claims_of(work, DNS)
    await results.flush(claim, Batch([*found(1), *missing(2)]))
    (one, two) = (await shop.domains(campaign))[1:3]
    assert (one.dns_status, one.dns_reason, one.dns_addresses) == (CheckStatus.OK, None, ("192.0.2.7",))
    assert (one.dns_resolver, one.dns_attempts, one.dns_millis) == ("r", 2, 7)
    assert (one.dns_persona_id, one.dns_checked_at) == (PERSONA, shop.house.now)
    assert (two.dns_status, two.dns_reason, two.dns_addresses) == (CheckStatus.ERROR, DnsReason.NXDOMAIN, ())


async def test_the_same_batch_twice_counts_once(
    shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    (claim, *_) = await claims_of(work, DNS)
    batch = Batch([*found(0, 1), *missing(2)])
    await results.flush(claim, batch)
    await results.flush(claim, batch)
    assert await counts(shop, campaign) == Counts(total=10, processed=3, succeeded=2, failed=1)


async def test_a_result_never_replaces_another(
    shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    (claim, *_) = await claims_of(work, DNS)
    await results.flush(claim, Batch(found(0)))
    await results.flush(claim, Batch(missing(0)))
    assert (await shop.domains(campaign))[0].dns_status is CheckStatus.OK
    assert await counts(shop, campaign) == Counts(total=10, processed=1, succeeded=1)


async def test_a_shard_is_done_when_nothing_of_it_is_left(
    shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    (claim, *_) = await claims_of(work, DNS)
    assert (await results.flush(claim, Batch(found(0, 1, 2)))).standing is Standing.GOING_ON
    assert (await results.flush(claim, Batch(found(3)))).standing is Standing.DONE
    (row,) = [shard for shard in await shop.shards() if shard.id == claim.id]
    assert (row.status, row.processed, row.succeeded, row.failed) == (ShardStatus.DONE, 4, 4, 0)
    assert (await shop.phase(campaign, DNS)).open_shards == 2


async def test_an_empty_batch_finishes_a_shard_that_has_nothing_left(
    shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    """Whoever follows a worker that was killed right before the end of a shard has nothing to write."""
    claims = await claims_of(work, DNS)
    await shop.control.pause(shop.house.alice, campaign)
    assert (await results.flush(claims[0], Batch(found(0, 1, 2, 3)))).standing is Standing.STOPPED
    await work.release(claims)
    await shop.control.resume(shop.house.alice, campaign)
    (again,) = await claims_of(work, DNS, 1)
    assert again.within == range(4)
    assert (await results.flush(again, Batch())).standing is Standing.DONE


async def test_the_last_shard_completes_the_phase_beside_the_next(
    house: House, shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    house.clock.advance(60)
    claims = await claims_of(work, DNS)
    for claim in claims[:-1]:
        await results.flush(claim, Batch(found(*claim.within)))
    before = await house.head()
    await results.flush(claims[-1], Batch(missing(8, 9)))
    events = await house.events(before)
    full = Counts(total=10, processed=10, succeeded=8, failed=2)
    assert [type(event) for event in events] == [DomainsChanged, CampaignProgress, PhaseCompleted]
    assert events[1:] == [
        CampaignProgress(
            campaign_id=campaign,
            phase=DNS,
            counts=full,
            rate_per_minute=10.0,
            eta_at=house.now,
            running=(PhaseCounts(phase=HTTP, counts=Counts(total=8)),),
            percent=33.33,
            tallies=Tallies(dns_error=2),
        ),
        PhaseCompleted(campaign_id=campaign, phase=DNS, counts=full),
    ]
    assert [claim.within for claim in await claims_of(work, HTTP)] == [range(4), range(4, 8)]


async def test_http_shards_hold_only_what_resolved(
    house: House, shop: Shop, results: Results, work: Work
) -> None:
    """Each DNS shard hands over what resolved of it, cut by the batch size of the fetches."""
    campaign = await shop.generated(batch_size=4)
    await resolve_all(results, work, resolved=[1, 3, 6, 8])
    claims = await claims_of(work, HTTP)
    assert [claim.within for claim in claims] == [range(1, 4), range(6, 7), range(8, 9)]
    assert (await results.flush(claims[0], Batch([page(1), page(2)]))).standing is Standing.GOING_ON
    rows = await shop.domains(campaign)
    assert rows[2].http_status is CheckStatus.PENDING
    assert await counts(shop, campaign, HTTP) == Counts(total=4, processed=1, succeeded=1)


async def test_nothing_resolved_completes_the_campaign(
    house: House, shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    await resolve_all(results, work, resolved=[])
    assert (await shop.phase(campaign, HTTP)).status is PhaseStatus.COMPLETED
    row = await shop.row(campaign)
    assert (row.status, row.completed_at) == (CampaignStatus.COMPLETED, house.now)
    assert isinstance((await house.events())[-1], CampaignStatusChanged)


async def test_a_page_is_stored_in_full_and_without_what_no_database_takes(
    shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    await resolve_all(results, work, resolved=[5])
    (claim,) = await claims_of(work, HTTP)
    hit = KeywordHit("sun", Zone.TITLE, 2)
    fields = {"title": "a\0b\ud800", "hits": (hit,), "bytes_read": 9, "truncated": True, "charset": "utf-8"}
    await results.flush(claim, Batch([page(5, **fields)]))
    row = (await shop.domains(campaign))[5]
    assert (row.http_status, row.http_status_code, row.http_title) == (CheckStatus.OK, 200, "ab?")
    assert (row.matched, row.hits, row.http_bytes, row.http_truncated) == (True, (hit,), 9, True)
    assert (row.keywords_unique, row.checked_at) == (1, shop.house.now)
    assert (await shop.phase(campaign, HTTP)).status is PhaseStatus.COMPLETED


async def test_progress_is_told_at_most_four_times_a_second(
    house: House, results: Results, work: Work, campaign: UUID
) -> None:
    (claim, *_) = await claims_of(work, DNS)
    house.clock.advance(1)
    before = await house.head()
    assert not (await results.flush(claim, Batch(found(0)))).owes_progress
    assert (await results.flush(claim, Batch(found(1)))).owes_progress
    house.clock.advance(0.249)
    assert (await results.flush(claim, Batch())).owes_progress
    house.clock.advance(0.001)
    assert not (await results.flush(claim, Batch())).owes_progress
    told = await house.events(before)
    assert [event.counts.processed for event in told if isinstance(event, CampaignProgress)] == [1, 2]
    assert sum(isinstance(event, DomainsChanged) for event in told) == len(told) - 2 == 2


async def test_the_rate_is_measured_and_never_invented(
    house: House, results: Results, work: Work, campaign: UUID
) -> None:
    (claim, *_) = await claims_of(work, DNS)
    house.clock.advance(30)
    before, now = await house.head(), house.now
    await results.flush(claim, Batch(found(0, 1)))
    (_, event) = await house.events(before)
    assert isinstance(event, CampaignProgress)
    assert (event.rate_per_minute, event.eta_at) == (4.0, now + timedelta(minutes=2))


async def last_progress(house: House) -> CampaignProgress:
    return [event for event in await house.events() if isinstance(event, CampaignProgress)][-1]


async def test_a_pause_and_the_time_before_a_retry_count_for_no_rate(
    house: House, shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    """Four a minute before, during and after a night's pause and after a retry; only what runs has an end."""
    (claim, *_) = await claims_of(work, DNS)
    house.clock.advance(30)
    await results.flush(claim, Batch(found(0, 1)))
    await shop.control.pause(house.alice, campaign)
    paused = await last_progress(house)
    assert (paused.rate_per_minute, paused.eta_at) == (4.0, None)
    house.clock.advance(8 * 3600)
    await work.release([claim])
    await shop.control.resume(house.alice, campaign)
    (claim, *_) = await claims_of(work, DNS)
    house.clock.advance(15)
    await results.flush(claim, Batch(found(2)))
    resumed = await last_progress(house)
    assert (resumed.rate_per_minute, resumed.eta_at) == (4.0, house.now + timedelta(seconds=105))

    await fail(shop, campaign)
    house.clock.advance(8 * 3600)
    failed = await last_progress(house)
    assert (failed.rate_per_minute, failed.eta_at) == (4.0, None)
    await work.release([claim])
    await shop.control.retry_phase(house.alice, campaign, DNS)
    (claim, *_) = await claims_of(work, DNS)
    house.clock.advance(15)
    await results.flush(claim, Batch(found(3)))
    retried = await last_progress(house)
    assert (retried.rate_per_minute, retried.eta_at) == (4.0, house.now + timedelta(seconds=90))


async def fail(shop: Shop, ident: UUID) -> None:
    async with shop.database.write() as unit:
        course = await Course.take(unit, ident, WORKER)
        assert course is not None
        failing.fail(course, course.phases[DNS], "NO_LUCK", "it rained")


async def test_what_was_under_way_when_a_pause_came_is_written_and_told(
    house: House, shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    (claim, *_) = await claims_of(work, DNS)
    await shop.control.pause(house.alice, campaign)
    before = await house.head()
    assert (await results.flush(claim, Batch(found(0)))).standing is Standing.STOPPED
    (_, event) = await house.events(before)
    assert isinstance(event, CampaignProgress)
    assert event.counts == Counts(total=10, processed=1, succeeded=1)


async def test_after_the_end_nothing_is_written(
    house: House, shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    (claim, *_) = await claims_of(work, DNS)
    await shop.control.cancel(house.alice, campaign)
    before = await house.head()
    assert (await results.flush(claim, Batch(found(0)))).standing is Standing.STOPPED
    assert await house.head() == before
    assert (await shop.domains(campaign))[0].dns_status is CheckStatus.PENDING


async def proxy(shop: Shop) -> UUID:
    written = await shop.proxies.create(shop.house.alice, factories.proxy(name=shop.name()))
    return written.value.id


def strike(proxy_id: UUID) -> ProxyOutcome:
    return ProxyOutcome(proxy_id, "refused")


async def test_outcomes_move_a_proxys_counts_in_order(
    house: House, shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    ident = await proxy(shop)
    (claim, *_) = await claims_of(work, DNS)
    before = await house.head()
    outcomes = [strike(ident), strike(ident), ProxyOutcome(ident), strike(ident)]
    await results.flush(claim, Batch(found(0), outcomes))
    row = await shop.proxy_row(ident)
    assert (row.success_count, row.failure_count, row.consecutive_failures) == (1, 3, 1)
    assert (row.health, row.last_error) == (ProxyHealth.UNKNOWN, "refused")
    assert sum(isinstance(event, ProxyStatsChanged) for event in await house.events(before)) == 1


async def test_three_strikes_make_a_proxy_unhealthy_and_arrange_its_probe(
    house: House, shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    ident = await proxy(shop)
    (probe,) = await work.claim("prober", [ShardKind.PROXY_PROBE], 1)
    (claim, *_) = await claims_of(work, DNS)
    await results.flush(claim, Batch(found(0), [strike(ident)] * 2))
    assert (await shop.proxy_row(ident)).health is ProxyHealth.UNKNOWN
    before = await house.head()
    await results.flush(claim, Batch(found(1), [strike(ident)]))
    (changed,) = [e for e in await house.events(before) if isinstance(e, ProxyHealthChanged)]
    assert (changed.previous, changed.proxy.health) == (ProxyHealth.UNKNOWN, ProxyHealth.UNHEALTHY)
    # The probe that is under way already stays; its result decides.
    (row,) = [shard for shard in await shop.shards() if shard.id == probe.id]
    assert (row.status, row.holder) == (ShardStatus.LEASED, "prober")


async def test_strikes_during_a_test_that_was_asked_for_wait_for_its_verdict(
    house: House, shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    """They count, and one success of the test outweighs them."""
    ident = await proxy(shop)
    await shop.proxies.test(house.alice, ident)
    (claim, *_) = await claims_of(work, DNS)
    before = await house.head()
    await results.flush(claim, Batch(found(0), [strike(ident)] * 4))
    row = await shop.proxy_row(ident)
    assert (row.health, row.consecutive_failures) == (ProxyHealth.TESTING, 4)
    assert not any(isinstance(event, ProxyHealthChanged) for event in await house.events(before))


async def test_one_that_was_disabled_meanwhile_strikes_out_without_a_probe(
    house: House, shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    """A disabled proxy has no shard of work; the results that are under way must not make it one."""
    ident = await proxy(shop)
    (claim, *_) = await claims_of(work, DNS)
    await shop.proxies.update(house.alice, ident, ProxyPatch(enabled=False))
    await results.flush(claim, Batch(found(0), [strike(ident)] * 3))
    assert (await shop.proxy_row(ident)).health is ProxyHealth.UNHEALTHY
    assert [shard.kind for shard in await shop.shards() if shard.proxy_id] == []


async def test_the_strikes_of_a_batch_that_was_committed_before_do_not_count_again(
    shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    ident = await proxy(shop)
    (claim, *_) = await claims_of(work, DNS)
    batch = Batch(found(0), [strike(ident)])
    await results.flush(claim, batch)
    await results.flush(claim, batch)
    assert (await shop.proxy_row(ident)).consecutive_failures == 1


async def test_counts_equal_the_table_after_any_order_of_batches(
    shop: Shop, results: Results, work: Work, campaign: UUID
) -> None:
    (one, two, three) = await claims_of(work, DNS)
    for claim, batch in [
        (two, found(5)), (one, missing(0, 3)), (two, missing(4, 5)), (three, found(8)), (one, found(0, 1)),
    ]:  # fmt: skip
        await results.flush(claim, Batch(batch))
    rows = await shop.domains(campaign)
    assert await counts(shop, campaign) == from_table(rows) == Counts(10, 6, 3, 3)


def from_table(rows: Sequence[DomainRow]) -> Counts:
    processed = [row for row in rows if row.dns_status is not CheckStatus.PENDING]
    good = sum(row.dns_status is CheckStatus.OK for row in processed)
    return Counts(len(rows), len(processed), good, len(processed) - good)
