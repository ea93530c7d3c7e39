"""Principals and their tokens for those who look at them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, or_, select

from db.engine import Session
from db.models import PrincipalRow, TokenRow
from db.queries.listing import Conditions, Listing, among, equals, holds
from db.queries.named import NamedOrderField
from db.scope import Scope
from vocabulary.access import Role


class PrincipalFilter(msgspec.Struct, frozen=True):
    """Which principals; what is None does not matter."""

    role: tuple[Role, ...] | None = None
    active: bool | None = None
    search: str | None = None


class TokenFilter(msgspec.Struct, frozen=True):
    """Which tokens; what is None does not matter. `active` is neither revoked nor over at `now`."""

    now: datetime
    principal_id: UUID | None = None
    active: bool | None = None


def _principals(scope: Scope, wanted: PrincipalFilter) -> Conditions:
    conditions = [
        scope.clause(PrincipalRow.id),
        *among(PrincipalRow.role, wanted.role),
        *holds(PrincipalRow.name, wanted.search),
    ]
    if wanted.active is not None:
        ended = PrincipalRow.deactivated_at
        conditions.append(ended.is_(None) if wanted.active else ended.is_not(None))
    return conditions


def _tokens(scope: Scope, wanted: TokenFilter) -> Conditions:
    conditions = [scope.clause(TokenRow.principal_id), *equals(TokenRow.principal_id, wanted.principal_id)]
    if wanted.active is not None:
        conditions += _good(wanted.now) if wanted.active else [_over(wanted.now)]
    return conditions


def _good(now: datetime) -> Conditions:
    return [TokenRow.revoked_at.is_(None), or_(TokenRow.expires_at.is_(None), TokenRow.expires_at > now)]


def _over(now: datetime) -> ColumnElement[bool]:
    return or_(TokenRow.revoked_at.is_not(None), TokenRow.expires_at <= now)


PRINCIPALS: Listing[PrincipalRow, PrincipalFilter] = Listing(
    model=PrincipalRow,
    conditions=_principals,
    keys={
        NamedOrderField.NAME: (PrincipalRow.name, PrincipalRow.id),
        NamedOrderField.CREATED_AT: (PrincipalRow.created_at, PrincipalRow.id),
    },
)
TOKENS: Listing[TokenRow, TokenFilter] = Listing(
    model=TokenRow,
    conditions=_tokens,
    keys={
        NamedOrderField.NAME: (TokenRow.name, TokenRow.id),
        NamedOrderField.CREATED_AT: (TokenRow.created_at, TokenRow.id),
    },
)


async def by_ids(session: Session, scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, PrincipalRow]:
    """The visible ones of these principals: oneself, or all for those who see everything."""
    wanted = select(PrincipalRow).where(PrincipalRow.id.in_(ids), scope.clause(PrincipalRow.id))
    return {row.id: row for row in (await session.execute(wanted)).scalars()}


async def tokens_by_ids(session: Session, scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, TokenRow]:
    """The visible ones of these tokens: one's own, or all for those who see everything."""
    wanted = select(TokenRow).where(TokenRow.id.in_(ids), scope.clause(TokenRow.principal_id))
    return {row.id: row for row in (await session.execute(wanted)).scalars()}
