"""Statements on scoring profiles and their versions."""

from uuid import UUID

from sqlalchemy import delete, select

from db.engine import Session
from db.models import ScoringProfileRow, ScoringVersionRow
from db.scope import Scope
from vocabulary.leads import ScoringConfig


async def add(session: Session, row: ScoringProfileRow, config: ScoringConfig) -> None:
    """Insert a profile with its first version."""
    session.add(row)
    await session.flush()
    await add_version(session, row, config)


async def add_version(session: Session, row: ScoringProfileRow, config: ScoringConfig) -> None:
    """Insert what a profile says from its present version on."""
    session.add(
        ScoringVersionRow(profile_id=row.id, version=row.version, config=config, created_at=row.updated_at)
    )
    await session.flush()


async def lock(session: Session, ident: UUID, scope: Scope) -> ScoringProfileRow | None:
    """The profile, locked until the end of the transaction, if it is visible."""
    wanted = select(ScoringProfileRow).where(
        ScoringProfileRow.id == ident, scope.clause(ScoringProfileRow.owner_id)
    )
    return (await session.execute(wanted.with_for_update())).scalar_one_or_none()


async def name_taken(session: Session, owner_id: UUID, name: str) -> bool:
    """Whether the owner has a profile with this name."""
    wanted = select(ScoringProfileRow.id).where(
        ScoringProfileRow.owner_id == owner_id, ScoringProfileRow.name == name
    )
    return (await session.execute(wanted)).scalar_one_or_none() is not None


async def newest(session: Session, ident: UUID, scope: Scope) -> tuple[int, ScoringConfig] | None:
    """The newest version of a profile and what it says, if the profile is visible."""
    wanted = (
        select(ScoringVersionRow.version, ScoringVersionRow.config)
        .join(ScoringProfileRow, ScoringProfileRow.id == ScoringVersionRow.profile_id)
        .where(
            ScoringProfileRow.id == ident,
            ScoringVersionRow.version == ScoringProfileRow.version,
            scope.clause(ScoringProfileRow.owner_id),
        )
    )
    found = (await session.execute(wanted)).one_or_none()
    return None if found is None else (found.version, found.config)


async def remove(session: Session, ident: UUID) -> None:
    """Delete a profile that no campaign links to any more, with its versions."""
    await session.execute(delete(ScoringVersionRow).where(ScoringVersionRow.profile_id == ident))
    await session.execute(delete(ScoringProfileRow).where(ScoringProfileRow.id == ident))
