"""A campaign from its first name to its last lead, held to what the sandbox says of itself."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

from sqlalchemy import select

from db.models import AnalysisConfigRow, DomainRow, TalliesRow
from events.campaign_events import (
    CampaignProgress,
    CampaignStatusChanged,
    PhaseAutoStarted,
    PhaseCompleted,
    PhaseEventType,
    PhaseStarted,
)
from leads.buckets import bucket_of
from leads.gate import decide
from leads.parking import judge
from leads.scoring import score
from sandbox.behaviours import Web
from sandbox.keywords import AD_HOC_KEYWORD
from sandbox.sandbox import Sandbox
from sandbox.world import Site, rejections
from tests.fakes.shop import Shop, counted, demo_generation
from vocabulary.campaigns import CampaignStatus, Counts, DnsConfig, HttpConfig, PhaseKind
from vocabulary.checks import CheckStatus
from vocabulary.leads import PageWarning, ParkedSignal, Rejection, ScoringConfig, Tallies

COUNT = 120


async def demo_campaign(shop: Shop, box: Sandbox, count: int) -> UUID:
    return await shop.campaign(
        demo_generation(count),
        DnsConfig((await shop.dns_persona(box.dns),), batch_size=17),
        HttpConfig(
            # Whatever else the machine has to do, only what never answers shall be too late.
            (await shop.http_persona(request_timeout_seconds=4.0),),
            keyword_set_ids=await shop.demo_keyword_sets(),
            ad_hoc_keywords=(AD_HOC_KEYWORD,),
            batch_size=13,
            http_port=box.http_port,
            https_port=box.https_port,
        ),
    )


async def finished(shop: Shop, box: Sandbox, count: int) -> tuple[UUID, Sequence[tuple[Site, DomainRow]]]:
    """A campaign over the first names that is through, and its domains beside the sandbox's own word on each."""
    ident = await demo_campaign(shop, box, count)
    await shop.start(ident)
    await shop.work()
    assert await shop.finished(ident, 60) is CampaignStatus.COMPLETED
    domains, sites = await shop.domains(ident), box.world.sites[:count]
    assert [domain.name for domain in domains] == [site.name for site in sites]
    return ident, list(zip(sites, domains, strict=True))


async def test_every_count_is_the_sandboxs_own(shop: Shop, box: Sandbox) -> None:
    ident, both = await finished(shop, box, COUNT)
    truth = box.world.totals(site.name for site, _ in both)
    domains = [domain for _, domain in both]
    dns, http = counted(domains)
    assert dns == Counter(truth.dns)
    assert http == Counter(truth.http)
    assert sum(domain.matched for domain in domains) == truth.matched
    found = Counter(pattern for domain in domains for pattern in {hit.pattern for hit in domain.hits})
    assert found == Counter(truth.patterns)
    assert Counter(domain.rejection for domain in domains) == Counter(truth.rejections)

    counts = {kind: (await shop.phase(ident, kind)) for kind in PhaseKind}
    accepted = sum(number for (status, _), number in http.items() if status == "OK")
    assert [(row.total, row.processed, row.succeeded, row.failed) for row in counts.values()] == [
        (COUNT, COUNT, COUNT, 0),
        (COUNT, COUNT, truth.resolved, COUNT - truth.resolved),
        (truth.resolved, truth.resolved, accepted, truth.resolved - accepted),
        *[(accepted, accepted, accepted, 0)] * 3,
    ]


async def test_each_name_becomes_what_the_sandbox_says(shop: Shop, box: Sandbox) -> None:
    """All 400 of them, so that each kind of page is met; and the tallies are the sums of the rows."""
    ident, both = await finished(shop, box, 400)
    expected = rejections([site for site, _ in both])
    wrong = [
        (site.name, site.web, rejection, domain.rejection, domain.lead_reason)
        for (site, domain), rejection in zip(both, expected, strict=True)
        if rejection is not domain.rejection
    ]
    assert wrong == []
    for site, domain in both:
        assert domain.lead_status is site.lead_status, site
        assert domain.is_parked == (site.rejection is Rejection.PARKED), site
        assert (domain.score >= 0.80) == site.is_high_potential, site
    async with shop.database.engines.reading() as session:
        row = await session.get_one(TalliesRow, ident)
        told = Tallies(**{name: getattr(row, name) for name in Tallies.__struct_fields__})
    truth = box.world.totals()
    assert told == Tallies(
        **{rejection.lower(): number for rejection, number in truth.rejections.items()},
        keyword_hits=truth.matched,
        high_potential=truth.high_potential,
    )
    assert told.analyzed == 400
    assert_evidence(both)


def assert_evidence(both: Sequence[tuple[Site, DomainRow]]) -> None:
    """Each kind of parked page is known by its own sign."""
    signs = {
        Web.PARKED: ParkedSignal.FOR_SALE_TEXT,
        Web.SALE_TITLE: ParkedSignal.FOR_SALE_TITLE,
        Web.MARKET: ParkedSignal.MARKETPLACE_REDIRECT,
        Web.LANDER: ParkedSignal.SHARED_CONTENT,
        Web.LINK_FARM: ParkedSignal.LINK_FARM,
        Web.PARKING_ALIAS: ParkedSignal.PARKING_NETWORK,
        Web.COMING_SOON: ParkedSignal.COMING_SOON,
    }
    for site, domain in both:
        if site.web in signs:
            assert domain.parked is not None
            assert signs[site.web] in {each.signal for each in domain.parked.evidence}, site
        if site.web in {Web.STUFFED, Web.RICH}:
            assert domain.features is not None
            assert (PageWarning.STUFFING in domain.features.warnings) == domain.has_warnings, site
            assert domain.has_warnings == (site.web is Web.STUFFED), site


async def test_what_is_stored_is_what_the_pure_functions_make_of_the_stored_features(
    shop: Shop, box: Sandbox
) -> None:
    ident, both = await finished(shop, box, COUNT)
    async with shop.database.engines.reading() as session:
        wanted = select(AnalysisConfigRow).where(AnalysisConfigRow.campaign_id == ident)
        pinned = (await session.execute(wanted)).scalar_one()
    assert (pinned.profile_version, pinned.scoring) == (0, ScoringConfig())
    pages = [domain for _, domain in both if domain.http_status is CheckStatus.OK]
    contents = Counter(domain.http_content_hash for domain in pages)
    assert pages
    for domain in pages:
        assert domain.features is not None
        assert domain.http_checked_at is not None
        shared = contents[domain.http_content_hash] - 1
        parked = judge(domain.features, shared_by=shared, cnames=domain.dns_cnames)
        breakdown = score(domain.features, parked, ScoringConfig(), domain.http_checked_at)
        verdict = decide(
            domain.dns_status, domain.http_status, domain.features, parked, breakdown, ScoringConfig()
        )
        assert (domain.parked, domain.breakdown, domain.score) == (parked, breakdown, breakdown.score)
        assert (domain.lead_status, domain.rejection, domain.lead_reason) == (
            verdict.status,
            verdict.rejection,
            verdict.reason,
        )
        assert domain.bucket is bucket_of(breakdown.score, domain.features, parked, verdict.rejection)


async def test_the_events_tell_its_life_in_order(shop: Shop, box: Sandbox) -> None:
    ident = await demo_campaign(shop, box, 20)
    await shop.start(ident)
    await shop.work()
    await shop.finished(ident)

    events = await shop.events(CampaignStatusChanged, PhaseEventType)
    lifecycle = [event for event in events if not isinstance(event, CampaignProgress)]
    assert isinstance(lifecycle[0], CampaignStatusChanged)
    assert isinstance(lifecycle[-1], CampaignStatusChanged)
    assert isinstance(lifecycle[1], PhaseStarted)
    assert lifecycle[1].counts == Counts(total=20)
    begun = [event.phase for event in lifecycle if isinstance(event, PhaseStarted | PhaseAutoStarted)]
    ended = [event.phase for event in lifecycle if isinstance(event, PhaseCompleted)]
    assert begun == ended == list(PhaseKind)
    assert len(lifecycle) == 2 + 6 + 6
    for before, after in pairwise(events):
        if isinstance(after, PhaseCompleted):
            assert isinstance(before, CampaignProgress)
            assert (before.phase, before.counts) == (after.phase, after.counts)
            assert before.counts.processed == before.counts.total
    for kind in PhaseKind:
        told = [
            event.counts for event in events if isinstance(event, CampaignProgress) and event.phase is kind
        ]
        assert [counts.processed for counts in told] == sorted(counts.processed for counts in told)
        assert [counts.total for counts in told] == sorted((counts.total for counts in told), reverse=True)
