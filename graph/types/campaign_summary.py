"""The part of a campaign that sums its domains up; what needs a scan of them is read for many campaigns at once."""

from uuid import UUID

import strawberry

from db.models import PhaseRow
from graph.context import Info
from graph.fields import same_for_all
from graph.scalars import BigInt
from graph.types.campaign_figures import (
    Advice,
    BucketCount,
    Funnel,
    Kpis,
    Momentum,
    RejectionSummary,
    WarningCount,
)
from vocabulary.campaigns import PhaseKind
from vocabulary.leads import AdviceCounts, Bucket, PageWarning, Tallies


@strawberry.type
class CampaignSummary:
    """What the domains of a campaign sum up to."""

    key: strawberry.Private[UUID]

    @same_for_all("How many domains got how far.")
    async def funnel(self, info: Info) -> Funnel:
        """How many domains got how far."""
        phases, tallies = await self._by_kind(info), await self._tallies(info)
        return Funnel(
            generated=BigInt(_succeeded(phases, PhaseKind.DOMAIN_GENERATION)),
            dns_valid=BigInt(_succeeded(phases, PhaseKind.DNS_VALIDATION)),
            http_valid=BigInt(_succeeded(phases, PhaseKind.HTTP_KEYWORD_VALIDATION)),
            keyword_hits=BigInt(tallies.keyword_hits),
            analyzed=BigInt(tallies.analyzed),
            high_potential=BigInt(tallies.high_potential),
            leads=BigInt(tallies.qualified),
        )

    @same_for_all(
        "What became of every domain that was generated, as an equation whose sides are counted apart."
    )
    async def rejections(self, info: Info) -> RejectionSummary:
        """What became of every domain that was generated."""
        generated = _succeeded(await self._by_kind(info), PhaseKind.DOMAIN_GENERATION)
        pending = await info.context.loaders.pending.load(self.key)
        return RejectionSummary.of(await self._tallies(info), pending, generated)

    @same_for_all("How many domains that enrichment has decided on are in each bucket.")
    async def buckets(self, info: Info) -> list[BucketCount]:
        """How many domains are in each bucket."""
        found = await info.context.loaders.buckets.load(self.key)
        return [BucketCount(bucket=one, count=BigInt(found.get(one, 0))) for one in Bucket]

    @same_for_all("Key figures of its pages.")
    async def kpis(self, info: Info) -> Kpis:
        """Key figures of its pages."""
        return Kpis.from_figures(await info.context.loaders.figures.load(self.key))

    @same_for_all("How many of its pages have each warning.")
    async def warnings(self, info: Info) -> list[WarningCount]:
        """How many of its pages have each warning."""
        found = await info.context.loaders.figures.load(self.key)
        counts = {
            PageWarning.STUFFING: found.stuffing,
            PageWarning.REPETITION: found.repetition,
            PageWarning.ANCHORS: found.anchors,
        }
        return [WarningCount(warning=one, count=BigInt(counts[one])) for one in PageWarning]

    @same_for_all("What its last scoring has changed; nothing unless it was scored anew.")
    async def momentum(self, info: Info) -> Momentum:
        """What its last scoring has changed."""
        return Momentum.from_momentum(await info.context.loaders.momentum.load(self.key))

    @same_for_all("What is worth looking at; nothing while too little is known.")
    async def advice(self, info: Info) -> list[Advice]:
        """What is worth looking at."""
        phases, tallies = await self._by_kind(info), await self._tallies(info)
        figures = await info.context.loaders.figures.load(self.key)
        dns, http = phases[PhaseKind.DNS_VALIDATION], phases[PhaseKind.HTTP_KEYWORD_VALIDATION]
        return Advice.each(
            AdviceCounts(
                dns_checked=dns.processed,
                dns_valid=dns.succeeded,
                http_checked=http.processed,
                http_valid=http.succeeded,
                with_keywords=figures.with_keywords,
                warned=figures.warned,
                analyzed=phases[PhaseKind.ENRICHMENT].succeeded,
                high_potential=tallies.high_potential,
                leads=tallies.qualified,
            )
        )

    async def _tallies(self, info: Info) -> Tallies:
        return await info.context.loaders.tallies.load(self.key) or Tallies()

    async def _by_kind(self, info: Info) -> dict[PhaseKind, PhaseRow]:
        return {row.kind: row for row in await info.context.loaders.phases.load(self.key) or []}


def _succeeded(phases: dict[PhaseKind, PhaseRow], kind: PhaseKind) -> int:
    return phases[kind].succeeded
