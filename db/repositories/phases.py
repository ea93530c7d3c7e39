"""The phases of a campaign, locked. The campaign's row is locked before (`campaigns.lock`), shards are after."""

from uuid import UUID

from sqlalchemy import select

from db.engine import Session
from db.models import PhaseRow
from vocabulary.campaigns import PhaseKind


async def lock_all(session: Session, campaign_id: UUID) -> dict[PhaseKind, PhaseRow]:
    """The phases of a campaign whose row is locked already, in the order in which they run."""
    wanted = select(PhaseRow).where(PhaseRow.campaign_id == campaign_id).order_by(PhaseRow.ordinal)
    wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return {row.kind: row for row in (await session.execute(wanted)).scalars()}


async def exist(session: Session, campaign_id: UUID) -> bool:
    """Whether a campaign has its phases still: they go when it is deleted."""
    wanted = select(PhaseRow.ordinal).where(PhaseRow.campaign_id == campaign_id).limit(1)
    return (await session.execute(wanted)).scalar_one_or_none() is not None
