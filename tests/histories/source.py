"""A log in memory that promises what `events/log.py` promises, and remembers all that was ever in it.

A page is read in one snapshot together with the head; an append is serialised, so that positions ascend in the order
of commits; what was pruned is gone for readers and stays known here. `tests/unit/live/test_histories.py` holds it
against the real one.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from core.errors import Unavailable
from db.repositories.event_log import Head
from events.cursor import Cursor
from events.envelope import Envelope, Page
from events.log import Lapsed, Log, Replaced
from events.resource_events import PersonaDeleted
from vocabulary.access import SYSTEM
from vocabulary.personas import PersonaType

COMMITTED = datetime(2026, 1, 1, tzinfo=UTC)
SILENT, LAST = "?", "!"


def thing(topic: str) -> UUID:
    """What all events of a topic are about."""
    return UUID(bytes=topic.encode().rjust(16))


@dataclass(frozen=True)
class Row:
    """One event. `mark` says whether it renders to nothing (`SILENT`) or ends a stream (`LAST`)."""

    position: int
    tag: int
    topic: str
    mark: str = ""

    def envelope(self) -> Envelope:
        """What readers receive; the summary is the topic with its mark, which is all that is told of it."""
        event = PersonaDeleted(persona_id=thing(self.topic), name="x", persona_type=PersonaType.DNS)
        return Envelope(
            position=self.position,
            event=event,
            occurred_at=COMMITTED,
            actor=SYSTEM,
            owner_id=None,
            summary=self.topic + self.mark,
            tag=self.tag,
        )


@dataclass(eq=False)
class Era:
    """One past of the log: all that was committed in it, and from where on it is kept (exclusive)."""

    incarnation: str
    rows: list[Row] = field(default_factory=list)
    floor: int = 0

    @property
    def head(self) -> int:
        """The newest position."""
        return len(self.rows)

    def tag(self, position: int) -> int | None:
        """The tag at a position, pruned or not; 0 at the beginning, None beyond the head."""
        if position > self.head:
            return None
        return self.rows[position - 1].tag if position else 0


@dataclass(frozen=True)
class Snapshot:
    """What a reader sees from its first statement to its last."""

    era: Era
    position: int
    floor: int

    def after(self, position: int) -> list[Row]:
        """The rows that are still kept after a position."""
        return self.era.rows[max(position, self.floor) : self.position]

    def has_come_by(self, place: Cursor) -> bool:
        """Whether a cursor's place is in this past, as far as it is kept."""
        if place.incarnation != self.era.incarnation or place.position > self.position:
            return False
        return place.position < self.floor or place.tag in (None, self.era.tag(place.position))

    @property
    def head(self) -> Head:
        """As the log tells it."""
        return Head(
            incarnation=self.era.incarnation,
            position=self.position,
            floor=self.floor,
            tag=self.era.tag(self.position) or 0,
            floor_tag=self.era.tag(self.floor) or 0,
        )


class MemoryLog(Log):
    """The log of one database in memory. `pauses` says how long each statement takes, in turns of the loop."""

    def __init__(self, pauses: Callable[[], int]) -> None:
        self.eras = [Era(incarnation=f"{0xE0:012x}")]
        self.is_down = False
        self._pauses = pauses
        self._tags = 0

    @property
    def era(self) -> Era:
        """The present."""
        return self.eras[-1]

    def append(self, events: Sequence[tuple[str, str]]) -> int:
        """Commit events, as topics with marks; the last position."""
        era = self.era
        self._tags += 1
        for topic, mark in events:
            era.rows.append(Row(era.head + 1, self._tags, topic, mark))
        return era.head

    def replace(self, rows: int) -> None:
        """Put the database of another in the place of this one."""
        self.eras.append(Era(incarnation=f"{0xE0 + len(self.eras):012x}"))
        for number in range(rows):
            self.append([("abc"[number % 3], "")])

    def restore(self, lost: int) -> None:
        """Put a backup in the place of the database, which lacks the newest events."""
        kept = max(self.era.floor, self.era.head - lost)
        self.eras.append(Era(self.era.incarnation, self.era.rows[:kept], self.era.floor))

    def prune(self, floor: int) -> None:
        """Keep only what follows a position."""
        self.era.floor = min(max(self.era.floor, floor), self.era.head)

    async def snapshot(self) -> Snapshot:
        """Begin to read.

        Raises:
            Unavailable: there is an outage.
        """
        await self.pause()
        return Snapshot(self.era, self.era.head, self.era.floor)

    async def pause(self) -> None:
        """Wait as for an answer.

        Raises:
            Unavailable: there is an outage.
        """
        for _ in range(self._pauses()):
            await asyncio.sleep(0)
        if self.is_down:
            raise Unavailable("The database does not answer.")

    async def head(self) -> Head:
        """Where the log ends now."""
        return (await self.snapshot()).head

    async def knows(self, place: Cursor) -> bool:
        """Whether it has come by a cursor's place; what was pruned is not compared."""
        return (await self.snapshot()).has_come_by(place)

    async def read_after(self, position: int, limit: int, seen: Cursor | None = None) -> Page:
        """At most `limit` events after `position`."""
        here = await self.snapshot()
        _require(here, position, seen)
        await self.pause()
        return page_of(here, position, limit)

    async def read_fresh(self, position: int, limit: int, seen: Cursor) -> Page:
        """The same, and now and then without anybody else's turn in between."""
        if self.is_down or self._pauses() % 2:
            return await self.read_after(position, limit, seen)
        here = Snapshot(self.era, self.era.head, self.era.floor)
        _require(here, position, seen)
        return page_of(here, position, limit)


def _require(here: Snapshot, position: int, seen: Cursor | None) -> None:
    if seen is not None and not here.has_come_by(seen):
        raise Replaced(f"The log has not come by {seen}.")
    if position < here.floor:
        raise Lapsed(f"{position} is behind {here.floor}.")


def page_of(seen: Snapshot, position: int, limit: int) -> Page:
    """A page of a snapshot."""
    found = tuple(row.envelope() for row in seen.after(position)[:limit])
    return Page(found, found[-1].position if len(found) == limit else seen.position)
