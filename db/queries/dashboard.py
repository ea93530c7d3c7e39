"""What the first screen shows of campaigns and domains, each in one statement however many there are."""

from collections.abc import Mapping

from sqlalchemy import func, select, union_all

from db.engine import Session
from db.models import CampaignRow, DomainRow, PhaseRow
from db.scope import Scope
from vocabulary.campaigns import CampaignStatus

CAMPAIGNS_MOST = 50
"""The newest domains are looked for in the campaigns that moved last; one more is one part of a compound SELECT."""


async def counts(session: Session, scope: Scope) -> Mapping[CampaignStatus, int]:
    """How many visible campaigns there are in each status."""
    wanted = (
        select(CampaignRow.status, func.count())
        .where(scope.clause(CampaignRow.owner_id))
        .group_by(CampaignRow.status)
    )
    found = {row[0]: row[1] for row in await session.execute(wanted)}
    return {status: found.get(status, 0) for status in CampaignStatus}


async def latest_domains(session: Session, scope: Scope, limit: int) -> list[DomainRow]:
    """The visible domains that were decided on last, newest first, of the 50 campaigns that moved last.

    Each campaign's part walks its own index and stops at `limit`, so that campaigns of millions cost no more.
    """
    moved = func.max(PhaseRow.progress_at)
    campaigns = (
        select(CampaignRow.id)
        .join(PhaseRow, PhaseRow.campaign_id == CampaignRow.id)
        .where(scope.clause(CampaignRow.owner_id), PhaseRow.progress_at.is_not(None))
        .group_by(CampaignRow.id)
        .order_by(moved.desc(), CampaignRow.id.desc())
        .limit(CAMPAIGNS_MOST)
    )
    idents = (await session.execute(campaigns)).scalars().all()
    if not idents:
        return []
    order = (DomainRow.checked_at.desc(), DomainRow.offset.desc())
    parts = [
        select(
            select(DomainRow.campaign_id, DomainRow.offset, DomainRow.checked_at)
            .where(DomainRow.campaign_id == ident)
            .order_by(*order)
            .limit(limit)
            .subquery()
        )
        for ident in idents
    ]
    newest = union_all(*parts).subquery()
    keys = select(newest).order_by(newest.c.checked_at.desc(), newest.c.offset.desc()).limit(limit).subquery()
    wanted = (
        select(DomainRow)
        .join(keys, (DomainRow.campaign_id == keys.c.campaign_id) & (DomainRow.offset == keys.c.offset))
        .order_by(*order, DomainRow.campaign_id)
    )
    return [*(await session.execute(wanted)).scalars()]
