"""Bulk operations and their items."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from db.models import BulkItemRow, BulkOperationRow
from db.queries.bulk import BULK_ITEMS, BulkItemFilter, BulkItemOrderField
from db.repositories.bulk import state_of
from graph import node_ids
from graph.bulk_enums import BulkItemStatus, BulkKind, BulkStatus
from graph.connections import PAGE, Connection, Source, connect
from graph.context import Info
from graph.enums import OrderDirection
from graph.fields import resolved
from graph.filters import After, First, asked, values
from graph.types.node import Node
from graph.types.principal import Principal, owner_of
from vocabulary.bulk import BulkState

_TYPES = {"CAMPAIGN": "Campaign", "PROXY": "Proxy", "PERSONA": "Persona", "KEYWORD": "KeywordSet"}


@strawberry.type(description="One thing of a bulk operation, and how it ended.")
class BulkItem:
    """One thing of a bulk operation."""

    ordinal: int = strawberry.field(description="Its place in the operation, from 0.")
    target_id: strawberry.ID | None = strawberry.field(
        description="The id of what it is about; null of the line of an import."
    )
    label: str = strawberry.field(
        description="The name that it had when the operation was accepted; of an import the line, without secrets."
    )
    status: BulkItemStatus = strawberry.field(description="Where it is.")
    code: str | None = strawberry.field(
        description="For programs: why it failed, as in the errors of the single mutation, or a remark on its success."
    )
    message: str | None = strawberry.field(description="For people: why it failed.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")

    @classmethod
    def from_row(cls, row: BulkItemRow, kind: BulkKind) -> Self:
        """The item of a row."""
        type_name = _TYPES[kind.partition("_")[0]]
        return cls(
            ordinal=row.ordinal,
            target_id=None if row.target_id is None else node_ids.encode(type_name, row.target_id),
            label=row.label,
            status=row.status,
            code=row.code,
            message=row.message,
            finished_at=row.finished_at,
        )


@strawberry.type(description="One verb on many things, accepted at once and done in the background.")
class BulkOperation(Node):
    """One verb on many things."""

    key: strawberry.Private[UUID]
    owner_key: strawberry.Private[UUID]
    kind: BulkKind = strawberry.field(description="What is done to each thing.")
    status: BulkStatus = strawberry.field(description="Where it is.")
    total: int = strawberry.field(description="How many items it has.")
    done: int = strawberry.field(
        description="How many have ended by themselves: those that succeeded and failed."
    )
    succeeded: int = strawberry.field(description="How many have ended well.")
    failed: int = strawberry.field(description="How many have failed.")
    error: str | None = strawberry.field(description="Why it could not go on, if it is FAILED.")
    created_at: datetime = strawberry.field(description="When it was accepted.")
    started_at: datetime | None = strawberry.field(description="When a worker took it up.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")

    @resolved("Whose it is, in whose name it acts.")
    async def owner(self, info: Info) -> Principal:
        """Whose it is."""
        return await owner_of(info, self.owner_key)

    @resolved("Its items, in their order; at most 100 a page.")
    async def items(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        statuses: Annotated[
            list[BulkItemStatus] | None,
            strawberry.argument(description="Only those in one of these statuses; all unless told."),
        ] = strawberry.UNSET,
    ) -> Connection[BulkItem]:
        """A page of its items."""
        source = Source(
            name="bulk items",
            listing=BULK_ITEMS,
            filter=BulkItemFilter(self.key, values("statuses", statuses)),
            node=lambda row: BulkItem.from_row(row, self.kind),
        )
        return await connect(
            info, source, asked(first, after, BulkItemOrderField.ORDINAL, OrderDirection.ASC)
        )

    @classmethod
    def from_state(cls, state: BulkState) -> Self:
        """The operation as an event or a verb tells of it."""
        return cls(
            id=node_ids.encode("BulkOperation", state.id),
            key=state.id,
            owner_key=state.owner_id,
            kind=state.kind,
            status=state.status,
            total=state.total,
            done=state.done,
            succeeded=state.succeeded,
            failed=state.failed,
            error=state.error,
            created_at=state.created_at,
            started_at=state.started_at,
            finished_at=state.finished_at,
        )

    @classmethod
    def from_row(cls, row: BulkOperationRow) -> Self:
        """The operation of a row."""
        return cls.from_state(state_of(row))
