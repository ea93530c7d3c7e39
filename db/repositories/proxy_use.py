"""Proxies as workers use them: which ones a campaign goes through, and their records while they are counted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, literal, select

from db.engine import Session
from db.models import (
    CampaignProxyRow,
    HttpConfigRow,
    ProxyPeriodRow,
    ProxyPoolMemberRow,
    ProxyPoolRow,
    ProxyRow,
    ShardRow,
)
from db.repositories.proxies import add_probe
from db.repositories.shards import make_ready
from vocabulary.work import ShardStatus

PERIOD = timedelta(minutes=5)
KEPT = timedelta(days=8)


@dataclass(frozen=True)
class Use:
    """One use of a proxy, or one test of it; only a test that went well measures a latency."""

    succeeded: bool
    latency_ms: int | None = None


def start_of_period(now: datetime) -> datetime:
    """When the period began that a moment is in."""
    return now - (now - datetime.min.replace(tzinfo=now.tzinfo)) % PERIOD


async def of_campaign(session: Session, campaign_id: UUID) -> Sequence[ProxyRow]:
    """The proxies that a campaign names or that its pool has, in their order. See `weighted`."""
    return [row for row, _ in await weighted(session, campaign_id)]


async def weighted(session: Session, campaign_id: UUID) -> list[tuple[ProxyRow, int]]:
    """The proxies that a campaign goes through, each with its weight: those that it names, or those of its pool.

    An inactive member is not among them, and none of a pool that is disabled.
    """
    named = (
        select(ProxyRow, literal(1))
        .join(CampaignProxyRow, CampaignProxyRow.proxy_id == ProxyRow.id)
        .where(CampaignProxyRow.campaign_id == campaign_id)
        .order_by(CampaignProxyRow.ordinal)
    )
    pooled = (
        select(ProxyRow, ProxyPoolMemberRow.weight)
        .join(ProxyPoolMemberRow, ProxyPoolMemberRow.proxy_id == ProxyRow.id)
        .join(ProxyPoolRow, ProxyPoolRow.id == ProxyPoolMemberRow.pool_id)
        .join(HttpConfigRow, HttpConfigRow.pool_id == ProxyPoolRow.id)
        .where(HttpConfigRow.campaign_id == campaign_id)
        .where(ProxyPoolRow.enabled.is_(True), ProxyPoolMemberRow.active.is_(True))
        .order_by(ProxyPoolMemberRow.ordinal, ProxyPoolMemberRow.proxy_id)
    )
    found = (await session.execute(named)).all() or (await session.execute(pooled)).all()
    return [(row, weight) for row, weight in found]


async def goes_direct(session: Session, campaign_id: UUID) -> bool:
    """Whether a campaign was configured without proxies. One that has lost them since never goes without."""
    wanted = select(HttpConfigRow).where(HttpConfigRow.campaign_id == campaign_id)
    config = (await session.execute(wanted)).scalar_one_or_none()
    return config is None or not (config.proxy_count or config.had_pool or config.pool_id)


async def pool_of(session: Session, campaign_id: UUID) -> ProxyPoolRow | None:
    """The pool that a campaign goes through, if it names one."""
    wanted = select(ProxyPoolRow).join(HttpConfigRow, HttpConfigRow.pool_id == ProxyPoolRow.id)
    found = await session.execute(wanted.where(HttpConfigRow.campaign_id == campaign_id))
    return found.scalar_one_or_none()


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
    elif probe.status is ShardStatus.READY:
        probe.available_at = min(probe.available_at, at)


async def count(session: Session, proxy_id: UUID, now: datetime, uses: Sequence[Use]) -> None:
    """Count uses of a proxy, which the caller holds locked, in the present period.

    With each new period those that are older than eight days go, so there are never more than fit into that time.
    """
    starts_at = start_of_period(now)
    row = await session.get(ProxyPeriodRow, (proxy_id, starts_at))
    if row is None:
        row = ProxyPeriodRow(
            proxy_id=proxy_id,
            starts_at=starts_at,
            successes=0,
            failures=0,
            latency_sum_ms=0,
            latency_count=0,
        )
        session.add(row)
        await session.execute(
            delete(ProxyPeriodRow).where(
                ProxyPeriodRow.proxy_id == proxy_id, ProxyPeriodRow.starts_at < now - KEPT
            )
        )
    good = sum(use.succeeded for use in uses)
    measured = [use.latency_ms for use in uses if use.latency_ms is not None]
    row.successes += good
    row.failures += len(uses) - good
    row.latency_sum_ms += sum(measured)
    row.latency_count += len(measured)
