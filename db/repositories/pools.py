"""Statements on pools of proxies and their members.

The members of a pool change only in the turn of its owner (`proxy_lists.take_turn`), and the pool is locked after
its proxies, so whoever holds a pool holds all that its settings mean for them.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, func, select

from db.engine import Session
from db.models import ProxyPoolMemberRow, ProxyPoolRow
from db.scope import Scope


async def add(session: Session, row: ProxyPoolRow) -> None:
    """Insert a pool."""
    session.add(row)
    await session.flush()


async def get_many(session: Session, idents: Sequence[UUID], scope: Scope) -> dict[UUID, ProxyPoolRow]:
    """Those of the pools that are visible, by id."""
    wanted = select(ProxyPoolRow).where(ProxyPoolRow.id.in_(idents), scope.clause(ProxyPoolRow.owner_id))
    return {row.id: row for row in (await session.execute(wanted)).scalars()}


async def lock(session: Session, idents: Collection[UUID], scope: Scope) -> Sequence[ProxyPoolRow]:
    """Those of the pools that are visible, locked until the end of the transaction, by id."""
    wanted = select(ProxyPoolRow).where(ProxyPoolRow.id.in_(idents), scope.clause(ProxyPoolRow.owner_id))
    wanted = wanted.order_by(ProxyPoolRow.id).with_for_update().execution_options(populate_existing=True)
    return (await session.execute(wanted)).scalars().all()


async def name_taken(session: Session, owner_id: UUID, name: str) -> bool:
    """Whether the owner has a pool with this name."""
    wanted = select(ProxyPoolRow.id).where(ProxyPoolRow.owner_id == owner_id, ProxyPoolRow.name == name)
    return (await session.execute(wanted)).scalar_one_or_none() is not None


async def remove(session: Session, ident: UUID) -> None:
    """Delete a pool that no campaign links to any more, with its memberships."""
    await session.execute(delete(ProxyPoolRow).where(ProxyPoolRow.id == ident))


async def members(session: Session, pool_id: UUID) -> list[ProxyPoolMemberRow]:
    """The members of a pool, in their order."""
    wanted = select(ProxyPoolMemberRow).where(ProxyPoolMemberRow.pool_id == pool_id)
    in_order = wanted.order_by(ProxyPoolMemberRow.ordinal, ProxyPoolMemberRow.proxy_id)
    return [*(await session.execute(in_order)).scalars()]


async def counts(session: Session, pool_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """How many members pools have; one without any is not in the answer."""
    wanted = (
        select(ProxyPoolMemberRow.pool_id, func.count())
        .where(ProxyPoolMemberRow.pool_id.in_(pool_ids))
        .group_by(ProxyPoolMemberRow.pool_id)
    )
    rows = (await session.execute(wanted)).all()
    return dict(rows)


async def drop_members(session: Session, pool_ids: Collection[UUID], proxy_ids: Collection[UUID]) -> None:
    """Take proxies out of pools."""
    await session.execute(
        delete(ProxyPoolMemberRow).where(
            ProxyPoolMemberRow.pool_id.in_(pool_ids), ProxyPoolMemberRow.proxy_id.in_(proxy_ids)
        )
    )


async def check_intervals(session: Session, proxy_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """In how many seconds each of these proxies is to be tested again: the smallest interval of its pools.

    A proxy of which no pool has its active members tested is not in the answer.
    """
    wanted = (
        select(ProxyPoolMemberRow.proxy_id, func.min(ProxyPoolRow.health_check_interval_seconds))
        .join(ProxyPoolRow, ProxyPoolRow.id == ProxyPoolMemberRow.pool_id)
        .where(
            ProxyPoolMemberRow.proxy_id.in_(proxy_ids),
            ProxyPoolMemberRow.active.is_(True),
            ProxyPoolRow.enabled.is_(True),
            ProxyPoolRow.health_check_enabled.is_(True),
        )
        .group_by(ProxyPoolMemberRow.proxy_id)
    )
    rows = (await session.execute(wanted)).all()
    return dict(rows)
