"""Which campaigns use a persona, a proxy or a keyword set, and letting go of what is over.

A thing that a campaign may still work with cannot be deleted. A campaign that has ended keeps its results and
only loses the link. Whoever asks holds the row of the thing itself: a campaign that takes it up at the same
time holds that row by its foreign key until it commits, so on PostgreSQL the question waits for the answer.
"""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute

from db.engine import Session
from db.models import CampaignKeywordSetRow, CampaignProxyRow, CampaignRow, PhasePersonaRow
from vocabulary.campaigns import CampaignStatus

ENDED = (CampaignStatus.COMPLETED, CampaignStatus.FAILED, CampaignStatus.CANCELLED)


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


async def _release(
    session: Session, link: Link, column: InstrumentedAttribute[UUID], ident: UUID
) -> User | None:
    user = (
        select(CampaignRow.name, CampaignRow.owner_id)
        .join(link, link.campaign_id == CampaignRow.id)
        .where(column == ident, CampaignRow.status.not_in(ENDED))
        .order_by(CampaignRow.created_at)
        .limit(1)
    )
    found = (await session.execute(user)).one_or_none()
    if found is None:
        await session.execute(delete(link).where(column == ident))
        return None
    return User(*found)
