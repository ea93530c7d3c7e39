"""Proxies as workers use them: which ones a campaign goes through, and their records while they are counted."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from db.engine import Session
from db.models import CampaignProxyRow, ProxyRow, ShardRow
from db.repositories.proxies import add_probe
from db.repositories.shards import make_ready
from vocabulary.work import ShardStatus


async def of_campaign(session: Session, campaign_id: UUID) -> Sequence[ProxyRow]:
    """The proxies that a campaign names, in its order."""
    wanted = (
        select(ProxyRow)
        .join(CampaignProxyRow, CampaignProxyRow.proxy_id == ProxyRow.id)
        .where(CampaignProxyRow.campaign_id == campaign_id)
        .order_by(CampaignProxyRow.ordinal)
    )
    return (await session.execute(wanted)).scalars().all()


async def lock_with_probes(session: Session, ids: Collection[UUID]) -> list[tuple[ProxyRow, ShardRow | None]]:
    """Proxies and the shards that probe them, all locked, by ascending id of the proxy: shards before proxies."""
    shards = select(ShardRow).where(ShardRow.proxy_id.in_(ids)).order_by(ShardRow.proxy_id)
    found = (await session.execute(shards.with_for_update())).scalars()
    probes = {shard.proxy_id: shard for shard in found}
    proxies = select(ProxyRow).where(ProxyRow.id.in_(ids)).order_by(ProxyRow.id)
    proxies = proxies.with_for_update().execution_options(populate_existing=True)
    return [(row, probes.get(row.id)) for row in (await session.execute(proxies)).scalars()]


async def probe_at(session: Session, proxy_id: UUID, probe: ShardRow | None, at: datetime) -> None:
    """Have a proxy probed at a moment. A probe that is under way or due earlier stays as it is."""
    if probe is None:
        # Whoever enabled the proxy while we waited for its row has made its shard since, and made it due.
        made = select(ShardRow.id).where(ShardRow.proxy_id == proxy_id)
        if (await session.execute(made)).scalar_one_or_none() is None:
            await add_probe(session, proxy_id, at)
    elif probe.status is ShardStatus.DONE:
        probe.attempts = 0
        make_ready(probe, at)
