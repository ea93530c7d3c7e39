"""The events of `bulkOperation`."""

import strawberry

from events import bulk_events as catalog
from events.envelope import Envelope
from graph.scalars import Cursor
from graph.types.bulk import BulkOperation
from graph.types.stream import Happening, StreamEvent


@strawberry.interface(
    description="Something that happened to a bulk operation; `operation` is its state afterwards."
)
class BulkHappening(Happening):
    """Something that happened to a bulk operation."""

    operation: BulkOperation = strawberry.field(description="The operation as it was right after this event.")


@strawberry.type(description="The bulk operation as it is at `cursor`; if it has ended, nothing follows.")
class BulkOperationSnapshot(StreamEvent):
    """The bulk operation as it is."""

    operation: BulkOperation = strawberry.field(description="The operation.")


@strawberry.type(description="The bulk operation was accepted; a worker will take it up.")
class BulkOperationStarted(BulkHappening):
    """The bulk operation was accepted."""


@strawberry.type(
    description="The bulk operation has got further, was taken up by a worker, or is being cancelled."
)
class BulkOperationProgress(BulkHappening):
    """The bulk operation has got further."""


@strawberry.type(description="The bulk operation has ended. Nothing follows.")
class BulkOperationFinished(BulkHappening):
    """The bulk operation has ended."""


def from_event(event: catalog.BulkEventType, envelope: Envelope, cursor: Cursor) -> BulkHappening:
    """The event of the schema.

    Raises:
        TypeError: the stream does not tell of it.
    """
    operation, at = BulkOperation.from_state(event.operation), envelope.occurred_at
    match event:
        case catalog.BulkOperationStarted():
            return BulkOperationStarted(cursor=cursor, at=at, operation=operation)
        case catalog.BulkOperationProgress():
            return BulkOperationProgress(cursor=cursor, at=at, operation=operation)
        case catalog.BulkOperationFinished():
            return BulkOperationFinished(cursor=cursor, at=at, operation=operation)
        case _:
            raise TypeError(f"The stream does not know {type(event).__name__}.")
