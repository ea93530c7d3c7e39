"""Which campaigns use a persona, a proxy, a pool, a keyword set or a scoring profile, and letting go of what is over.

A thing that a campaign may still work with cannot be deleted. A campaign that has ended keeps its results and
only loses the link. Whoever asks holds the row of the thing itself: a campaign that takes it up at the same
time holds that row by its foreign key until it commits, so on PostgreSQL the question waits for the answer.
"""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import InstrumentedAttribute

from db.engine import Session
from db.models import (
    AnalysisConfigRow,
    CampaignKeywordSetRow,
    CampaignProxyRow,
    CampaignRow,
    HttpConfigRow,
    PhasePersonaRow,
)
from vocabulary.campaigns import CampaignStatus

ENDED = (
    CampaignStatus.COMPLETED,
    CampaignStatus.FAILED,
    CampaignStatus.CANCELLED,
    CampaignStatus.ARCHIVED,
)


class User(NamedTuple):
    """A campaign that uses a thing; it may be of another owner than the thing, for admins may use what is anybody's."""

    name: str
    owner_id: UUID


Link = type[PhasePersonaRow] | type[CampaignKeywordSetRow] | type[CampaignProxyRow]


async def release_persona(session: Session, persona_id: UUID) -> User | None:
    """Unlink a persona from every ended campaign; gives one that is not ended, if any uses it."""
    return await _release(session, PhasePersonaRow, PhasePersonaRow.persona_id, persona_id)


async def release_keyword_set(session: Session, set_id: UUID) -> User | None:
    """Unlink a keyword set from every ended campaign; gives one that is not ended, if any uses it."""
    return await _release(session, CampaignKeywordSetRow, CampaignKeywordSetRow.keyword_set_id, set_id)


async def release_proxy(session: Session, proxy_id: UUID) -> User | None:
    """Unlink a proxy from every ended campaign; gives one that is not ended, if any uses it."""
    return await _release(session, CampaignProxyRow, CampaignProxyRow.proxy_id, proxy_id)


async def release_pool(session: Session, pool_id: UUID) -> User | None:
    """Unlink a pool from every ended campaign; gives one that is not ended, if any uses it."""
    user = (
        select(CampaignRow.name, CampaignRow.owner_id)
        .join(HttpConfigRow, HttpConfigRow.campaign_id == CampaignRow.id)
        .where(HttpConfigRow.pool_id == pool_id, CampaignRow.status.not_in(ENDED))
        .order_by(CampaignRow.created_at)
        .limit(1)
    )
    found = (await session.execute(user)).one_or_none()
    if found is None:
        ended = update(HttpConfigRow).where(HttpConfigRow.pool_id == pool_id)
        await session.execute(ended.values(pool_id=None))
        return None
    return User(*found)


async def release_scoring_profile(session: Session, profile_id: UUID) -> User | None:
    """Unlink a scoring profile from every ended campaign; gives one that is not ended, if any uses it.

    What a campaign was scored by last it keeps.
    """
    column = AnalysisConfigRow.profile_id
    user = await _user(session, AnalysisConfigRow, column == profile_id)
    if user is None:
        unlinked = update(AnalysisConfigRow).where(column == profile_id).values(profile_id=None)
        await session.execute(unlinked.execution_options(synchronize_session=False))
    return user


async def _release(
    session: Session, link: Link, column: InstrumentedAttribute[UUID], ident: UUID
) -> User | None:
    user = await _user(session, link, column == ident)
    if user is None:
        await session.execute(delete(link).where(column == ident))
    return user


async def _user(
    session: Session, link: Link | type[AnalysisConfigRow], condition: ColumnElement[bool]
) -> User | None:
    """The oldest campaign that has not ended and is linked."""
    wanted = (
        select(CampaignRow.name, CampaignRow.owner_id)
        .join(link, link.campaign_id == CampaignRow.id)
        .where(condition, CampaignRow.status.not_in(ENDED))
        .order_by(CampaignRow.created_at)
        .limit(1)
    )
    found = (await session.execute(wanted)).one_or_none()
    return None if found is None else User(*found)
