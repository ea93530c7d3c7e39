"""Statements on principals and tokens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from db.engine import Session
from db.models import PrincipalRow, TokenRow
from vocabulary.access import Role


async def any_exists(session: Session) -> bool:
    """Whether there is a principal at all."""
    return (await session.execute(select(PrincipalRow.id).limit(1))).scalar_one_or_none() is not None


async def find_by_name(session: Session, name: str) -> PrincipalRow | None:
    """The principal with this name."""
    wanted = select(PrincipalRow).where(PrincipalRow.name == name)
    return (await session.execute(wanted)).scalar_one_or_none()


async def lock(session: Session, ident: UUID) -> PrincipalRow | None:
    """The principal with this id, locked."""
    wanted = select(PrincipalRow).where(PrincipalRow.id == ident).with_for_update()
    return (await session.execute(wanted)).scalar_one_or_none()


async def lock_active_admins(session: Session) -> Sequence[PrincipalRow]:
    """All who may administrate, locked in the order of their ids."""
    wanted = (
        select(PrincipalRow)
        .where(PrincipalRow.role == Role.ADMIN, PrincipalRow.deactivated_at.is_(None))
        .order_by(PrincipalRow.id)
        .with_for_update()
    )
    return (await session.execute(wanted)).scalars().all()


async def add_principal(session: Session, row: PrincipalRow) -> None:
    """Insert a principal."""
    session.add(row)
    await session.flush()


async def add_token(session: Session, row: TokenRow) -> None:
    """Insert a token."""
    session.add(row)
    await session.flush()


async def find_by_digest(session: Session, digest: str) -> tuple[TokenRow, PrincipalRow] | None:
    """The token with this digest and the principal that it belongs to, whether it is still good or not."""
    wanted = (
        select(TokenRow, PrincipalRow)
        .join(PrincipalRow, PrincipalRow.id == TokenRow.principal_id)
        .where(TokenRow.digest == digest)
    )
    row = (await session.execute(wanted)).one_or_none()
    return None if row is None else (row[0], row[1])


async def find_token(session: Session, ident: UUID) -> tuple[TokenRow, PrincipalRow] | None:
    """The token with this id and the principal that it belongs to."""
    wanted = (
        select(TokenRow, PrincipalRow)
        .join(PrincipalRow, PrincipalRow.id == TokenRow.principal_id)
        .where(TokenRow.id == ident)
    )
    row = (await session.execute(wanted)).one_or_none()
    return None if row is None else (row[0], row[1])


async def list_tokens(session: Session) -> Sequence[tuple[TokenRow, PrincipalRow]]:
    """All tokens with their principals, oldest first."""
    wanted = (
        select(TokenRow, PrincipalRow)
        .join(PrincipalRow, PrincipalRow.id == TokenRow.principal_id)
        .order_by(TokenRow.created_at, TokenRow.id)
    )
    return [(row[0], row[1]) for row in (await session.execute(wanted)).all()]


async def revoke(session: Session, ident: UUID, now: datetime) -> bool:
    """End a token; False if it had been revoked before."""
    ended = (
        update(TokenRow)
        .where(TokenRow.id == ident, TokenRow.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(TokenRow.id)
    )
    return (await session.execute(ended)).scalar_one_or_none() is not None
