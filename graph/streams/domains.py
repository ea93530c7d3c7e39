"""The stream of a campaign's domains."""

from collections.abc import Collection
from uuid import UUID

from db.scope import Scope
from events.campaign_events import CampaignDeleted
from events.cursor import Cursor as Place
from events.domain_events import DomainEventType
from events.envelope import Envelope
from graph.context import Context
from graph.scalars import Cursor
from graph.streams.campaigns import CampaignSource
from graph.types import campaign_event
from graph.types.domain_event import DomainEventBatch, DomainEventKind, DomainSnapshot, kind_of
from graph.types.stream_reset import Snapshot


class DomainSource(CampaignSource):
    """What happens to the domains of one campaign, until it is deleted; only what is of one of `kinds`, if given."""

    def __init__(
        self, scope: Scope, after: Place | None, campaign_id: UUID, kinds: Collection[DomainEventKind] | None
    ) -> None:
        super().__init__(scope, after, campaign_id)
        self._kinds = None if kinds is None else frozenset(kinds)

    def concerns(self, envelope: Envelope) -> bool:
        """Whether it is an event of this campaign's domains, or its end."""
        event = envelope.event
        if isinstance(event, CampaignDeleted):
            return event.campaign_id == self.campaign_id
        if not isinstance(event, DomainEventType) or event.campaign_id != self.campaign_id:
            return False
        return self._kinds is None or kind_of(event) in self._kinds

    @staticmethod
    def event(envelope: Envelope, cursor: Cursor) -> object:
        """The event of the schema.

        Raises:
            TypeError: it is none of domains.
        """
        event = envelope.event
        if isinstance(event, CampaignDeleted):
            return campaign_event.from_event(event, envelope, cursor)
        if not isinstance(event, DomainEventType):
            raise TypeError(f"{event!r} is no event of domains.")
        return DomainEventBatch.from_event(event, envelope, cursor)

    async def snapshot(self, context: Context, cursor: Cursor) -> Snapshot:
        """The campaign as it is.

        Raises:
            Refused: there is no such campaign for the caller.
        """
        return DomainSnapshot(cursor=cursor, campaign=await self.campaign(context))
