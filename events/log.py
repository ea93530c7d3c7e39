"""Reading the log: what is at or below the position of a page is complete and will never change.

The law (DESIGN.md, "Log"): a reader that has seen position p can never later find an event at or below p that
it has not seen. A sequence does not give this on PostgreSQL, for a transaction that took a lower number can
commit later (hasura/graphql-engine#8632). Of the three known ways (serialise the append; read below the snapshot
horizon; let one process assign positions) we serialise the append: the last statement before a commit moves the
one row of the head, `UPDATE event_log_head SET position = position + n RETURNING position`, and that row's lock
is held until the commit. So

- a second writer waits there until the first has committed or rolled back, and positions ascend in commit order;
- a rollback takes the update back, so positions have no holes, and a hole seen by a reader is a fault;
- the lock is held for one insert and one commit, never while a verb thinks (`db/unit_of_work.py`) and never
  across the network, and it is always the last lock taken, so it is part of no deadlock.

The price is that commits with events are serial. Workers write results in batches, so the price is paid per
batch and not per domain. `tests/integration/test_commit_order.py` shows the interleaving on a real PostgreSQL.

A page is read in one snapshot together with the head, so an empty page still proves that nothing was missed.
"""

from collections.abc import Sequence

import msgspec
import structlog

from core.errors import HeliographError
from db.engine import Engines, Session
from db.models import EventRow
from db.repositories import event_log
from db.repositories.event_log import Head
from events.catalog import Event, decode
from events.cursor import Cursor
from events.cursor import encode as encode_cursor
from events.envelope import Envelope, Page
from events.event import Unreadable
from vocabulary.access import Actor

log = structlog.get_logger(__name__)


class Lapsed(HeliographError):
    """The log no longer holds what follows this position; only a fresh snapshot helps."""


class Replaced(HeliographError):
    """The log is not the one that was read until now: its database was replaced, or restored from a backup."""


class Log:
    """The log of one database."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def head(self) -> Head:
        """Where the log ends now.

        Raises:
            Unavailable: the database does not answer.
        """
        async with self._engines.reading() as session:
            return await event_log.head(session)

    async def knows(self, place: Cursor) -> bool:
        """Whether this log has come by a cursor's place: it reaches so far, and has the same event there.

        Raises:
            Unavailable: the database does not answer.
        """
        async with self._engines.reading() as session:
            return await has_come_by(session, place)

    async def read_after(self, position: int, limit: int, seen: Cursor | None = None) -> Page:
        """At most `limit` events after `position`.

        Args:
            position: the page begins after it.
            limit: how many events at most.
            seen: the furthest place that the caller knows of; the log must have come by it.

        Raises:
            Replaced: the log has not come by `seen`.
            Lapsed: the log is no longer kept from there on.
            Unavailable: the database does not answer.
        """
        return await self._read_after(position, limit, seen, fresh=False)

    async def read_fresh(self, position: int, limit: int, seen: Cursor) -> Page:
        """The same for a few events that were committed a moment ago, at less cost where the database is a file."""
        return await self._read_after(position, limit, seen, fresh=True)

    async def _read_after(self, position: int, limit: int, seen: Cursor | None, *, fresh: bool) -> Page:
        place = position if seen is None else seen.position
        head, tag, rows = await event_log.read_after(self._engines, position, limit, place, fresh=fresh)
        if seen is not None:
            _require_same(head, tag, seen)
        if position < head.floor:
            raise Lapsed(f"Events up to {head.floor} are no longer kept; {position} is behind that.")
        return _page(rows, head, limit)


async def has_come_by(session: Session, place: Cursor) -> bool:
    """Whether the log, as this session sees it, reaches as far as a place and has the same event there."""
    try:
        _require_same(*await event_log.head_and_tag(session, place.position), place)
    except Replaced:
        return False
    return True


def _require_same(head: Head, tag: int | None, seen: Cursor) -> None:
    """See that the log has come by a place, where it has this `tag`."""
    is_same = seen.incarnation == head.incarnation and seen.position <= head.position
    # What was pruned cannot be compared, and need not be: nothing is read from there.
    if not is_same or (tag is not None and seen.tag not in (None, tag)):
        raise Replaced(f"The log of {head.incarnation} at {head.position} has not come by {seen}.")


def _page(rows: Sequence[EventRow], head: Head, limit: int) -> Page:
    envelopes = tuple(envelope_of(row) for row in rows)
    full = len(rows) == limit
    return Page(envelopes=envelopes, position=rows[-1].position if full else head.position)


def cursor_of(row: EventRow, incarnation: str) -> str:
    """The cursor of a stored event, in the log of this incarnation."""
    return encode_cursor(incarnation, row.position, row.tag)


def actor_of(row: EventRow) -> Actor:
    """Who caused a stored event."""
    return Actor(kind=row.actor_kind, name=row.actor_name, id=row.actor_id)


def envelope_of(row: EventRow) -> Envelope:
    """The envelope of a stored event."""
    return Envelope(
        position=row.position,
        event=_event_of(row),
        occurred_at=row.occurred_at,
        actor=actor_of(row),
        owner_id=row.owner_id,
        summary=row.summary,
        tag=row.tag,
    )


def _event_of(row: EventRow) -> Event | Unreadable:
    try:
        return decode(row.data)
    except msgspec.ValidationError as error:
        log.warning("event_unreadable", type=row.type, version=row.version, reason=str(error))
        return Unreadable()
