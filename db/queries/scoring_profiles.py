"""Scoring profiles for those who look at them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select

from db.engine import Session
from db.models import ScoringProfileRow, ScoringVersionRow
from db.queries.listing import Conditions, Listing, holds
from db.queries.named import NamedOrderField
from db.scope import Scope

VERSIONS_MOST = 100


class ScoringProfileFilter(msgspec.Struct, frozen=True):
    """Which scoring profiles; what is None does not matter."""

    search: str | None = None


def _conditions(scope: Scope, wanted: ScoringProfileFilter) -> Conditions:
    return [scope.clause(ScoringProfileRow.owner_id), *holds(ScoringProfileRow.name, wanted.search)]


SCORING_PROFILES: Listing[ScoringProfileRow, ScoringProfileFilter] = Listing(
    model=ScoringProfileRow,
    conditions=_conditions,
    keys={
        NamedOrderField.NAME: (ScoringProfileRow.name, ScoringProfileRow.id),
        NamedOrderField.CREATED_AT: (ScoringProfileRow.created_at, ScoringProfileRow.id),
    },
)


async def by_ids(session: Session, scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, ScoringProfileRow]:
    """The visible ones of these profiles."""
    wanted = select(ScoringProfileRow).where(
        ScoringProfileRow.id.in_(ids), scope.clause(ScoringProfileRow.owner_id)
    )
    return {row.id: row for row in (await session.execute(wanted)).scalars()}


async def now(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, ScoringVersionRow]:
    """What these profiles say now."""
    wanted = (
        select(ScoringVersionRow)
        .join(ScoringProfileRow, ScoringProfileRow.id == ScoringVersionRow.profile_id)
        .where(ScoringVersionRow.profile_id.in_(ids), ScoringVersionRow.version == ScoringProfileRow.version)
    )
    return {row.profile_id: row for row in (await session.execute(wanted)).scalars()}


async def versions(
    session: Session, ids: Sequence[UUID], most: int | None = None
) -> Mapping[UUID, list[ScoringVersionRow]]:
    """What these profiles said at each of their versions, the newest first; at most `VERSIONS_MOST` of each.

    They are `most` of them all, if that is given.
    """
    wanted = (
        select(ScoringVersionRow)
        .join(ScoringProfileRow, ScoringProfileRow.id == ScoringVersionRow.profile_id)
        .where(
            ScoringVersionRow.profile_id.in_(ids),
            ScoringVersionRow.version > ScoringProfileRow.version - VERSIONS_MOST,
        )
        .order_by(ScoringVersionRow.version.desc())
        .limit(most)
    )
    found: defaultdict[UUID, list[ScoringVersionRow]] = defaultdict(list)
    for row in (await session.execute(wanted)).scalars():
        found[row.profile_id].append(row)
    return found
