"""The subscription to a bulk operation."""

from collections.abc import AsyncIterator
from typing import Annotated, cast

import strawberry

from graph.context import Info
from graph.node_ids import BadId, uuid_in
from graph.streams.bulk import BulkSource, unknown_operation
from graph.subscriptions.arguments import Resume, place, streamed
from graph.types.bulk_event import (
    BulkOperationFinished,
    BulkOperationProgress,
    BulkOperationSnapshot,
    BulkOperationStarted,
)
from graph.types.stream_reset import StreamReset

BulkOperationEvent = Annotated[
    BulkOperationSnapshot
    | BulkOperationStarted
    | BulkOperationProgress
    | BulkOperationFinished
    | StreamReset,
    strawberry.union("BulkOperationEvent", description="A frame of `bulkOperation`."),
]


@strawberry.type
class BulkSubscriptions:
    """The subscription to a bulk operation."""

    @streamed("One bulk operation: its state, then its progress. It ends with the operation.")
    async def bulk_operation(
        self,
        info: Info,
        ident: Annotated[strawberry.ID, strawberry.argument(name="id", description="Which bulk operation.")],
        after: Resume = strawberry.UNSET,
    ) -> AsyncIterator[BulkOperationEvent]:
        """One bulk operation."""
        try:
            key = uuid_in(ident, "BulkOperation")
        except BadId as error:
            raise unknown_operation() from error
        source = BulkSource(info.context.caller.scope, place(info.context, after), key)
        return cast("AsyncIterator[BulkOperationEvent]", source)
