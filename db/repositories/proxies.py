"""Statements on proxies and on the shard of each that probes it.

Locks are taken in the order of the whole house: the shard before the proxy (`lock_probe`, then `lock`).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update

from core.ids import new_id
from db.engine import Session
from db.models import ProxyRow, ShardRow
from db.scope import Scope
from vocabulary.proxies import ProxyProtocol, ProxyState
from vocabulary.work import ShardKind, ShardStatus


def state_of(row: ProxyRow) -> ProxyState:
    """What clients may see of a proxy: all but the password and the worker's own counts."""
    return ProxyState(
        id=row.id,
        owner_id=row.owner_id,
        name=row.name,
        protocol=row.protocol,
        host=row.host,
        port=row.port,
        enabled=row.enabled,
        health=row.health,
        has_credentials=row.username is not None,
        created_at=row.created_at,
        updated_at=row.updated_at,
        description=row.description,
        username=row.username,
        latency_ms=row.latency_ms,
        last_checked_at=row.last_checked_at,
        last_error=row.last_error,
        success_count=row.success_count,
        failure_count=row.failure_count,
        consecutive_failures=row.consecutive_failures,
        country_code=row.country_code,
        city=row.city,
        provider=row.provider,
        notes=row.notes,
        pool_ids=row.pool_ids,
        version=row.version,
    )


async def add(session: Session, row: ProxyRow) -> None:
    """Insert a proxy."""
    session.add(row)
    await session.flush()


async def lock(session: Session, ident: UUID, scope: Scope) -> ProxyRow | None:
    """The proxy, locked until the end of the transaction, if it is visible."""
    wanted = select(ProxyRow).where(ProxyRow.id == ident, scope.clause(ProxyRow.owner_id))
    return (await session.execute(wanted.with_for_update())).scalar_one_or_none()


async def get_many(session: Session, idents: Sequence[UUID], scope: Scope) -> dict[UUID, ProxyRow]:
    """Those of the proxies that are visible, by id."""
    wanted = select(ProxyRow).where(ProxyRow.id.in_(idents), scope.clause(ProxyRow.owner_id))
    return {row.id: row for row in (await session.execute(wanted)).scalars()}


async def name_taken(session: Session, owner_id: UUID, name: str) -> bool:
    """Whether the owner has a proxy with this name."""
    return await _exists(session, ProxyRow.owner_id == owner_id, ProxyRow.name == name)


async def address_taken(
    session: Session, owner_id: UUID, protocol: ProxyProtocol, host: str, port: int
) -> bool:
    """Whether the owner has a proxy at this address."""
    return await _exists(
        session,
        ProxyRow.owner_id == owner_id,
        ProxyRow.protocol == protocol,
        ProxyRow.host == host,
        ProxyRow.port == port,
    )


async def _exists(session: Session, *conditions: ColumnElement[bool]) -> bool:
    return (await session.execute(select(ProxyRow.id).where(*conditions))).scalar_one_or_none() is not None


async def remove(session: Session, ident: UUID) -> None:
    """Delete a proxy that no campaign links to any more, with its probe."""
    await session.execute(delete(ProxyRow).where(ProxyRow.id == ident))


async def lock_probe(session: Session, proxy_id: UUID) -> ShardRow | None:
    """The shard that probes a proxy, locked, if there is one."""
    wanted = select(ShardRow).where(ShardRow.proxy_id == proxy_id)
    return (await session.execute(wanted.with_for_update())).scalar_one_or_none()


async def make_probe_due(session: Session, proxy_id: UUID, now: datetime) -> None:
    """Let a worker probe the proxy now, from the start.

    A probe that is under way loses its lease: it may have gone to an address that is the proxy's no more, so
    what it finds is not written. The fence stays, for the next claim raises it.
    """
    due = (
        update(ShardRow)
        .where(ShardRow.proxy_id == proxy_id)
        .values(
            status=ShardStatus.READY,
            available_at=now,
            holder=None,
            lease_until=None,
            attempts=0,
            last_error=None,
        )
        .returning(ShardRow.id)
    )
    if (await session.execute(due)).scalar_one_or_none() is None:
        await add_probe(session, proxy_id, now)


async def add_probe(session: Session, proxy_id: UUID, at: datetime) -> None:
    """Make the shard that probes a proxy, for a moment to come; it has none yet."""
    row = ShardRow(
        id=new_id(),
        kind=ShardKind.PROXY_PROBE,
        proxy_id=proxy_id,
        status=ShardStatus.READY,
        available_at=at,
    )
    session.add(row)
    await session.flush()


async def drop_probe(session: Session, proxy_id: UUID) -> None:
    """Take the proxy out of work; a probe that is under way can no longer write what it finds."""
    await session.execute(delete(ShardRow).where(ShardRow.proxy_id == proxy_id))
