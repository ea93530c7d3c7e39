"""The audit log: those events of the log that somebody caused, newest first, whoever they belong to."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement

from db.models import EventRow
from db.models.event_log import CAUSED_BY_SOMEBODY
from db.queries.activity import ActivityOrderField
from db.queries.listing import Conditions, Listing, among, equals
from db.scope import Scope


class AuditFilter(msgspec.Struct, frozen=True):
    """Which entries; what is None does not matter. `kinds` are names of event types.

    The times are from `since` (inclusive) and before `until` (exclusive).
    """

    actor_id: UUID | None = None
    entity_type: str | None = None
    entity_id: UUID | None = None
    kinds: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


def _conditions(scope: Scope, wanted: AuditFilter) -> Conditions:
    caused: ColumnElement[bool] = CAUSED_BY_SOMEBODY
    conditions = [
        caused,
        scope.clause(EventRow.owner_id),
        *equals(EventRow.actor_id, wanted.actor_id),
        *equals(EventRow.entity_type, wanted.entity_type),
        *equals(EventRow.entity_id, wanted.entity_id),
        *among(EventRow.type, wanted.kinds),
    ]
    if wanted.since is not None:
        conditions.append(EventRow.occurred_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(EventRow.occurred_at < wanted.until)
    return conditions


AUDIT: Listing[EventRow, AuditFilter] = Listing(
    model=EventRow,
    conditions=_conditions,
    keys={ActivityOrderField.POSITION: (EventRow.position,)},
)
