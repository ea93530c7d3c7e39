"""A campaign from its first name to its end, held to what the sandbox says of itself."""

from collections import Counter
from itertools import groupby, pairwise

from events.campaign_events import (
    CampaignProgress,
    CampaignStatusChanged,
    PhaseCompleted,
    PhaseEventType,
    PhaseStarted,
)
from sandbox.keywords import AD_HOC_KEYWORD
from sandbox.sandbox import Sandbox
from tests.fakes.shop import Shop, counted, demo_generation
from vocabulary.campaigns import CampaignStatus, Counts, DnsConfig, HttpConfig, PhaseKind

COUNT = 120


async def test_every_count_is_the_sandboxs_own(shop: Shop, box: Sandbox) -> None:
    ident = await shop.campaign(
        demo_generation(COUNT),
        DnsConfig((await shop.dns_persona(box.dns),), batch_size=17),
        HttpConfig(
            (await shop.http_persona(),),
            keyword_set_ids=await shop.demo_keyword_sets(),
            ad_hoc_keywords=(AD_HOC_KEYWORD,),
            batch_size=13,
            http_port=box.http_port,
            https_port=box.https_port,
        ),
    )
    await shop.start(ident)
    await shop.work()
    assert await shop.finished(ident) is CampaignStatus.COMPLETED

    domains = await shop.domains(ident)
    truth = box.world.totals(site.name for site in box.world.sites[:COUNT])
    dns, http = counted(domains)
    assert [domain.name for domain in domains] == [site.name for site in box.world.sites[:COUNT]]
    assert dns == Counter(truth.dns)
    assert http == Counter(truth.http)
    assert sum(domain.matched for domain in domains) == truth.matched
    found = Counter(pattern for domain in domains for pattern in {hit.pattern for hit in domain.hits})
    assert found == Counter(truth.patterns)

    counts = {kind: (await shop.phase(ident, kind)) for kind in PhaseKind}
    accepted = sum(number for (status, _), number in http.items() if status == "OK")
    assert [(row.total, row.processed, row.succeeded, row.failed) for row in counts.values()] == [
        (COUNT, COUNT, COUNT, 0),
        (COUNT, COUNT, truth.resolved, COUNT - truth.resolved),
        (truth.resolved, truth.resolved, accepted, truth.resolved - accepted),
    ]


async def test_the_events_tell_its_life_in_order(shop: Shop, box: Sandbox) -> None:
    ident = await shop.campaign(
        demo_generation(20),
        DnsConfig((await shop.dns_persona(box.dns),), batch_size=5),
        HttpConfig(
            (await shop.http_persona(),),
            ad_hoc_keywords=("sun",),
            batch_size=5,
            http_port=box.http_port,
            https_port=box.https_port,
        ),
    )
    await shop.start(ident)
    await shop.work()
    await shop.finished(ident)

    events = await shop.events(CampaignStatusChanged, PhaseEventType)
    lifecycle = [event for event in events if not isinstance(event, CampaignProgress)]
    assert [type(event) for event in lifecycle] == [
        CampaignStatusChanged,
        *[PhaseStarted, PhaseCompleted] * 3,
        CampaignStatusChanged,
    ]
    assert [event.phase for event in lifecycle[1:-1:2]] == list(PhaseKind)
    for before, after in pairwise(events):
        if isinstance(after, PhaseCompleted):
            assert isinstance(before, CampaignProgress)
            assert before.counts == after.counts
            assert before.counts.processed == before.counts.total
    for _, group in groupby(events, key=lambda event: getattr(event, "phase", None)):
        processed = [event.counts.processed for event in group if isinstance(event, CampaignProgress)]
        assert processed == sorted(processed)
    assert lifecycle[1].counts == Counts(total=20)
