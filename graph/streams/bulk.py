"""The stream of one bulk operation, which ends with it."""

from collections.abc import Collection
from uuid import UUID

from db.queries import bulk
from db.repositories.bulk import audience
from db.scope import Scope
from events.bulk_events import (
    BulkEventType,
    BulkOperationFinished,
    BulkOperationProgress,
    BulkOperationStarted,
)
from events.cursor import Cursor as Place
from events.envelope import Envelope
from events.log import has_come_by
from graph.context import Context
from graph.errors import Refused
from graph.scalars import Cursor
from graph.streams.source import Source
from graph.types import bulk_event
from graph.types.bulk import BulkOperation
from graph.types.bulk_event import BulkOperationSnapshot
from graph.types.stream_reset import Snapshot
from vocabulary.bulk import BULK_ENDS

_TOLD = (BulkOperationStarted, BulkOperationProgress, BulkOperationFinished)
_TYPES = tuple(kind.__name__ for kind in _TOLD)


class BulkSource(Source):
    """What happens to one bulk operation, from its acceptance to its end."""

    def __init__(self, scope: Scope, after: Place | None, bulk_id: UUID) -> None:
        super().__init__(scope, after)
        self._bulk_id = bulk_id

    def about(self) -> Collection[UUID]:
        """The operation."""
        return (self._bulk_id,)

    def concerns(self, envelope: Envelope) -> bool:
        """Whether it is an event of this operation's life; what becomes of its record afterwards is not."""
        event = envelope.event
        return isinstance(event, _TOLD) and event.operation.id == self._bulk_id

    @staticmethod
    def event(envelope: Envelope, cursor: Cursor) -> object:
        """The event of the schema.

        Raises:
            TypeError: it is none of a bulk operation.
        """
        if not isinstance(envelope.event, BulkEventType):
            raise TypeError(f"{envelope.event!r} is no event of a bulk operation.")
        return bulk_event.from_event(envelope.event, envelope, cursor)

    async def snapshot(self, context: Context, cursor: Cursor) -> Snapshot:
        """The operation as it is.

        Raises:
            Refused: there is no such operation for the caller.
        """
        row = await context.loaders.bulk_operation.load(self._bulk_id)
        if row is None:
            raise unknown_operation()
        return BulkOperationSnapshot(cursor=cursor, operation=BulkOperation.from_row(row))

    async def authorise(self, context: Context) -> None:
        """See that there is such an operation of the caller's, or that its past is not over after the cursor.

        A client that has seen the end and comes back would wait for ever, so it is told the end once more.

        Raises:
            Refused: there is nothing of the kind, or it is somebody else's, which looks the same.
        """
        found = await context.loaders.bulk_operation.load(self._bulk_id)
        has_more = await self._has_more(context)
        if found is None and not has_more:
            raise unknown_operation()
        if found is not None and found.status in BULK_ENDS and not has_more:
            self.after = None
        owner = None if found is None else audience(found)
        self.of_one = None if owner is None else Scope(owner)

    async def _has_more(self, context: Context) -> bool:
        if self.after is None:
            return False
        if not await context.reading.run(has_come_by, self.after):
            # Whatever follows there is of another past; the stream opens with a reset, which says so.
            return True
        return await context.reading.run(
            bulk.has_more, self.scope, self._bulk_id, _TYPES, self.after.position
        )

    def ends(self, envelope: Envelope) -> bool:
        """An operation that has ended has no future."""
        return isinstance(envelope.event, BulkOperationFinished)

    def is_over(self, snapshot: Snapshot) -> bool:
        """The same of one that had ended before."""
        return isinstance(snapshot, BulkOperationSnapshot) and snapshot.operation.status in BULK_ENDS


def unknown_operation() -> Refused:
    """The answer to an id that names no bulk operation of the caller's."""
    return Refused("NOT_FOUND", "No bulk operation with this id is visible to you.")
