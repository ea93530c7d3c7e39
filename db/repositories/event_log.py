"""Statements on the event log. What the order of positions promises is told in `events/log.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import Table, bindparam, insert, select, update

from core.ids import new_tag
from db.engine import Session
from db.models import EventLogHeadRow, EventRow
from vocabulary.access import Actor

HEAD_ID = 1
_LAST_TAG = (
    select(EventRow.tag)
    .where(EventRow.position == EventLogHeadRow.position)
    .correlate(EventLogHeadRow)
    .scalar_subquery()
)
_HEAD = select(EventLogHeadRow, _LAST_TAG).where(EventLogHeadRow.id == HEAD_ID)
# Of the tables and made once: every change of anything runs these two, and as statements on the models they cost a
# multiple of what SQLite needs for them.
_head_table, _event_table = cast("Table", EventLogHeadRow.__table__), cast("Table", EventRow.__table__)
_MOVE_HEAD = (
    update(_head_table)
    .where(_head_table.c.id == HEAD_ID)
    .values(position=_head_table.c.position + bindparam("events"), tag=bindparam("tag_of_all"))
    .returning(_head_table.c.position)
)
_INSERT = insert(_event_table)


@dataclass(frozen=True)
class PendingEvent:
    """An event that has no position yet, with all that the log indexes it by."""

    type: str
    version: int
    actor: Actor
    owner_id: UUID | None
    entity_type: str
    entity_id: UUID
    campaign_id: UUID | None
    feed: bool
    summary: str
    data: str


@dataclass(frozen=True)
class Head:
    """Where the log ends, from where on it is kept (exclusive), and which log it is.

    `tag` and `floor_tag` are the tags of the events at `position` and `floor`, 0 if that is the log's beginning.
    """

    incarnation: str
    position: int
    floor: int
    tag: int = 0
    floor_tag: int = 0


async def append(session: Session, now: datetime, events: Sequence[PendingEvent]) -> tuple[int, int]:
    """Give the events the next positions and insert them; returns the last one, and the tag of all of them.

    The row of the head stays locked until the commit, which is what puts positions in commit order.
    """
    tag = new_tag()
    moved = await session.execute(_MOVE_HEAD, {"events": len(events), "tag_of_all": tag})
    last: int = moved.scalar_one()
    first = last - len(events) + 1
    rows = [_row(first + index, now, event, tag) for index, event in enumerate(events)]
    await session.execute(_INSERT, rows)
    return last, tag


def _row(position: int, now: datetime, event: PendingEvent, tag: int) -> dict[str, object]:
    return {
        "position": position,
        "type": event.type,
        "version": event.version,
        "occurred_at": now,
        "actor_kind": event.actor.kind,
        "actor_id": event.actor.id,
        "actor_name": event.actor.name,
        "owner_id": event.owner_id,
        "entity_type": event.entity_type,
        "entity_id": event.entity_id,
        "campaign_id": event.campaign_id,
        "feed": event.feed,
        "summary": event.summary,
        "data": event.data,
        "tag": tag,
    }


async def head(session: Session) -> Head:
    """Where the log ends in this session's snapshot."""
    row, last = (await session.execute(_HEAD)).one()
    return _head(row, last)


async def head_and_tag(session: Session, position: int) -> tuple[Head, int | None]:
    """Where the log ends, and the tag at a position; None if the event is not there, pruned or never written."""
    tag = select(EventRow.tag).where(EventRow.position == position).scalar_subquery()
    row, last, found = (await session.execute(_HEAD.add_columns(tag))).one()
    known = _head(row, last)
    if found is None:
        found = {known.floor: known.floor_tag, known.position: known.tag}.get(position)
    return known, found


def _head(row: EventLogHeadRow, last: int | None) -> Head:
    """The head, whose tag is that of the last event as long as it is there, whatever the row of the head says.

    A process of a version that knows no tags, which goes on beside us for a while, moves the position and not the tag.
    """
    pruned = row.floor_tag if row.floor == row.position else row.tag
    return Head(
        incarnation=row.incarnation,
        position=row.position,
        floor=row.floor,
        tag=pruned if last is None else last,
        floor_tag=row.floor_tag,
    )


async def read_after(session: Session, position: int, limit: int) -> Sequence[EventRow]:
    """The events after a position, ascending, at most `limit`."""
    wanted = select(EventRow).where(EventRow.position > position).order_by(EventRow.position).limit(limit)
    return (await session.execute(wanted)).scalars().all()
