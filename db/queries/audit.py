"""The audit log: those events of the log that somebody caused, newest first, whoever they belong to."""

from sqlalchemy import ColumnElement

from db.models import EventRow
from db.models.event_log import CAUSED_BY_SOMEBODY
from db.queries.activity import ActivityOrderField, EventFilter, narrowed
from db.queries.listing import Conditions, Listing
from db.scope import Scope


class AuditFilter(EventFilter, frozen=True):
    """Which entries."""


def _conditions(scope: Scope, wanted: AuditFilter) -> Conditions:
    caused: ColumnElement[bool] = CAUSED_BY_SOMEBODY
    return [caused, *narrowed(scope, wanted)]


AUDIT: Listing[EventRow, AuditFilter] = Listing(
    model=EventRow,
    conditions=_conditions,
    keys={ActivityOrderField.POSITION: (EventRow.position,)},
)
