"""Mutations of bulk operations themselves."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnavailableError,
    ValidationError,
    about,
)
from graph.fields import verb
from graph.inputs.bulk import CancelBulkOperationInput, DeleteBulkOperationInput
from graph.mutations.arguments import TAKEN
from graph.mutations.bulk_campaigns import BulkCampaignMutations
from graph.mutations.bulk_payloads import BulkWritten, key, payload
from graph.mutations.bulk_proxies import BulkProxyMutations
from graph.mutations.bulk_resources import BulkResourceMutations
from graph.scalars import Cursor


@strawberry.type(description="The bulk operation that begins no more items.")
class CancelBulkOperationPayload(BulkWritten):
    """The bulk operation that begins no more items."""


@strawberry.type(description="The bulk operation whose record is gone.")
class DeleteBulkOperationPayload:
    """The bulk operation whose record is gone."""

    deleted_id: strawberry.ID = strawberry.field(description="The id of what is gone.")
    cursor: Cursor = strawberry.field(
        description="The place of the change in the event log, by which you recognise its echo in a subscription."
    )


CancelBulkOperationResult = Annotated[
    CancelBulkOperationPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union(
        "CancelBulkOperationResult", description="The bulk operation that was cancelled, or why not."
    ),
]
DeleteBulkOperationResult = Annotated[
    DeleteBulkOperationPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union(
        "DeleteBulkOperationResult", description="The bulk operation that was deleted, or why not."
    ),
]


@strawberry.type
class BulkMutations(BulkCampaignMutations, BulkProxyMutations, BulkResourceMutations):
    """Mutations of many things, and of the bulk operations that they become."""

    @verb("Begin no more items of a bulk operation; those under way end by themselves.")
    async def cancel_bulk_operation(
        self, info: Info, what: Annotated[CancelBulkOperationInput, TAKEN]
    ) -> CancelBulkOperationResult:
        """Begin no more items of a bulk operation."""
        context = info.context
        with about(what.id):
            written = await context.services.bulk.cancel(context.caller, key(what.id), what.idempotency_key)
        return await payload(CancelBulkOperationPayload, info, written)

    @verb("Delete the record of a bulk operation that has ended; what it did stays done.")
    async def delete_bulk_operation(
        self, info: Info, what: Annotated[DeleteBulkOperationInput, TAKEN]
    ) -> DeleteBulkOperationResult:
        """Delete the record of a bulk operation that has ended."""
        context = info.context
        with about(what.id):
            written = await context.services.bulk.delete(context.caller, key(what.id), what.idempotency_key)
        await context.renew()
        return DeleteBulkOperationPayload(
            deleted_id=what.id, cursor=await context.cursor_at(written.position)
        )
