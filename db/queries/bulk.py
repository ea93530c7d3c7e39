"""Bulk operations and their items for those who look at them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

import msgspec
from sqlalchemy import select

from db.engine import Session
from db.models import BulkItemRow, BulkOperationRow, EventRow
from db.queries.listing import Conditions, Listing, among
from db.repositories.bulk import visible
from db.scope import Scope
from vocabulary.bulk import BulkItemStatus, BulkKind, BulkStatus


class BulkOrderField(StrEnum):
    """What bulk operations are ordered by."""

    CREATED_AT = "CREATED_AT"


class BulkItemOrderField(StrEnum):
    """What the items of a bulk operation are ordered by: only their order in it."""

    ORDINAL = "ORDINAL"


class BulkFilter(msgspec.Struct, frozen=True):
    """Which bulk operations; what is None does not matter."""

    kinds: tuple[BulkKind, ...] | None = None
    statuses: tuple[BulkStatus, ...] | None = None


class BulkItemFilter(msgspec.Struct, frozen=True):
    """Which items of a bulk operation; what is None does not matter."""

    bulk_id: UUID
    statuses: tuple[BulkItemStatus, ...] | None = None


def _conditions(scope: Scope, wanted: BulkFilter) -> Conditions:
    return [
        visible(scope),
        *among(BulkOperationRow.kind, wanted.kinds),
        *among(BulkOperationRow.status, wanted.statuses),
    ]


def _item_conditions(scope: Scope, wanted: BulkItemFilter) -> Conditions:
    operation = select(BulkOperationRow.id).where(BulkOperationRow.id == wanted.bulk_id, visible(scope))
    return [
        BulkItemRow.bulk_id == wanted.bulk_id,
        operation.exists(),
        *among(BulkItemRow.status, wanted.statuses),
    ]


BULK_OPERATIONS: Listing[BulkOperationRow, BulkFilter] = Listing(
    model=BulkOperationRow,
    conditions=_conditions,
    keys={BulkOrderField.CREATED_AT: (BulkOperationRow.created_at, BulkOperationRow.id)},
)
BULK_ITEMS: Listing[BulkItemRow, BulkItemFilter] = Listing(
    model=BulkItemRow,
    conditions=_item_conditions,
    keys={BulkItemOrderField.ORDINAL: (BulkItemRow.ordinal,)},
)


async def by_ids(session: Session, scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, BulkOperationRow]:
    """The visible ones of these bulk operations."""
    wanted = select(BulkOperationRow).where(BulkOperationRow.id.in_(ids), visible(scope))
    return {row.id: row for row in (await session.execute(wanted)).scalars()}


async def has_more(session: Session, scope: Scope, bulk_id: UUID, types: Sequence[str], after: int) -> bool:
    """Whether the log holds events of these types of an operation after a position; it itself may be gone."""
    wanted = select(EventRow.position).where(
        EventRow.entity_type == "BULK_OPERATION",
        EventRow.entity_id == bulk_id,
        EventRow.position > after,
        EventRow.type.in_(types),
        scope.clause(EventRow.owner_id),
    )
    return (await session.execute(wanted.limit(1))).first() is not None
