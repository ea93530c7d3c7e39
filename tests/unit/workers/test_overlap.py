"""What only a pipeline does: phases that run side by side, and a new score that costs no request."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from db.models import DomainRow
from db.repositories import scoring_profiles
from db.scope import EVERYTHING
from events.campaign_events import PhaseAutoStarted, PhaseCompleted, PhaseStarted
from events.domain_events import DomainsChanged
from sandbox.keywords import AD_HOC_KEYWORD
from sandbox.sandbox import Sandbox
from services.scoring_profiles import ScoringProfileDraft, ScoringProfiles
from tests.fakes.shop import Shop, demo_generation
from vocabulary.campaigns import CampaignStatus, DnsConfig, HttpConfig, PhaseKind, PhaseStart
from vocabulary.leads import Rejection, ScoringConfig

NAMES = 60


async def campaign(shop: Shop, box: Sandbox, **dns: Any) -> UUID:
    return await shop.campaign(
        demo_generation(NAMES),
        DnsConfig((await shop.dns_persona(box.dns),), **dns),
        HttpConfig(
            (await shop.http_persona(),),
            keyword_set_ids=await shop.demo_keyword_sets(),
            ad_hoc_keywords=(AD_HOC_KEYWORD,),
            batch_size=1,
            http_port=box.http_port,
            https_port=box.https_port,
        ),
    )


def first(events: Sequence[Any], phase: PhaseKind) -> int:
    """Where a phase decides for the first time."""
    return next(
        place
        for place, event in enumerate(events)
        if isinstance(event, DomainsChanged) and event.phase is phase
    )


def end(events: Sequence[Any], phase: PhaseKind) -> int:
    """Where a phase completes."""
    return next(
        place
        for place, event in enumerate(events)
        if isinstance(event, PhaseCompleted) and event.phase is phase
    )


async def test_names_are_fetched_and_read_while_others_are_still_looked_up(shop: Shop, box: Sandbox) -> None:
    """Two shards of lookups are paced so that they last; what came of the short third does not wait for them.

    Analysis does: it needs all pages.
    """
    ident = await campaign(shop, box, batch_size=25, speed_per_minute=200)
    await shop.start(ident)
    await shop.work(worker_shards=16)
    assert await shop.finished(ident, 60) is CampaignStatus.COMPLETED
    events = await shop.events()
    dns, http = PhaseKind.DNS_VALIDATION, PhaseKind.HTTP_KEYWORD_VALIDATION
    looked_up = end(events, dns)
    assert first(events, http) < looked_up
    assert first(events, PhaseKind.EXTRACTION) < looked_up
    assert end(events, PhaseKind.EXTRACTION) < first(events, PhaseKind.ANALYSIS)
    assert end(events, PhaseKind.ANALYSIS) < first(events, PhaseKind.ENRICHMENT)
    begun = [event.phase for event in events if isinstance(event, PhaseAutoStarted)]
    assert begun == list(PhaseKind)[1:]


def judged(domain: DomainRow) -> tuple[Rejection, float, float | None]:
    return (domain.rejection, domain.score, domain.previous_score)


@pytest.mark.effect("analysis.profile_id")
async def test_rescoring_asks_nobody(shop: Shop, box: Sandbox) -> None:
    """Not one query, not one connection; and whoever no longer meets the profile is no lead any more."""
    ident = await campaign(shop, box, batch_size=20)
    await shop.start(ident)
    await shop.work()
    assert await shop.finished(ident, 60) is CampaignStatus.COMPLETED
    before = {domain.offset: judged(domain) for domain in await shop.domains(ident)}
    asked = (box.zone.asked, box.web.asked)
    assert min(asked) > 0

    strict = ScoringConfig(match_score=0.6, grace_score=0.6)
    profiles = ScoringProfiles(shop.database)
    profile = (await profiles.create(shop.house.alice, ScoringProfileDraft("strict", strict))).value
    await shop.control.rescore(shop.house.alice, ident, profile)
    assert await shop.finished(ident, 60) is CampaignStatus.COMPLETED

    assert (box.zone.asked, box.web.asked) == asked
    started = await shop.events(PhaseStarted)
    assert (started[-1].phase, started[-1].cause) == (PhaseKind.ANALYSIS, PhaseStart.RERUN)
    async with shop.database.engines.reading() as session:
        assert await scoring_profiles.newest(session, profile, EVERYTHING) == (1, strict)
    after = await shop.domains(ident)
    assert {domain.rejection for domain in after} > {Rejection.QUALIFIED, Rejection.LOW_SCORE}
    for domain in after:
        rejection, score, _ = before[domain.offset]
        if rejection not in {Rejection.QUALIFIED, Rejection.LOW_SCORE}:
            assert domain.rejection is rejection
            continue
        assert (domain.score, domain.previous_score) == (score, score)
        assert domain.rejection is (Rejection.QUALIFIED if score >= 0.6 else Rejection.LOW_SCORE)
