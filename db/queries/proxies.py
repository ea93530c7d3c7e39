"""Proxies for those who look at them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Float, case, cast, func, select

from db.engine import Session
from db.models import ProxyPeriodRow, ProxyPoolMemberRow, ProxyRow
from db.queries.listing import Conditions, Listing, among, equals, holds
from db.repositories.proxy_use import PERIOD, start_of_period
from db.scope import Scope
from vocabulary.proxies import ProxyHealth, ProxyProtocol, StatsWindow

Number = float | Decimal


class ProxyFilter(msgspec.Struct, frozen=True):
    """Which proxies; what is None does not matter."""

    enabled: bool | None = None
    protocol: tuple[ProxyProtocol, ...] | None = None
    health: tuple[ProxyHealth, ...] | None = None
    search: str | None = None
    country: tuple[str, ...] | None = None
    pool_id: UUID | None = None


class ProxyOrderField(StrEnum):
    """What proxies are ordered by. One that was never tested is slower than any, and was tested longer ago."""

    NAME = "NAME"
    CREATED_AT = "CREATED_AT"
    LATENCY = "LATENCY"
    LAST_CHECKED = "LAST_CHECKED"
    FAILURE_RATE = "FAILURE_RATE"


def _conditions(scope: Scope, wanted: ProxyFilter) -> Conditions:
    return [
        scope.clause(ProxyRow.owner_id),
        *equals(ProxyRow.enabled, wanted.enabled),
        *among(ProxyRow.protocol, wanted.protocol),
        *among(ProxyRow.health, wanted.health),
        *among(ProxyRow.country_code, wanted.country),
        *_in_pool(wanted.pool_id),
        *holds(ProxyRow.name, wanted.search),
    ]


def _in_pool(pool_id: UUID | None) -> Conditions:
    if pool_id is None:
        return []
    members = select(ProxyPoolMemberRow.proxy_id).where(ProxyPoolMemberRow.pool_id == pool_id)
    return [ProxyRow.id.in_(members)]


PROXIES: Listing[ProxyRow, ProxyFilter] = Listing(
    model=ProxyRow,
    conditions=_conditions,
    keys={
        ProxyOrderField.NAME: (ProxyRow.name, ProxyRow.id),
        ProxyOrderField.CREATED_AT: (ProxyRow.created_at, ProxyRow.id),
        ProxyOrderField.LATENCY: (ProxyRow.latency_order_ms, ProxyRow.id),
        ProxyOrderField.LAST_CHECKED: (ProxyRow.checked_order_at, ProxyRow.id),
        ProxyOrderField.FAILURE_RATE: (ProxyRow.failure_rate, ProxyRow.id),
    },
)


@dataclass(frozen=True)
class Record:
    """How the uses and tests of proxies ended in some time; latency is of the tests that went well."""

    successes: int = 0
    failures: int = 0
    average_latency_ms: float | None = None

    @property
    def success_rate(self) -> float | None:
        """The part that went well, from 0 to 1; None if there was none."""
        uses = self.successes + self.failures
        return self.successes / uses if uses else None


@dataclass(frozen=True)
class Stats:
    """How many proxies there are and how they are now, and their record in some time."""

    total: int
    enabled: int
    healthy: int
    unhealthy: int
    unknown: int
    testing: int
    record: Record


_LENGTHS = {
    StatsWindow.LAST_HOUR: timedelta(hours=1),
    StatsWindow.LAST_DAY: timedelta(days=1),
    StatsWindow.LAST_WEEK: timedelta(days=7),
}


def since(window: StatsWindow, now: datetime) -> datetime | None:
    """The first period of a window, the same for all who ask at about the same time; None if there is no beginning."""
    if window is StatsWindow.ALL_TIME:
        return None
    return start_of_period(now - _LENGTHS[window]) + PERIOD


async def by_ids(session: Session, scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, ProxyRow]:
    """The visible ones of these proxies."""
    wanted = select(ProxyRow).where(ProxyRow.id.in_(ids), scope.clause(ProxyRow.owner_id))
    return {row.id: row for row in (await session.execute(wanted)).scalars()}


async def records(
    session: Session, keys: Sequence[tuple[UUID, datetime]]
) -> Mapping[tuple[UUID, datetime], Record]:
    """The records of proxies, each since a moment; one statement for each moment."""
    found: dict[tuple[UUID, datetime], Record] = {}
    for start in {start for _, start in keys}:
        wanted = (
            select(ProxyPeriodRow.proxy_id, *_SUMS)
            .where(ProxyPeriodRow.proxy_id.in_([ident for ident, of in keys if of == start]))
            .where(ProxyPeriodRow.starts_at >= start)
            .group_by(ProxyPeriodRow.proxy_id)
        )
        for ident, successes, failures, latency in await session.execute(wanted):
            found[ident, start] = _record(successes, failures, latency)
    return found


_SUMS = (
    func.coalesce(func.sum(ProxyPeriodRow.successes), 0),
    func.coalesce(func.sum(ProxyPeriodRow.failures), 0),
    cast(func.sum(ProxyPeriodRow.latency_sum_ms), Float)
    / func.nullif(func.sum(ProxyPeriodRow.latency_count), 0),
)


def _record(successes: Number, failures: Number, average_latency_ms: Number | None) -> Record:
    # PostgreSQL adds big integers up to a decimal.
    average = None if average_latency_ms is None else float(average_latency_ms)
    return Record(int(successes), int(failures), average)


async def stats(session: Session, scope: Scope, start: datetime | None) -> Stats:
    """Counts of the visible proxies, and how well they did together since `start`, or ever."""
    wanted = select(
        func.count().label("total"),
        _count(ProxyRow.enabled.is_(True)).label("enabled"),
        *(_count(ProxyRow.health == health).label(health.lower()) for health in ProxyHealth),
    ).where(scope.clause(ProxyRow.owner_id))
    counts = (await session.execute(wanted)).mappings().one()
    return Stats(**counts, record=await _together(session, scope, start))


async def _together(session: Session, scope: Scope, start: datetime | None) -> Record:
    if start is None:
        ever = select(
            func.coalesce(func.sum(ProxyRow.success_count), 0),
            func.coalesce(func.sum(ProxyRow.failure_count), 0),
            cast(func.avg(ProxyRow.latency_ms), Float),
        )
        wanted = ever.where(scope.clause(ProxyRow.owner_id))
    else:
        visible = select(ProxyRow.id).where(scope.clause(ProxyRow.owner_id))
        wanted = select(*_SUMS).where(ProxyPeriodRow.proxy_id.in_(visible), ProxyPeriodRow.starts_at >= start)
    return _record(*(await session.execute(wanted)).one())


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


async def all_of(
    session: Session,
    scope: Scope,
    ids: Collection[UUID] | None,
    pool_id: UUID | None = None,
    most: int = 1000,
) -> Sequence[ProxyRow]:
    """The first `most` of the visible proxies with one of these ids and in this pool, if either is given, by name."""
    wanted = select(ProxyRow).where(
        scope.clause(ProxyRow.owner_id), *among(ProxyRow.id, ids), *_in_pool(pool_id)
    )
    wanted = wanted.order_by(ProxyRow.name, ProxyRow.id).limit(most)
    return (await session.execute(wanted)).scalars().all()
