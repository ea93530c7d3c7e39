"""Statements on many proxies of one owner at once: those of a list that is imported, and those that are cleaned away.

Two imports of one owner take turns at the row of the owner, so that the second sees what the first has added and
finds nothing left to do. The lock lets everybody else refer to the owner meanwhile.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select

from core.ids import new_id
from db.engine import Session
from db.models import CampaignProxyRow, CampaignRow, PrincipalRow, ProxyRow, ShardRow
from db.repositories.uses import ENDED, User
from vocabulary.proxies import ProxyHealth
from vocabulary.work import ShardKind, ShardStatus


async def take_turn(session: Session, owner_id: UUID) -> None:
    """Wait until no other transaction imports for this owner."""
    owner = select(PrincipalRow.id).where(PrincipalRow.id == owner_id)
    await session.execute(owner.with_for_update(key_share=True))


async def at(
    session: Session, owner_id: UUID, hosts: Collection[str], ports: Collection[int]
) -> Sequence[ProxyRow]:
    """The owner's proxies at one of these hosts and one of these ports."""
    wanted = select(ProxyRow).where(
        ProxyRow.owner_id == owner_id, ProxyRow.host.in_(hosts), ProxyRow.port.in_(ports)
    )
    return (await session.execute(wanted)).scalars().all()


async def names_taken(session: Session, owner_id: UUID, names: Collection[str]) -> set[str]:
    """Those of the names that the owner's proxies have."""
    wanted = select(ProxyRow.name).where(ProxyRow.owner_id == owner_id, ProxyRow.name.in_(names))
    return {*(await session.execute(wanted)).scalars()}


async def add(session: Session, rows: Sequence[ProxyRow], probe_at: datetime) -> None:
    """Insert proxies, each with the shard that probes it."""
    session.add_all(rows)
    await session.flush()
    session.add_all(
        ShardRow(
            id=new_id(),
            kind=ShardKind.PROXY_PROBE,
            proxy_id=row.id,
            status=ShardStatus.READY,
            available_at=probe_at,
        )
        for row in rows
    )
    await session.flush()


async def unhealthy(session: Session, owner_id: UUID, failures: int, limit: int) -> Sequence[ProxyRow]:
    """The owner's unhealthy proxies with so many failures in a row; those that nobody uses come first."""
    in_use = (
        exists()
        .where(CampaignProxyRow.proxy_id == ProxyRow.id, CampaignProxyRow.campaign_id == CampaignRow.id)
        .where(CampaignRow.status.not_in(ENDED))
    )
    wanted = select(ProxyRow).where(
        ProxyRow.owner_id == owner_id,
        ProxyRow.health == ProxyHealth.UNHEALTHY,
        ProxyRow.consecutive_failures >= failures,
    )
    return (await session.execute(wanted.order_by(in_use, ProxyRow.id).limit(limit))).scalars().all()


async def users(session: Session, proxy_ids: Collection[UUID]) -> dict[UUID, User]:
    """For each proxy that a campaign uses which has not ended: the oldest such campaign."""
    wanted = (
        select(CampaignProxyRow.proxy_id, CampaignRow.name, CampaignRow.owner_id)
        .join(CampaignRow, CampaignProxyRow.campaign_id == CampaignRow.id)
        .where(CampaignProxyRow.proxy_id.in_(proxy_ids), CampaignRow.status.not_in(ENDED))
        .order_by(CampaignRow.created_at.desc(), CampaignRow.id.desc())
    )
    return {ident: User(name, owner_id) for ident, name, owner_id in await session.execute(wanted)}


async def remove(session: Session, proxy_ids: Collection[UUID]) -> None:
    """Delete proxies that only ended campaigns link to, with these links and their probes."""
    await session.execute(delete(CampaignProxyRow).where(CampaignProxyRow.proxy_id.in_(proxy_ids)))
    await session.execute(delete(ProxyRow).where(ProxyRow.id.in_(proxy_ids)))
