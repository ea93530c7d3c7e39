"""Statements on principals and tokens."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec
from sqlalchemy import Table, bindparam, or_, select, update

from db.engine import Session
from db.models import PrincipalRow, TokenRow
from vocabulary.access import Role

_tokens, _principals = cast("Table", TokenRow.__table__), cast("Table", PrincipalRow.__table__)
# Two processes may write of the same token, in any order; the later time stays.
_USED = (
    update(_tokens)
    .where(
        _tokens.c.id == bindparam("token"),
        or_(_tokens.c.last_used_at.is_(None), _tokens.c.last_used_at < bindparam("at")),
    )
    .values(last_used_at=bindparam("at"))
)
# Everybody who comes is looked up by it, so it is made once. Behind the digest is what `Holder` has, in its order.
_HOLDERS = (
    select(
        _tokens.c.digest,
        _tokens.c.id,
        _tokens.c.role,
        _tokens.c.expires_at,
        _tokens.c.revoked_at,
        _principals.c.id,
        _principals.c.name,
        _principals.c.role,
        _principals.c.deactivated_at,
    )
    .join(_principals, _principals.c.id == _tokens.c.principal_id)
    .where(_tokens.c.digest.in_(bindparam("digests", expanding=True)))
)


async def any_exists(session: Session) -> bool:
    """Whether there is a principal at all."""
    return (await session.execute(select(PrincipalRow.id).limit(1))).scalar_one_or_none() is not None


async def find_by_name(session: Session, name: str) -> PrincipalRow | None:
    """The principal with this name."""
    wanted = select(PrincipalRow).where(PrincipalRow.name == name)
    return (await session.execute(wanted)).scalar_one_or_none()


async def lock(session: Session, ident: UUID) -> PrincipalRow | None:
    """The principal with this id, locked; as all locks of principals, against changes and not against references.

    The key of a request refers to whoever sent it, and is there first: two who hold a reference each would otherwise
    wait for each other.
    """
    wanted = select(PrincipalRow).where(PrincipalRow.id == ident).with_for_update(key_share=True)
    return (await session.execute(wanted)).scalar_one_or_none()


async def lock_active_admins(session: Session) -> Sequence[PrincipalRow]:
    """All who may administrate, locked in the order of their ids."""
    wanted = (
        select(PrincipalRow)
        .where(PrincipalRow.role == Role.ADMIN, PrincipalRow.deactivated_at.is_(None))
        .order_by(PrincipalRow.id)
        .with_for_update(key_share=True)
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


class Holder(msgspec.Struct, frozen=True):
    """A token and the principal that it belongs to, whether they are still good or not."""

    token_id: UUID
    token_role: Role
    expires_at: datetime | None
    revoked_at: datetime | None
    principal_id: UUID
    name: str
    role: Role
    deactivated_at: datetime | None


async def find_by_digests(session: Session, digests: Collection[str]) -> Mapping[str, Holder]:
    """Who holds the tokens with these digests."""
    found = await session.execute(_HOLDERS, {"digests": list(digests)})
    return {row[0]: Holder(*row[1:]) for row in found}


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


async def renew(session: Session, ident: UUID, expires_at: datetime, now: datetime) -> bool:
    """Let a token end at another moment; False if it was revoked or is over."""
    is_good = or_(TokenRow.expires_at.is_(None), TokenRow.expires_at > now)
    renewed = (
        update(TokenRow)
        .where(TokenRow.id == ident, TokenRow.revoked_at.is_(None), is_good)
        .values(expires_at=expires_at)
        .returning(TokenRow.id)
    )
    return (await session.execute(renewed)).scalar_one_or_none() is not None


async def note_uses(session: Session, uses: Mapping[UUID, datetime]) -> None:
    """Keep when tokens were used, of those that there are; an older time than the one that is kept changes nothing."""
    # In the order of their ids, so that no two processes wait for each other.
    rows = [{"token": ident, "at": uses[ident]} for ident in sorted(uses)]
    await (await session.connection()).execute(_USED, rows)


async def revoke(session: Session, ident: UUID, now: datetime) -> bool:
    """End a token; False if it had been revoked before."""
    ended = (
        update(TokenRow)
        .where(TokenRow.id == ident, TokenRow.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(TokenRow.id)
    )
    return (await session.execute(ended)).scalar_one_or_none() is not None
