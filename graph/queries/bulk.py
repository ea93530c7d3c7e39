"""Queries for bulk operations."""

from typing import Annotated

import strawberry

from db.queries.bulk import BULK_OPERATIONS, BulkOrderField
from graph import nodes
from graph.connections import PAGE, Connection, Source, connect
from graph.context import Info
from graph.enums import OrderDirection
from graph.fields import resolved
from graph.filters import After, First, asked
from graph.inputs.bulk import BulkOperationFilter
from graph.queries.arguments import NodeId
from graph.types.bulk import BulkOperation


@strawberry.type
class BulkQueries:
    """Queries for bulk operations."""

    @resolved("One bulk operation; null if there is none with this id that you may see.")
    async def bulk_operation(self, info: Info, ident: NodeId) -> BulkOperation | None:
        """One bulk operation."""
        found = await nodes.resolve(info, ident)
        return found if isinstance(found, BulkOperation) else None

    @resolved(
        "Your bulk operations, or those of all if you are an admin: newest first, at most 100 a page. What was asked "
        "for by an admin is shown to admins alone, for its items name the things of others."
    )
    async def bulk_operations(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            BulkOperationFilter | None,
            strawberry.argument(name="filter", description="Which of them; all unless told."),
        ] = strawberry.UNSET,
    ) -> Connection[BulkOperation]:
        """A page of bulk operations."""
        wanted = (where or BulkOperationFilter()).wanted()
        source = Source("bulk operations", BULK_OPERATIONS, wanted, BulkOperation.from_row)
        return await connect(
            info, source, asked(first, after, BulkOrderField.CREATED_AT, OrderDirection.DESC)
        )
