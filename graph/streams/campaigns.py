"""The stream of one campaign."""

from collections.abc import Collection
from uuid import UUID

from db.queries import activity
from db.scope import Scope
from events.campaign_events import CampaignDeleted, CampaignEventType
from events.cursor import Cursor as Place
from events.envelope import Envelope
from graph.context import Context
from graph.errors import Refused
from graph.scalars import Cursor
from graph.streams.source import Source
from graph.types import campaign_event
from graph.types.campaign import Campaign
from graph.types.campaign_event import CampaignSnapshot
from graph.types.stream_reset import Snapshot


class CampaignSource(Source):
    """What happens to one campaign, from its making to its deletion."""

    def __init__(
        self, scope: Scope, after: Place | None, campaign_id: UUID, max_rate: float | None = None
    ) -> None:
        super().__init__(scope, after, max_rate)
        self.campaign_id = campaign_id

    def about(self) -> Collection[UUID]:
        """The campaign."""
        return (self.campaign_id,)

    def concerns(self, envelope: Envelope) -> bool:
        """Whether it is an event of this campaign."""
        event = envelope.event
        return isinstance(event, CampaignEventType) and event.campaign_id == self.campaign_id

    @staticmethod
    def event(envelope: Envelope, cursor: Cursor) -> object:
        """The event of the schema.

        Raises:
            TypeError: it is none of a campaign.
        """
        if not isinstance(envelope.event, CampaignEventType):
            raise TypeError(f"{envelope.event!r} is no event of a campaign.")
        return campaign_event.from_event(envelope.event, envelope, cursor)

    async def snapshot(self, context: Context, cursor: Cursor) -> Snapshot:
        """The campaign as it is.

        Raises:
            Refused: there is no such campaign for the caller.
        """
        return CampaignSnapshot(cursor=cursor, campaign=await self.campaign(context))

    async def campaign(self, context: Context) -> Campaign:
        """The campaign as the snapshot of `context` has it.

        Raises:
            Refused: there is no such campaign for the caller.
        """
        row = await context.loaders.campaign.load(self.campaign_id)
        if row is None:
            raise unknown_campaign()
        return Campaign.from_row(row)

    async def authorise(self, context: Context) -> None:
        """See that there is such a campaign of the caller's, or that its past is not over after the cursor.

        Raises:
            Refused: there is nothing of the kind, or it is somebody else's, which looks the same.
        """
        owner = await context.loaders.campaign_owner.load(self.campaign_id)
        if owner is not None:
            self.of_one = Scope(owner)
            return
        if self.after is None or not await context.reading.run(
            activity.has_any, self.scope, self.campaign_id, self.after.position
        ):
            raise unknown_campaign()

    def ends(self, envelope: Envelope) -> bool:
        """A deleted campaign has no future."""
        return isinstance(envelope.event, CampaignDeleted)


def unknown_campaign() -> Refused:
    """The answer to an id that names no campaign of the caller's."""
    return Refused("NOT_FOUND", "No campaign with this id is visible to you.")
