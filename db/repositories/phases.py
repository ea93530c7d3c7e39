"""Campaigns and their phases as the locks and the records of what runs.

The row of the campaign is taken first by everything that changes it, then its phases, then shards, then
domains; so two transactions can wait for each other only in one order.
"""

from uuid import UUID

from sqlalchemy import select

from db.engine import Session
from db.models import CampaignRow, PhaseRow
from vocabulary.campaigns import PhaseKind, PhaseStatus

_CURRENT = (PhaseStatus.IN_PROGRESS, PhaseStatus.PAUSED)


async def locked_campaign(session: Session, campaign_id: UUID) -> CampaignRow | None:
    """The campaign, locked until the transaction ends; None if there is none."""
    wanted = select(CampaignRow).where(CampaignRow.id == campaign_id).with_for_update()
    return (await session.execute(wanted.execution_options(populate_existing=True))).scalar_one_or_none()


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
