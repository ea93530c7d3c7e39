"""The activity feed: those events of the log that people look at, newest first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from sqlalchemy import select

from db.engine import Session
from db.models import EventRow
from db.queries.listing import Conditions, Listing, among, equals
from db.scope import Scope


class ActivityOrderField(StrEnum):
    """What activity is ordered by: only its place in the log, which is the order of commits."""

    POSITION = "POSITION"


class EventFilter(msgspec.Struct, frozen=True):
    """What the filters of all lists of events ask; what is None does not matter. `kinds` are names of event types.

    The times are from `since` (inclusive) and before `until` (exclusive).
    """

    entity_type: str | None = None
    entity_id: UUID | None = None
    kinds: tuple[str, ...] | None = None
    actor_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


class ActivityFilter(EventFilter, frozen=True):
    """Which activity, and of which campaign."""

    campaign_id: UUID | None = None


def narrowed(scope: Scope, wanted: EventFilter) -> Conditions:
    """The visible events that a filter lets through, of whatever list."""
    conditions = [
        scope.clause(EventRow.owner_id),
        *equals(EventRow.entity_type, wanted.entity_type),
        *equals(EventRow.entity_id, wanted.entity_id),
        *among(EventRow.type, wanted.kinds),
        *equals(EventRow.actor_id, wanted.actor_id),
    ]
    if wanted.since is not None:
        conditions.append(EventRow.occurred_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(EventRow.occurred_at < wanted.until)
    return conditions


def _conditions(scope: Scope, wanted: ActivityFilter) -> Conditions:
    of_campaign = equals(EventRow.campaign_id, wanted.campaign_id)
    return [EventRow.feed.is_(True), *of_campaign, *narrowed(scope, wanted)]


ACTIVITY: Listing[EventRow, ActivityFilter] = Listing(
    model=EventRow,
    conditions=_conditions,
    keys={ActivityOrderField.POSITION: (EventRow.position,)},
)


async def by_positions(session: Session, scope: Scope, positions: Sequence[int]) -> Mapping[int, EventRow]:
    """The visible ones of these activities, by their place in the log."""
    wanted = select(EventRow).where(
        EventRow.position.in_(positions), EventRow.feed.is_(True), scope.clause(EventRow.owner_id)
    )
    return {row.position: row for row in (await session.execute(wanted)).scalars()}


async def has_any(session: Session, scope: Scope, campaign_id: UUID, after: int) -> bool:
    """Whether the log holds anything visible of this campaign after a position; it itself may be gone."""
    wanted = select(EventRow.position).where(
        EventRow.campaign_id == campaign_id, EventRow.position > after, scope.clause(EventRow.owner_id)
    )
    return (await session.execute(wanted.limit(1))).first() is not None
