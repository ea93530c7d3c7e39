"""Subscriptions to campaigns and their domains."""

from collections.abc import AsyncIterator
from typing import Annotated, cast
from uuid import UUID

import strawberry

from graph.campaign_filters import CampaignFilter
from graph.context import Info
from graph.filters import values
from graph.node_ids import BadId, uuid_in
from graph.streams.campaign_list import CampaignListSource
from graph.streams.campaigns import CampaignSource, unknown_campaign
from graph.streams.domains import DomainSource
from graph.subscriptions.arguments import MaxRate, Resume, place, rate, streamed
from graph.types.campaign_event import (
    CampaignCreated,
    CampaignDeleted,
    CampaignProgress,
    CampaignSnapshot,
    CampaignStatusChanged,
    CampaignUpdated,
    ModeChanged,
    PhaseAutoStarted,
    PhaseCancelled,
    PhaseCompleted,
    PhaseConfigured,
    PhaseFailed,
    PhasePaused,
    PhaseReset,
    PhaseResumed,
    PhaseSkipped,
    PhaseStarted,
)
from graph.types.campaign_list_event import (
    CampaignAdded,
    CampaignChanged,
    CampaignListSnapshot,
    CampaignRemoved,
)
from graph.types.domain_event import DomainEventBatch, DomainEventKind, DomainSnapshot
from graph.types.stream_reset import StreamReset

CampaignEvent = Annotated[
    CampaignSnapshot
    | CampaignCreated
    | CampaignUpdated
    | CampaignDeleted
    | CampaignStatusChanged
    | ModeChanged
    | PhaseConfigured
    | PhaseStarted
    | PhaseAutoStarted
    | PhasePaused
    | PhaseResumed
    | PhaseCompleted
    | PhaseFailed
    | PhaseCancelled
    | PhaseReset
    | PhaseSkipped
    | CampaignProgress
    | StreamReset,
    strawberry.union("CampaignEvent", description="A frame of `campaignEvents`."),
]
CampaignListEvent = Annotated[
    CampaignListSnapshot | CampaignAdded | CampaignChanged | CampaignRemoved | StreamReset,
    strawberry.union("CampaignListEvent", description="A frame of `campaignList`."),
]
DomainEvent = Annotated[
    DomainSnapshot | DomainEventBatch | CampaignDeleted | StreamReset,
    strawberry.union("DomainEvent", description="A frame of `domainEvents`."),
]
CampaignId = Annotated[strawberry.ID, strawberry.argument(description="Which campaign.")]


@strawberry.type
class CampaignSubscriptions:
    """Campaigns and their domains."""

    @streamed("One campaign: its state, then what happens to it. It ends with the campaign's deletion.")
    async def campaign_events(
        self,
        info: Info,
        campaign_id: CampaignId,
        after: Resume = strawberry.UNSET,
        max_rate: MaxRate = strawberry.UNSET,
    ) -> AsyncIterator[CampaignEvent]:
        """One campaign."""
        scope = info.context.caller.scope
        source = CampaignSource(scope, place(info.context, after), _key(campaign_id), rate(max_rate))
        return cast("AsyncIterator[CampaignEvent]", source)

    @streamed(
        "The campaigns that a filter lets through: which they are, then which come, go and change. Each frame says how "
        "a campaign is, so put, replace and drop as you are told."
    )
    async def campaign_list(
        self,
        info: Info,
        where: Annotated[
            CampaignFilter | None,
            strawberry.argument(name="filter", description="Which of them; all unless told."),
        ] = strawberry.UNSET,
        after: Resume = strawberry.UNSET,
        max_rate: MaxRate = strawberry.UNSET,
    ) -> AsyncIterator[CampaignListEvent]:
        """The campaigns that a filter lets through."""
        wanted, scope = (where or CampaignFilter()).wanted(), info.context.caller.scope
        source = CampaignListSource(scope, place(info.context, after), wanted, rate(max_rate))
        return cast("AsyncIterator[CampaignListEvent]", source)

    @streamed("The domains of one campaign, batch by batch. It ends with the campaign's deletion.")
    async def domain_events(
        self,
        info: Info,
        campaign_id: CampaignId,
        kinds: Annotated[
            list[DomainEventKind] | None,
            strawberry.argument(description="Of these kinds; of all unless told."),
        ] = strawberry.UNSET,
        after: Resume = strawberry.UNSET,
    ) -> AsyncIterator[DomainEvent]:
        """The domains of one campaign."""
        wanted, scope = values("kinds", kinds), info.context.caller.scope
        source = DomainSource(scope, place(info.context, after), _key(campaign_id), wanted)
        return cast("AsyncIterator[DomainEvent]", source)


def _key(ident: str) -> UUID:
    try:
        return uuid_in(ident, "Campaign")
    except BadId as error:
        raise unknown_campaign() from error
