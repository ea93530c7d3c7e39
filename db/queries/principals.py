"""Principals for those who look at them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from db.engine import Session
from db.models import PrincipalRow
from db.scope import Scope


async def by_ids(session: Session, scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, PrincipalRow]:
    """The visible ones of these principals: oneself, or all for those who see everything."""
    wanted = select(PrincipalRow).where(PrincipalRow.id.in_(ids), scope.clause(PrincipalRow.id))
    return {row.id: row for row in (await session.execute(wanted)).scalars()}
