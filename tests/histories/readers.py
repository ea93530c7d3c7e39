"""Subscribers: streams over the log in memory, and clients that take frames as a socket's writer does."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from events.cursor import Cursor, encode
from events.envelope import Envelope
from events.event import EntityType
from events.subjects import Subject
from graph.enums import ResetReason
from graph.followed import Beginning, Followed, Shared
from graph.rendering import Rendering
from live.groups import Groups
from live.member import Member
from tests.histories.source import LAST, SILENT, Era, MemoryLog, Row, thing
from vocabulary.operations import NOT_NOW, Frame, NotNow

PROGRESS = "p"
TURN = 8
MANY = 4
"""Who wants more topics than this does not say which."""


class Got(msgspec.Struct, frozen=True):
    """One frame as a client decodes it. `state` is of a snapshot, `floor` was that of the log when it was made."""

    kind: str
    cursor: str
    state: tuple[int, ...] = ()
    reason: str | None = None
    floor: int = 0
    skipped: int = 0
    at: float = 0.0


class Wanted(msgspec.Struct, frozen=True):
    """What a subscription asks for: some topics, and perhaps a rate for progress."""

    topics: frozenset[str]
    rate: float | None = None

    def has(self, row: Row) -> bool:
        """Whether it is to be told of an event."""
        return row.topic in self.topics and row.mark != SILENT

    def conflates(self, row: Row) -> bool:
        """Whether the event may be left out for a newer one of its topic."""
        return self.rate is not None and row.topic.startswith(PROGRESS)

    def state(self, rows: list[Row]) -> tuple[int, ...]:
        """What a snapshot after these events shows: the newest tag of each topic."""
        newest = {row.topic: row.tag for row in rows if self.has(row)}
        return tuple(newest.get(topic, 0) for topic in sorted(self.topics))


class Topics(Shared):
    """What all who want the same have in common: nothing of the schema."""

    def __init__(self, wanted: Wanted, rendering: Rendering) -> None:
        self.key = wanted
        self.field = "histories"
        self.rendering = rendering
        self.complete = None


class LogStream(Followed):
    """A followed subscription whose frames come from the log in memory in place of the schema.

    Where it begins, and whether it opens or is reset with which reason, is the product's own.
    """

    def __init__(self, log: MemoryLog, wanted: Wanted, beginning: Beginning, rendering: Rendering) -> None:
        super().__init__(Topics(wanted, rendering), beginning, cast("Any", None))
        self._rendering = rendering
        self._log = log
        self._wanted = wanted

    @property
    def max_rate(self) -> float | None:
        return self._wanted.rate

    @property
    def subjects(self) -> frozenset[Subject] | None:
        """What its topics are about; or all that there is, in two ways."""
        topics = self._wanted.topics
        if len(topics) > MANY:
            return None
        return frozenset({EntityType.PERSONA}) if topics == {"c"} else frozenset(map(thing, topics))

    def matches(self, envelope: Envelope) -> bool:
        return envelope.summary.rstrip(SILENT + LAST) in self._wanted.topics

    def conflated_by(self, envelope: Envelope) -> Hashable | None:
        return envelope.summary if envelope.summary.startswith(PROGRESS) else None

    def render_now(self, envelope: Envelope, skipped: int = 0) -> Frame | NotNow | None:
        """Some events take waiting, and others do not."""
        if envelope.position % 3 == 0:
            return NOT_NOW
        return self._told(envelope, self._place(envelope), skipped)

    async def render(self, envelope: Envelope, skipped: int = 0) -> Frame | None:
        place = self._place(envelope)
        await self._log.pause()
        return self._told(envelope, place, skipped)

    def _place(self, envelope: Envelope) -> str:
        return encode(self._rendering.hub.incarnation, envelope.position, envelope.tag)

    def _told(self, envelope: Envelope, place: str, skipped: int) -> Frame | None:
        if envelope.summary.endswith(SILENT):
            return None
        got = Got("event", place, skipped=skipped)
        return _frame(got, envelope.position, last=envelope.summary.endswith(LAST))

    async def _snapshot(self, reason: ResetReason | None) -> Frame:
        hub = self._rendering.hub
        reached = hub.position
        seen = await self._log.snapshot()
        head = seen.head
        await self._log.pause()
        await hub.require_same(head, reached)
        kind = "snapshot" if reason is None else "reset"
        state = self._wanted.state(seen.era.rows[: seen.position])
        place = encode(head.incarnation, head.position, head.tag)
        return _frame(Got(kind, place, state, reason and reason.value, seen.floor), seen.position)


def _frame(got: Got, position: int, *, last: bool = False) -> Frame:
    return Frame(position=position, cursor=got.cursor, payload=msgspec.json.encode(got), last=last)


def _text(place: Cursor | None) -> str | None:
    return None if place is None else encode(place.incarnation, place.position, place.tag or 0)


@dataclass(eq=False)
class Connection:
    """One time that a client subscribes: where it began, and what it received.

    `era` and `head` are those of the log when it asked. `verdicts` says whether the log had come by its cursor, before
    and after the server looked at it; with both, both answers are right.
    """

    after: Cursor | None
    era: Era
    head: int
    verdicts: frozenset[bool] = frozenset({True})
    frames: list[Got] = field(default_factory=list)
    is_open: bool = True
    is_over: bool = False
    failure: object = None


class Subscriber:
    """A client. It reads as `live/writer.py` does: when it was woken, and as long as there is more."""

    def __init__(
        self, wanted: Wanted, groups: Groups, ready: Callable[["Subscriber"], None], now: Callable[[], float]
    ):
        self.wanted = wanted
        self.connections: list[Connection] = []
        self.is_eager = True
        self.is_ready = False
        self.handled: str | None = None
        self._groups = groups
        self._told = ready
        self._now = now
        self._member: Member | None = None

    @property
    def connection(self) -> Connection | None:
        """The one that is open."""
        last = self.connections[-1] if self.connections else None
        return last if last is not None and last.is_open else None

    def connect(self, connection: Connection, stream: LogStream) -> None:
        """Follow a stream."""
        self.connections.append(connection)
        self._member = self._groups.join(stream, self._notified)
        self._notified()

    def _notified(self) -> None:
        self.is_ready = True
        if self.is_eager:
            self._told(self)

    def read(self, limit: int = TURN) -> None:
        """Take frames, if there may be any."""
        connection, member = self.connection, self._member
        if connection is None or member is None:
            self.is_ready = False
        if connection is None or member is None or not self.is_ready:
            return
        taken = member.take(limit)
        for due in taken:
            got = msgspec.json.decode(due.frame.payload, type=Got)
            connection.frames.append(msgspec.structs.replace(got, at=self._now()))
            self.handled = due.frame.cursor
        self.is_ready = member.more
        if member.finished:
            connection.is_over = True
        elif not taken and not member.more and member.failure is not None:
            connection.failure = member.failure

    def disconnect(self, unhandled: int = 0) -> None:
        """Leave; the last frames that the server sent may not have come, or not have been handled."""
        connection = self.connection
        if connection is None or self._member is None:
            return
        self._groups.leave(self._member)
        self._member = None
        connection.is_open = False
        self.is_ready = False
        kept = max(0, len(connection.frames) - unhandled)
        if kept < len(connection.frames):
            del connection.frames[kept:]
            connection.is_over = False
            self.handled = connection.frames[-1].cursor if connection.frames else _text(connection.after)
