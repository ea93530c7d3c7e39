"""Statements on bulk operations, their items, and the one shard of each.

An item is settled once: its status is looked at under the lock of its operation, so that two who know how it ended
(a worker that begins again after another died, and a test that has just finished) count it once.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, true, update

from core.ids import new_id
from db.engine import Session
from db.models import (
    BulkItemRow,
    BulkOperationRow,
    CampaignRow,
    KeywordSetRow,
    PersonaRow,
    PrincipalRow,
    ProxyRow,
    ShardRow,
)
from db.scope import EVERYTHING, Scope
from vocabulary.access import Role
from vocabulary.bulk import BulkItemStatus, BulkKind, BulkState
from vocabulary.work import ShardKind, ShardStatus

ROWS_PER_STATEMENT = 1000
"""Items are inserted, and things looked up, in parts: databases bound the values of a statement."""

Target = type[CampaignRow] | type[ProxyRow] | type[PersonaRow] | type[KeywordSetRow]


def visible(scope: Scope) -> ColumnElement[bool]:
    """The condition that lets only visible operations through, and those of an admin only to who sees everything.

    The items of such a one name the things of others, and say in an admin's words what became of them; whoever asked
    for it may have lost the role, or come with a token for less.
    """
    if scope == EVERYTHING:
        return true()
    return and_(scope.clause(BulkOperationRow.owner_id), BulkOperationRow.role != Role.ADMIN)


def audience(row: BulkOperationRow) -> UUID | None:
    """Who, besides admins, is told what happens to an operation."""
    return None if row.role is Role.ADMIN else row.owner_id


def state_of(row: BulkOperationRow) -> BulkState:
    """What clients may see of a bulk operation."""
    return BulkState(
        id=row.id,
        owner_id=row.owner_id,
        kind=row.kind,
        status=row.status,
        total=row.total,
        succeeded=row.succeeded,
        failed=row.failed,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        error=row.error,
    )


async def add(session: Session, row: BulkOperationRow, items: Sequence[dict[str, object]]) -> None:
    """Insert an operation with its items, whose order is theirs."""
    session.add(row)
    await session.flush()
    connection = await session.connection()
    for start in range(0, len(items), ROWS_PER_STATEMENT):
        part = items[start : start + ROWS_PER_STATEMENT]
        values = [{"bulk_id": row.id, "ordinal": ordinal, **item} for ordinal, item in enumerate(part, start)]
        await connection.execute(insert(BulkItemRow), values)


async def add_shard(session: Session, bulk_id: UUID, now: datetime) -> None:
    """Make the shard by which a worker takes an operation up, ready at once."""
    session.add(
        ShardRow(
            id=new_id(), kind=ShardKind.BULK, bulk_id=bulk_id, status=ShardStatus.READY, available_at=now
        )
    )
    await session.flush()


async def names(session: Session, target: Target, ids: Sequence[UUID], scope: Scope) -> dict[UUID, str]:
    """The names of those of these things that are visible."""
    found: dict[UUID, str] = {}
    for start in range(0, len(ids), ROWS_PER_STATEMENT):
        part = ids[start : start + ROWS_PER_STATEMENT]
        wanted = select(target.id, target.name).where(target.id.in_(part), scope.clause(target.owner_id))
        found |= {row[0]: row[1] for row in await session.execute(wanted)}
    return found


async def lock(session: Session, ident: UUID, scope: Scope) -> BulkOperationRow | None:
    """The operation, locked until the end of the transaction, if it is visible."""
    wanted = select(BulkOperationRow).where(BulkOperationRow.id == ident, visible(scope))
    wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(wanted)).scalar_one_or_none()


async def remove(session: Session, ident: UUID) -> None:
    """Delete an operation, with its items and its shard."""
    await session.execute(delete(BulkOperationRow).where(BulkOperationRow.id == ident))


async def asker(session: Session, owner_id: UUID) -> PrincipalRow:
    """In whose name an operation acts."""
    wanted = select(PrincipalRow).where(PrincipalRow.id == owner_id)
    return (await session.execute(wanted.execution_options(populate_existing=True))).scalar_one()


async def items(
    session: Session, bulk_id: UUID, status: BulkItemStatus, limit: int | None = None
) -> Sequence[BulkItemRow]:
    """The items in a status, in their order. The operation is locked."""
    wanted = (
        select(BulkItemRow)
        .where(BulkItemRow.bulk_id == bulk_id, BulkItemRow.status == status)
        .order_by(BulkItemRow.ordinal)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(wanted)).scalars().all()


async def numbered(session: Session, bulk_id: UUID, ordinals: Collection[int]) -> Sequence[BulkItemRow]:
    """The items with these ordinals. The operation is locked."""
    wanted = select(BulkItemRow).where(BulkItemRow.bulk_id == bulk_id, BulkItemRow.ordinal.in_(ordinals))
    return (await session.execute(wanted.execution_options(populate_existing=True))).scalars().all()


async def count(session: Session, bulk_id: UUID, statuses: Collection[BulkItemStatus]) -> int:
    """How many items are in one of these statuses. The operation is locked."""
    wanted = select(func.count()).where(BulkItemRow.bulk_id == bulk_id, BulkItemRow.status.in_(statuses))
    return (await session.execute(wanted)).scalar_one()


async def settle_all(
    session: Session, bulk_id: UUID, statuses: Collection[BulkItemStatus], **values: object
) -> int:
    """Give all items in one of these statuses other values; how many there were. The operation is locked."""
    number = await count(session, bulk_id, statuses)
    changed = update(BulkItemRow).where(BulkItemRow.bulk_id == bulk_id, BulkItemRow.status.in_(statuses))
    await session.execute(changed.values(**values).execution_options(synchronize_session=False))
    return number


async def waiting_for_test(session: Session, proxy_id: UUID) -> Sequence[tuple[UUID, int]]:
    """The operations, in the order of their ids, and their items that wait for a test of this proxy to end."""
    wanted = (
        select(BulkItemRow.bulk_id, BulkItemRow.ordinal)
        .join(BulkOperationRow, BulkOperationRow.id == BulkItemRow.bulk_id)
        .where(
            BulkItemRow.target_id == proxy_id,
            BulkItemRow.status == BulkItemStatus.RUNNING,
            BulkOperationRow.kind == BulkKind.PROXY_TEST,
        )
        .order_by(BulkItemRow.bulk_id)
    )
    return [(bulk_id, ordinal) for bulk_id, ordinal in await session.execute(wanted)]
