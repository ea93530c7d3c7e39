"""The first screen in one answer, with a number of statements that does not depend on how much there is."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from core.errors import NotFound
from db.queries import dashboard, proxies
from db.queries.activity import ACTIVITY, ActivityFilter, ActivityOrderField
from db.queries.bulk import BULK_OPERATIONS, BulkFilter, BulkOrderField
from db.queries.campaigns import CAMPAIGNS, CampaignFilter, CampaignOrderField
from db.queries.listing import Wanted
from graph.connections import check_first
from graph.context import Info
from graph.fields import resolved
from graph.scalars import BigInt, Cursor
from graph.types.bulk import BulkOperation
from graph.types.campaign import Activity, Campaign
from graph.types.domain import Domain
from graph.types.proxy_stats import ProxyStats
from vocabulary.bulk import BULK_ENDS, BulkStatus
from vocabulary.campaigns import CampaignStatus

RUNNING_MOST = 20
ROWS = 50
ROWS_MOST = 200

Rows = Annotated[
    int, strawberry.argument(name="first", description=f"How many, 1 to {ROWS_MOST}; {ROWS} unless told.")
]


@strawberry.type(description="How many campaigns are in one status.")
class CampaignStatusCount:
    """How many campaigns are in one status."""

    status: CampaignStatus = strawberry.field(description="The status.")
    count: BigInt = strawberry.field(description="How many.")


@strawberry.type(description="A domain on which something was decided.")
class DomainActivity:
    """A domain on which something was decided."""

    campaign_key: strawberry.Private[UUID]
    at: datetime = strawberry.field(description="When that was; of a new name, when it was generated.")
    domain: Domain = strawberry.field(description="The domain, with what each phase has found so far.")

    @resolved("Its campaign.")
    async def campaign(self, info: Info) -> Campaign:
        """Its campaign."""
        row = await info.context.loaders.campaign.load(self.campaign_key)
        if row is None:
            raise NotFound("campaign", str(self.campaign_key))
        return Campaign.from_row(row)


@strawberry.type(description="Your things at a glance, or those of all if you are an admin.")
class Dashboard:
    """Things at a glance."""

    @resolved("How many campaigns there are in each status.")
    async def campaign_counts(self, info: Info) -> list[CampaignStatusCount]:
        """How many campaigns there are in each status."""
        context = info.context
        counts = await context.reading.run(dashboard.counts, context.caller.scope)
        return [CampaignStatusCount(status=status, count=BigInt(count)) for status, count in counts.items()]

    @resolved(f"The campaigns that run, those that changed last first; at most {RUNNING_MOST}.")
    async def running_campaigns(self, info: Info) -> list[Campaign]:
        """The campaigns that run."""
        info.context.spend(RUNNING_MOST)
        wanted = Wanted(
            filter=CampaignFilter(statuses=(CampaignStatus.RUNNING,)),
            order=CampaignOrderField.UPDATED_AT,
            descending=True,
            limit=RUNNING_MOST,
        )
        rows = await info.context.loaders.pages(CAMPAIGNS).load(wanted)
        return [Campaign.from_row(row) for row in rows]

    @resolved("The latest activity, newest first.")
    async def activity(self, info: Info, first: Rows = ROWS) -> list[Activity]:
        """The latest activity."""
        _spend(info, first)
        wanted = Wanted(
            filter=ActivityFilter(), order=ActivityOrderField.POSITION, descending=True, limit=first
        )
        rows = await info.context.loaders.pages(ACTIVITY).load(wanted)
        incarnation = (await info.context.reading.head()).incarnation
        return [Activity.from_row(row, incarnation) for row in rows]

    @resolved(
        "The domains on which something was decided last, newest first, of the "
        f"{dashboard.CAMPAIGNS_MOST} campaigns that moved last."
    )
    async def domains(self, info: Info, first: Rows = ROWS) -> list[DomainActivity]:
        """The domains on which something was decided last."""
        _spend(info, first)
        context = info.context
        rows = await context.reading.run(dashboard.latest_domains, context.caller.scope, first)
        return [
            DomainActivity(campaign_key=row.campaign_id, at=row.checked_at, domain=Domain.from_row(row))
            for row in rows
        ]

    @resolved(f"The bulk operations that are not over, newest first; at most {RUNNING_MOST}.")
    async def bulk_operations(self, info: Info) -> list[BulkOperation]:
        """The bulk operations that are not over."""
        info.context.spend(RUNNING_MOST)
        open_ones = tuple(status for status in BulkStatus if status not in BULK_ENDS)
        wanted = Wanted(
            filter=BulkFilter(statuses=open_ones),
            order=BulkOrderField.CREATED_AT,
            descending=True,
            limit=RUNNING_MOST,
        )
        rows = await info.context.loaders.pages(BULK_OPERATIONS).load(wanted)
        return [BulkOperation.from_row(row) for row in rows]

    @resolved("How many proxies there are, and how they are and were.")
    async def proxy_stats(self, info: Info) -> ProxyStats:
        """How many proxies there are, and how they are."""
        context = info.context
        return ProxyStats.from_stats(await context.reading.run(proxies.stats, context.caller.scope, None))

    @resolved("The position of the event log that this is exact at: subscribe after it and miss nothing.")
    async def cursor(self, info: Info) -> Cursor:
        """The position of the event log that this is exact at."""
        return await info.context.cursor()


def _spend(info: Info, first: int) -> None:
    check_first(first, ROWS_MOST, info.context.services.limits)
    info.context.spend(first)
