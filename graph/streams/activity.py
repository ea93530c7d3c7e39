"""The stream of activity."""

from collections.abc import Collection
from uuid import UUID

from db.queries.activity import ACTIVITY, ActivityFilter, ActivityOrderField
from db.queries.listing import Wanted
from db.scope import Scope
from events.cursor import Cursor as Place
from events.envelope import Envelope
from events.event import EntityType
from graph.context import Context
from graph.scalars import Cursor
from graph.streams.source import Source
from graph.types.activity_event import ActivityAdded, ActivitySnapshot
from graph.types.campaign import Activity
from graph.types.stream_reset import Snapshot

LATEST = 50


class ActivitySource(Source):
    """What people see in the feed, as far as the filter lets it through."""

    def __init__(self, scope: Scope, after: Place | None, wanted: ActivityFilter) -> None:
        super().__init__(scope, after)
        self._wanted = wanted

    def about(self) -> Collection[UUID] | Collection[EntityType] | None:
        """What the filter names, the narrowest first."""
        wanted = self._wanted
        if wanted.entity_id is not None:
            return (wanted.entity_id,)
        if wanted.campaign_id is not None:
            return (wanted.campaign_id,)
        return None if wanted.entity_type is None else (EntityType(wanted.entity_type),)

    def concerns(self, envelope: Envelope) -> bool:
        """Whether the filter lets the event through; the same conditions as the list's, on one event."""
        return envelope.event.FEED and self._is_about(envelope) and self._is_of(envelope)

    def _is_about(self, envelope: Envelope) -> bool:
        wanted, event = self._wanted, envelope.event
        return (
            wanted.campaign_id in (None, event.campaign_id_or_none)
            and wanted.entity_type in (None, event.ENTITY)
            and wanted.entity_id in (None, event.entity_id)
        )

    def _is_of(self, envelope: Envelope) -> bool:
        wanted = self._wanted
        return (
            wanted.actor_id in (None, envelope.actor.id)
            and (wanted.kinds is None or type(envelope.event).__name__ in wanted.kinds)
            and (wanted.since is None or envelope.occurred_at >= wanted.since)
            and (wanted.until is None or envelope.occurred_at < wanted.until)
        )

    @staticmethod
    def event(envelope: Envelope, cursor: Cursor) -> object:
        """The event of the schema."""
        activity = Activity.from_envelope(envelope, cursor)
        return ActivityAdded(cursor=cursor, at=envelope.occurred_at, activity=activity)

    async def snapshot(self, context: Context, cursor: Cursor) -> Snapshot:
        """The latest activity, newest first."""
        newest = Wanted(filter=self._wanted, order=ActivityOrderField.POSITION, descending=True, limit=LATEST)
        rows = await context.loaders.pages(ACTIVITY).load(newest)
        context.spend(len(rows))
        incarnation = (await context.reading.head()).incarnation
        found = [Activity.from_row(row, incarnation) for row in rows]
        return ActivitySnapshot(cursor=cursor, activities=found)
