"""Proxies for those who look at them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Float, case, cast, func, select

from db.engine import Session
from db.models import ProxyRow
from db.queries.listing import Conditions, Listing, among, equals, holds
from db.queries.named import NamedOrderField
from db.scope import Scope
from vocabulary.proxies import ProxyHealth, ProxyProtocol


class ProxyFilter(msgspec.Struct, frozen=True):
    """Which proxies; what is None does not matter."""

    enabled: bool | None = None
    protocol: tuple[ProxyProtocol, ...] | None = None
    health: tuple[ProxyHealth, ...] | None = None
    search: str | None = None


def _conditions(scope: Scope, wanted: ProxyFilter) -> Conditions:
    return [
        scope.clause(ProxyRow.owner_id),
        *equals(ProxyRow.enabled, wanted.enabled),
        *among(ProxyRow.protocol, wanted.protocol),
        *among(ProxyRow.health, wanted.health),
        *holds(ProxyRow.name, wanted.search),
    ]


PROXIES: Listing[ProxyRow, ProxyFilter] = Listing(
    model=ProxyRow,
    conditions=_conditions,
    keys={
        NamedOrderField.NAME: (ProxyRow.name, ProxyRow.id),
        NamedOrderField.CREATED_AT: (ProxyRow.created_at, ProxyRow.id),
    },
)


@dataclass(frozen=True)
class Stats:
    """How many proxies there are, and how they are; latency is of their last good tests, the rate from 0 to 1."""

    total: int
    enabled: int
    healthy: int
    unhealthy: int
    unknown: int
    testing: int
    average_latency_ms: float | None
    success_rate: float | None


async def by_ids(session: Session, scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, ProxyRow]:
    """The visible ones of these proxies."""
    wanted = select(ProxyRow).where(ProxyRow.id.in_(ids), scope.clause(ProxyRow.owner_id))
    return {row.id: row for row in (await session.execute(wanted)).scalars()}


async def stats(session: Session, scope: Scope) -> Stats:
    """Counts of the visible proxies, and how well they do together."""
    successes, failures = func.sum(ProxyRow.success_count), func.sum(ProxyRow.failure_count)
    wanted = select(
        func.count().label("total"),
        _count(ProxyRow.enabled.is_(True)).label("enabled"),
        *(_count(ProxyRow.health == health).label(health.lower()) for health in ProxyHealth),
        cast(func.avg(ProxyRow.latency_ms), Float).label("average_latency_ms"),
        (cast(successes, Float) / func.nullif(successes + failures, 0)).label("success_rate"),
    ).where(scope.clause(ProxyRow.owner_id))
    row = (await session.execute(wanted)).mappings().one()
    return Stats(**row)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


async def all_of(session: Session, scope: Scope, ids: Collection[UUID] | None) -> Sequence[ProxyRow]:
    """Those of the visible proxies with one of these ids, or all if `ids` is None, by name."""
    wanted = select(ProxyRow).where(scope.clause(ProxyRow.owner_id), *among(ProxyRow.id, ids))
    return (await session.execute(wanted.order_by(ProxyRow.name, ProxyRow.id))).scalars().all()
