"""Keyword sets for those who look at them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import func, select

from db.engine import Session
from db.models import KeywordRuleRow, KeywordSetRow
from db.plain_rows import PlainRows
from db.queries.listing import Conditions, Listing, equals, holds
from db.queries.named import NamedOrderField
from db.scope import Scope


class KeywordSetFilter(msgspec.Struct, frozen=True):
    """Which keyword sets; what is None does not matter."""

    enabled: bool | None = None
    search: str | None = None


# A set may have a thousand.
_RULES = PlainRows(KeywordRuleRow)


def _conditions(scope: Scope, wanted: KeywordSetFilter) -> Conditions:
    return [
        scope.clause(KeywordSetRow.owner_id),
        *equals(KeywordSetRow.enabled, wanted.enabled),
        *holds(KeywordSetRow.name, wanted.search),
    ]


KEYWORD_SETS: Listing[KeywordSetRow, KeywordSetFilter] = Listing(
    model=KeywordSetRow,
    conditions=_conditions,
    keys={
        NamedOrderField.NAME: (KeywordSetRow.name, KeywordSetRow.id),
        NamedOrderField.CREATED_AT: (KeywordSetRow.created_at, KeywordSetRow.id),
    },
)


async def by_ids(session: Session, scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, KeywordSetRow]:
    """The visible ones of these keyword sets."""
    wanted = select(KeywordSetRow).where(KeywordSetRow.id.in_(ids), scope.clause(KeywordSetRow.owner_id))
    return {row.id: row for row in (await session.execute(wanted)).scalars()}


async def rules(
    session: Session, set_ids: Sequence[UUID], most: int | None = None
) -> Mapping[UUID, list[KeywordRuleRow]]:
    """The rules of these sets, in their order; the first `most` of them all, if that is given."""
    wanted = (
        select(*_RULES.columns)
        .where(KeywordRuleRow.set_id.in_(set_ids))
        .order_by(KeywordRuleRow.set_id, KeywordRuleRow.ordinal)
        .limit(most)
    )
    rows = (await session.execute(wanted)).all()
    found: defaultdict[UUID, list[KeywordRuleRow]] = defaultdict(list)
    for row in _RULES.read(rows, session.get_bind().dialect):
        found[row.set_id].append(row)
    return found


async def rule_counts(session: Session, set_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """How many rules these sets have; a set without rules is missing."""
    wanted = (
        select(KeywordRuleRow.set_id, func.count())
        .where(KeywordRuleRow.set_id.in_(set_ids))
        .group_by(KeywordRuleRow.set_id)
    )
    return {row[0]: row[1] for row in await session.execute(wanted)}
