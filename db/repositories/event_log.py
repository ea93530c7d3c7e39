"""Statements on the event log. What the order of positions promises is told in `events/log.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Integer, Row, Table, bindparam, insert, select, update

from core.ids import new_tag
from db.engine import Engines, Session
from db.models import EventLogHeadRow, EventRow
from db.plain_rows import PlainRows
from db.prepared import Prepared
from db.snapshot import Snapshot
from vocabulary.access import Actor

HEAD_ID = 1
# All of it is of the tables and made once: every change of anything appends, every process reads what was appended, and
# as statements on the models, unfolded anew each time, that costs a multiple of what the database needs for it.
_head_table, _event_table = cast("Table", EventLogHeadRow.__table__), cast("Table", EventRow.__table__)
_events = PlainRows(EventRow)
_LAST_TAG = (
    select(_event_table.c.tag)
    .where(_event_table.c.position == _head_table.c.position)
    .correlate(_head_table)
    .scalar_subquery()
)
_HEAD = select(*_head_table.c, _LAST_TAG.label("last")).where(_head_table.c.id == HEAD_ID)
_TAG = select(_event_table.c.tag).where(_event_table.c.position == bindparam("place")).scalar_subquery()
_HEAD_AND_TAG = _HEAD.add_columns(_TAG.label("found"))
_AFTER = (
    select(*_events.columns)
    .where(_event_table.c.position > bindparam("place"))
    .order_by(_event_table.c.position)
    .limit(bindparam("at_most", type_=Integer()))
)
_ONLY_HEAD = Prepared(_HEAD)
_HEAD_ASKED, _AFTER_ASKED = Prepared(_HEAD_AND_TAG, "place"), Prepared(_AFTER, "place", "at_most")
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


class _HeadRow(NamedTuple):
    """What `_HEAD` selects."""

    id: int
    incarnation: str
    position: int
    floor: int
    tag: int
    floor_tag: int
    last: int | None


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
    return _head((await session.execute(_HEAD)).one())


async def head_of(snapshot: Snapshot) -> Head:
    """Where the log ends in a snapshot."""
    (found,) = await snapshot.rows(_ONLY_HEAD)
    return _head(_HeadRow(*found))


async def head_and_tag(session: Session, position: int) -> tuple[Head, int | None]:
    """Where the log ends, and the tag at a position; None if the event is not there, pruned or never written."""
    return _head_and_tag((await session.execute(_HEAD_AND_TAG, {"place": position})).one(), position)


def _head_and_tag(row: Sequence[Any], position: int) -> tuple[Head, int | None]:
    known, found = _head(_HeadRow(*row[:-1])), row[-1]
    if found is None:
        found = {known.floor: known.floor_tag, known.position: known.tag}.get(position)
    return known, found


def _head(row: Row[*tuple[Any, ...]] | _HeadRow) -> Head:
    """The head, whose tag is that of the last event as long as it is there, whatever the row of the head says.

    A process of a version that knows no tags, which goes on beside us for a while, moves the position and not the tag.
    """
    pruned = row.floor_tag if row.floor == row.position else row.tag
    return Head(
        incarnation=row.incarnation,
        position=row.position,
        floor=row.floor,
        tag=pruned if row.last is None else row.last,
        floor_tag=row.floor_tag,
    )


async def read_after(
    engines: Engines, position: int, limit: int, place: int, *, fresh: bool = False
) -> tuple[Head, int | None, Sequence[EventRow]]:
    """The head, the tag at a `place`, and the events after a position, ascending, at most `limit`; of one snapshot.

    The events are plain rows (`db/plain_rows.py`). `fresh` says that they are few and were written a moment ago.

    Raises:
        Unavailable: the database does not answer.
    """
    (found,), events = await engines.ask(
        (_HEAD_ASKED, {"place": place}),
        (_AFTER_ASKED, {"place": position, "at_most": limit}),
        fresh=fresh,
    )
    return *_head_and_tag(found, place), _events.read(events, engines.dialect)
