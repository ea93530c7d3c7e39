"""Pools of proxies and their members for those who look at them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

import msgspec
from sqlalchemy import select

from db.engine import Session
from db.models import ProxyPoolMemberRow, ProxyPoolRow
from db.queries.listing import Conditions, Listing, equals, holds
from db.queries.named import NamedOrderField
from db.repositories import pools
from db.scope import Scope


class PoolFilter(msgspec.Struct, frozen=True):
    """Which pools; what is None does not matter."""

    enabled: bool | None = None
    search: str | None = None


class MemberFilter(msgspec.Struct, frozen=True):
    """The members of one pool."""

    pool_id: UUID


class MemberOrderField(StrEnum):
    """What the members of a pool are ordered by."""

    POSITION = "POSITION"


def _conditions(scope: Scope, wanted: PoolFilter) -> Conditions:
    return [
        scope.clause(ProxyPoolRow.owner_id),
        *equals(ProxyPoolRow.enabled, wanted.enabled),
        *holds(ProxyPoolRow.name, wanted.search),
    ]


def _of_pool(scope: Scope, wanted: MemberFilter) -> Conditions:
    visible = select(ProxyPoolRow.id).where(scope.clause(ProxyPoolRow.owner_id))
    return [ProxyPoolMemberRow.pool_id == wanted.pool_id, ProxyPoolMemberRow.pool_id.in_(visible)]


POOLS: Listing[ProxyPoolRow, PoolFilter] = Listing(
    model=ProxyPoolRow,
    conditions=_conditions,
    keys={
        NamedOrderField.NAME: (ProxyPoolRow.name, ProxyPoolRow.id),
        NamedOrderField.CREATED_AT: (ProxyPoolRow.created_at, ProxyPoolRow.id),
    },
)
MEMBERS: Listing[ProxyPoolMemberRow, MemberFilter] = Listing(
    model=ProxyPoolMemberRow,
    conditions=_of_pool,
    keys={MemberOrderField.POSITION: (ProxyPoolMemberRow.ordinal, ProxyPoolMemberRow.proxy_id)},
)


async def by_ids(session: Session, scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, ProxyPoolRow]:
    """The visible ones of these pools."""
    return await pools.get_many(session, ids, scope)


async def member_counts(session: Session, pool_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """How many members pools have; one without any is not in the answer."""
    return await pools.counts(session, pool_ids)


async def of_proxies(
    session: Session, scope: Scope, proxy_ids: Sequence[UUID], most: int | None = None
) -> Mapping[UUID, list[ProxyPoolRow]]:
    """The visible pools that proxies are members of, by name; `most` of them all, if that is given."""
    wanted = (
        select(ProxyPoolMemberRow.proxy_id, ProxyPoolRow)
        .join(ProxyPoolRow, ProxyPoolRow.id == ProxyPoolMemberRow.pool_id)
        .where(ProxyPoolMemberRow.proxy_id.in_(proxy_ids), scope.clause(ProxyPoolRow.owner_id))
        .order_by(ProxyPoolRow.name, ProxyPoolRow.id)
        .limit(most)
    )
    found: dict[UUID, list[ProxyPoolRow]] = defaultdict(list)
    for proxy_id, pool in await session.execute(wanted):
        found[proxy_id].append(pool)
    return found
