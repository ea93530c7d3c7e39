"""The stream of a list of campaigns.

An envelope does not say whether the filter lets its campaign through, so the row is read when the event is
rendered, once for the whole group, and decided on by the conditions of the list itself. The row may be newer than
the event. That is sound, because every frame says how the campaign is and not how it was changed: whatever changed it
later has an event of its own behind, so a client that puts, replaces and drops as it is told comes to the list of now.

A campaign that the filter keeps out is told of only if the event may be the one that made it leave; of the ones
before, a later event makes it leave.
"""

from collections.abc import Collection
from typing import Any

from db.models import CampaignRow
from db.queries import campaigns
from db.queries.campaigns import CAMPAIGNS, CampaignFilter, CampaignOrderField
from db.queries.listing import Wanted
from db.scope import Scope
from events.campaign_events import (
    CampaignCreated,
    CampaignDeleted,
    CampaignEventType,
    CampaignProgress,
    CampaignStatusChanged,
    CampaignUpdated,
    ModeChanged,
    PhaseEventType,
)
from events.cursor import Cursor as Place
from events.envelope import Envelope
from events.event import EntityType
from graph import node_ids
from graph.context import Context
from graph.scalars import BigInt, Cursor
from graph.streams.source import Source
from graph.types.campaign import Campaign
from graph.types.campaign_list_event import (
    CampaignAdded,
    CampaignChanged,
    CampaignListSnapshot,
    CampaignRemoved,
)
from graph.types.stream_reset import Snapshot

NEWEST = 500


class CampaignListSource(Source):
    """The campaigns that a filter lets through: which they are, and how they are."""

    def __init__(
        self, scope: Scope, after: Place | None, wanted: CampaignFilter, max_rate: float | None = None
    ) -> None:
        super().__init__(scope, after, max_rate)
        self._wanted = wanted

    def about(self) -> Collection[EntityType]:
        """Campaigns."""
        return (EntityType.CAMPAIGN,)

    def concerns(self, envelope: Envelope) -> bool:
        """Whether it is an event of a campaign; which ones the filter lets through is found out in `told`."""
        return isinstance(envelope.event, CampaignEventType)

    async def told(self, envelope: Envelope, cursor: Cursor, context: Context) -> object | None:
        """How the campaign is now; None if the event says nothing of this list."""
        event = envelope.event
        if not isinstance(event, CampaignEventType):
            raise TypeError(f"{event!r} is no event of a campaign.")
        row, passes = await context.reading.run(campaigns.one_of, self.scope, event.campaign_id, self._wanted)
        if row is not None and passes:
            common: dict[str, Any] = {"cursor": cursor, "at": envelope.occurred_at}
            if self._may_bring(event):
                return CampaignAdded(**common, campaign=Campaign.from_row(row))
            return CampaignChanged(**common, campaign=Campaign.from_row(row), skipped=context.skipped)
        if not self._may_take(event, row):
            return None
        ident = node_ids.encode("Campaign", event.campaign_id)
        return CampaignRemoved(cursor=cursor, at=envelope.occurred_at, campaign_id=ident)

    def _may_bring(self, event: CampaignEventType) -> bool:
        """Whether a campaign that is in the list may not have been in it before the event."""
        wanted = self._wanted
        match event:
            case CampaignCreated():
                return True
            case CampaignStatusChanged():
                return wanted.statuses is not None and event.previous not in wanted.statuses
            case ModeChanged():
                return wanted.mode is not None and event.previous is not wanted.mode
            case _:
                return self._is_of_more(event)

    def _may_take(self, event: CampaignEventType, row: CampaignRow | None) -> bool:
        """Whether a campaign that is not in the list may have been in it before the event."""
        wanted = self._wanted
        match event:
            case CampaignDeleted():
                return True
            case CampaignStatusChanged():
                return row is not None and wanted.statuses is not None and event.previous in wanted.statuses
            case ModeChanged():
                return row is not None and wanted.mode is not None and event.previous is wanted.mode
            case _:
                return row is not None and self._is_of_more(event)

    def _is_of_more(self, event: CampaignEventType) -> bool:
        """Whether the event may change what the filter asks of a name or a phase."""
        match event:
            case CampaignUpdated():
                return self._wanted.search is not None and "name" in event.changed
            case CampaignProgress():
                return False
            case PhaseEventType():
                return self._wanted.phase is not None
            case _:
                return False

    async def snapshot(self, context: Context, cursor: Cursor) -> Snapshot:
        """The newest campaigns of the list, and how many more there are."""
        newest = Wanted(self._wanted, CampaignOrderField.CREATED_AT, descending=True, limit=NEWEST)
        rows = await context.loaders.pages(CAMPAIGNS).load(newest)
        context.spend(len(rows))
        omitted = 0
        if len(rows) == NEWEST:
            omitted = await context.loaders.counts(CAMPAIGNS).load(self._wanted) - NEWEST
        found = [Campaign.from_row(row) for row in rows]
        return CampaignListSnapshot(cursor=cursor, campaigns=found, omitted=BigInt(omitted))
