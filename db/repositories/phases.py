"""One phase of a campaign, locked. The campaign's row is locked before (`campaigns.lock`), shards are after."""

from uuid import UUID

from sqlalchemy import select

from db.engine import Session
from db.models import PhaseRow
from vocabulary.campaigns import PhaseKind, PhaseStatus

_CURRENT = (PhaseStatus.IN_PROGRESS, PhaseStatus.PAUSED)


async def locked(session: Session, campaign_id: UUID, kind: PhaseKind) -> PhaseRow:
    """One phase of a campaign whose row is locked already."""
    wanted = select(PhaseRow).where(PhaseRow.campaign_id == campaign_id, PhaseRow.kind == kind)
    wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(wanted)).scalar_one()


async def current(session: Session, campaign_id: UUID) -> PhaseRow | None:
    """The phase that runs or is paused, locked; None before the start and after the end."""
    wanted = select(PhaseRow).where(PhaseRow.campaign_id == campaign_id, PhaseRow.status.in_(_CURRENT))
    wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(wanted)).scalar_one_or_none()


async def exist(session: Session, campaign_id: UUID) -> bool:
    """Whether a campaign has its phases still: they go when it is deleted."""
    wanted = select(PhaseRow.ordinal).where(PhaseRow.campaign_id == campaign_id).limit(1)
    return (await session.execute(wanted)).scalar_one_or_none() is not None
