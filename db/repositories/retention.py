"""Statements that prune the event log. What they promise to readers is told in `services/retention.py`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, literal_column, select, update

from db.engine import Session
from db.models import EventLogHeadRow, EventRow
from db.models.event_log import CAUSED_BY_SOMEBODY
from db.repositories import event_log
from db.repositories.event_log import HEAD_ID

# Any number will do that nothing else locks; `db/migrating.py` has another.
PRUNING_LOCK = 4_847_150_005
_BY_A_WORKER = EventRow.actor_kind == literal_column("'WORKER'")


async def occurred_at(session: Session, position: int) -> datetime | None:
    """When the event at a position was committed; None if there is none."""
    wanted = select(EventRow.occurred_at).where(EventRow.position == position)
    return (await session.execute(wanted)).scalar_one_or_none()


async def oldest_caused(session: Session, floor: int) -> datetime | None:
    """When the oldest event was committed that is kept only because somebody caused it; None if there is none."""
    wanted = (
        select(EventRow.occurred_at)
        .where(CAUSED_BY_SOMEBODY, EventRow.position <= floor)
        .order_by(EventRow.position)
        .limit(1)
    )
    return (await session.execute(wanted)).scalar_one_or_none()


async def prune(session: Session, upto: int, limit: int) -> int | None:
    """Raise the floor by at most `limit`, not above `upto`, and delete what is below it, in this transaction.

    What somebody caused stays. Gives the floor that the log has then, None if another transaction is at it.
    """
    if not await _alone(session):
        return None
    head = await event_log.head(session)
    floor = min(head.floor + limit, upto, head.position)
    if floor <= head.floor:
        return head.floor
    tag = (await session.execute(select(EventRow.tag).where(EventRow.position == floor))).scalar_one()
    gone = (EventRow.position > head.floor, EventRow.position <= floor, _BY_A_WORKER)
    await session.execute(delete(EventRow).where(*gone))
    # The last statement, so that whoever appends waits for a commit and not for a deletion.
    await session.execute(
        update(EventLogHeadRow).where(EventLogHeadRow.id == HEAD_ID).values(floor=floor, floor_tag=tag)
    )
    return floor


async def prune_caused(session: Session, before: datetime, after: int, limit: int) -> Sequence[int]:
    """Delete the oldest events beyond `after`, at most `limit`, that are kept only because somebody caused them.

    Gives their positions. Who hands on the last spares the next step the entries of the index that are dead by then.
    """
    if not await _alone(session):
        return []
    floor = (await event_log.head(session)).floor
    oldest = (
        select(EventRow.position, EventRow.occurred_at)
        .where(CAUSED_BY_SOMEBODY, EventRow.position > after, EventRow.position <= floor)
        .order_by(EventRow.position)
        .limit(limit)
    )
    gone = [position for position, moment in await session.execute(oldest) if moment < before]
    await session.execute(delete(EventRow).where(EventRow.position.in_(gone)))
    return gone


async def _alone(session: Session) -> bool:
    """Whether nobody else prunes until this transaction ends. SQLite has one writer at a time anyway."""
    if session.get_bind().dialect.name == "sqlite":
        return True
    return bool((await session.execute(select(func.pg_try_advisory_xact_lock(PRUNING_LOCK)))).scalar_one())
