"""Statements on personas."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select

from db.engine import Session
from db.models import PersonaRow
from db.scope import Scope
from vocabulary.personas import PersonaType


async def add(session: Session, row: PersonaRow) -> None:
    """Insert a persona."""
    session.add(row)
    await session.flush()


async def lock(session: Session, ident: UUID, scope: Scope) -> PersonaRow | None:
    """The persona, locked until the end of the transaction, if it is visible."""
    wanted = select(PersonaRow).where(PersonaRow.id == ident, scope.clause(PersonaRow.owner_id))
    return (await session.execute(wanted.with_for_update())).scalar_one_or_none()


async def get_many(session: Session, idents: Sequence[UUID], scope: Scope) -> dict[UUID, PersonaRow]:
    """Those of the personas that are visible, by id."""
    wanted = select(PersonaRow).where(PersonaRow.id.in_(idents), scope.clause(PersonaRow.owner_id))
    return {row.id: row for row in (await session.execute(wanted)).scalars()}


async def name_taken(session: Session, owner_id: UUID, kind: PersonaType, name: str) -> bool:
    """Whether the owner has a persona of this type with this name."""
    wanted = select(PersonaRow.id).where(
        PersonaRow.owner_id == owner_id, PersonaRow.persona_type == kind, PersonaRow.name == name
    )
    return (await session.execute(wanted)).scalar_one_or_none() is not None


async def remove(session: Session, ident: UUID) -> None:
    """Delete a persona that nothing links to any more."""
    await session.execute(delete(PersonaRow).where(PersonaRow.id == ident))
