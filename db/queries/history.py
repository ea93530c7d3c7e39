"""The history of one campaign: all that the log has of it, oldest first."""

from uuid import UUID

import msgspec
from sqlalchemy import select

from db.engine import Session
from db.models import EventRow
from db.queries.activity import ActivityOrderField
from db.queries.listing import Conditions, Listing
from db.scope import Scope


class HistoryFilter(msgspec.Struct, frozen=True):
    """Of which campaign, which may be gone."""

    campaign_id: UUID


def _conditions(scope: Scope, wanted: HistoryFilter) -> Conditions:
    return [EventRow.campaign_id == wanted.campaign_id, scope.clause(EventRow.owner_id)]


HISTORY: Listing[EventRow, HistoryFilter] = Listing(
    model=EventRow,
    conditions=_conditions,
    keys={ActivityOrderField.POSITION: (EventRow.position,)},
)


async def oldest(session: Session, scope: Scope, campaign_id: UUID) -> tuple[int, str] | None:
    """The position and the type of the first event that the log has of a campaign, if any is visible."""
    wanted = (
        select(EventRow.position, EventRow.type)
        .where(*_conditions(scope, HistoryFilter(campaign_id)))
        .order_by(EventRow.position)
        .limit(1)
    )
    found = (await session.execute(wanted)).first()
    return None if found is None else (found.position, found.type)
