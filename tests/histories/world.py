"""One process that serves subscribers, a worker that commits beside it, and all that can go wrong between them.

The doorbells, the hub, the groups, their members and the decision where a subscription begins are the product's own.
Only the log (`source.py`), the channel (`network.py`) and the time (`virtual.py`) are made for this.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any, cast

from core.clock import SystemClock
from core.errors import Unavailable
from core.tasks import Owner
from db.unit_of_work import Outcome
from events import hub
from events.cursor import Cursor, decode
from events.doorbell import Doorbell
from events.hub import Hub
from graph.openings import Openings
from graph.rendering import Rendering
from live import distributor
from live.commons import GroupLimits
from live.groups import Groups
from live.rounds import Rounds
from live.waking import in_rounds
from tests.fakes.streams import CountingMeter
from tests.histories.network import Network
from tests.histories.readers import Connection, LogStream, Subscriber, Wanted
from tests.histories.source import SILENT, Era, MemoryLog

TOPICS = ("a", "b", "c", "p1", "p2")
MARKS = ("", "", "", SILENT, "", "")
WANTED = (
    Wanted(frozenset("a")),
    Wanted(frozenset("ab")),
    Wanted(frozenset("c")),
    Wanted(frozenset(TOPICS)),
    Wanted(frozenset({"a", "p1", "p2"}), rate=4.0),
    Wanted(frozenset({"p1"}), rate=0.5),
)
SUBSCRIBERS = 8
REST_SECONDS = 700.0
"""Longer than the longest transaction may take, so that every announcement that stands was looked into."""


@dataclass(frozen=True)
class Shape:
    """How large things are in a history; small, so that everything overflows."""

    frames: int = 3
    page: int = 2
    window: int = 3
    hub_page: int = 3
    replays: int = 2
    shelf_bytes: int = 2000
    pauses: tuple[int, ...] = (0, 1, 3)


class Transaction:
    """A commit in two steps, by one of the two processes."""

    def __init__(self, bell: Doorbell, events: Sequence[tuple[str, str]]) -> None:
        self.bell = bell
        self.events = events
        self.number = 0


class World:
    """All parts of a history."""

    def __init__(self, shape: Shape, log_type: type[MemoryLog] = MemoryLog) -> None:
        self.log = log_type(cycle(shape.pauses).__next__)
        self.network = Network()
        self.bells = (self.network.bell("api"), self.network.bell("worker"))
        self.hub = Hub(self.log, shape.window)
        self.meter = CountingMeter()
        limits = GroupLimits(
            frames=shape.frames,
            page=shape.page,
            replays=shape.replays,
            openings=shape.replays,
            reading=8,
            shelf_bytes=shape.shelf_bytes,
            retry_seconds=0.05,
        )
        rounds = Rounds(self.meter, SystemClock())
        self.groups = Groups(self.hub, self.meter, limits, in_rounds(rounds))
        self.rendering = Rendering(cast("Any", None), cast("Any", None), self.hub)
        self.openings = Openings(self.rendering)
        self.subscribers: list[Subscriber] = []
        self.open: list[Transaction] = []
        self.late: list[Transaction] = []
        self.failures: list[BaseException] = []
        self._owner = Owner("world", self.failures.append)
        self._ready: dict[Subscriber, None] = {}
        self._woken = asyncio.Event()

    async def start(self) -> None:
        """Let everything run."""
        for bell in self.bells:
            await bell.start()
        await self.hub.start()
        self.bells[0].listen(lambda ring: self.hub.rung(ring.position, ring.tag))
        self._owner.start(self._read(), "read")

    async def close(self) -> None:
        """End everything."""
        await self._owner.close()
        await self.groups.close()
        await self.hub.close()
        for bell in self.bells:
            await bell.close()

    # Those who write.

    async def commit(self, worker: int, events: Sequence[tuple[str, str]]) -> None:
        """A transaction from its beginning to its end; it waits for one that is open and has its positions."""
        transaction = Transaction(self.bells[worker], events)
        transaction.number = await transaction.bell.announce()
        if self.log.is_down:
            transaction.bell.settle(transaction.number, Outcome.ROLLED_BACK, 0, work=False)
        elif self.open:
            self.late.append(transaction)
        else:
            self._end(transaction, "committed")

    async def begin(self, worker: int, events: Sequence[tuple[str, str]]) -> None:
        """A transaction that has its positions and has not ended; everybody else waits for it."""
        transaction = Transaction(self.bells[worker], events)
        transaction.number = await transaction.bell.announce()
        (self.late if self.open else self.open).append(transaction)

    def finish(self, how: str) -> None:
        """The open transaction ends, and those that waited for it commit in their order."""
        if not self.open or self.log.is_down:
            return
        self._end(self.open.pop(), how)
        waiting, self.late = self.late, []
        for each in waiting:
            self._end(each, "committed")

    def _end(self, transaction: Transaction, how: str) -> None:
        """Commit or roll back, and say so or die before that."""
        commits = how in {"committed", "committed in doubt", "killed after"}
        if how.endswith("in doubt"):
            # The end of the commit was not seen; it happens when it happens.
            transaction.bell.settle(transaction.number, Outcome.IN_DOUBT, 0, work=False)
            self._owner.start(self._in_doubt(transaction, commits=commits), "doubt")
            return
        position = self.log.append(transaction.events) if commits else 0
        if not how.startswith("killed"):
            outcome = Outcome.COMMITTED if commits else Outcome.ROLLED_BACK
            tag = self.log.era.tag(position) if commits else None
            transaction.bell.settle(transaction.number, outcome, position, work=False, tag=tag)

    async def _in_doubt(self, transaction: Transaction, *, commits: bool) -> None:
        era = self.log.era
        await asyncio.sleep(3)
        if commits and era is self.log.era:
            self.log.append(transaction.events)

    def take_place(self, *, rows: int | None, lost: int) -> None:
        """Another database in the place of this one: somebody else's with some rows, or a backup that lacks some."""
        for each in [*self.open, *self.late]:
            each.bell.settle(each.number, Outcome.ROLLED_BACK, 0, work=False)
        self.open, self.late = [], []
        if rows is None:
            self.log.restore(lost)
        else:
            self.log.replace(rows)

    # Those who listen.

    async def subscribe(self, subscriber: Subscriber, after: Cursor | None) -> None:
        """As a server does: decide where the subscription begins, then join. An outage refuses it."""
        era = self._seen_era()
        connection = Connection(after, era, era.head)
        before = self._verdicts(after)
        try:
            beginning = await self.openings._begin(after)
        except Unavailable:
            return
        connection.verdicts = before | self._verdicts(after)
        if subscriber.connection is None:
            stream = LogStream(self.log, subscriber.wanted, beginning, self.rendering)
            subscriber.connect(connection, stream)

    def _seen_era(self) -> Era:
        """The earliest past that the hub may be in, as far as it has seen; it may be over."""
        return next(era for era in self.log.eras if _has_come_by(era, self.hub._seen))

    def start_subscribing(self, subscriber: Subscriber, after: Cursor | None) -> None:
        """Begin it, and let the history go on meanwhile."""
        if subscriber.connection is None:
            self._owner.start(self.subscribe(subscriber, after), "subscribe")

    def _verdicts(self, place: Cursor | None) -> frozenset[bool]:
        """Whether the log has come by a cursor; both are right where it was pruned, for nobody needs to know.

        A hub that has not seen yet that its log was replaced answers for the one that it was.
        """
        return frozenset(found for era in (self._seen_era(), self.log.era) for found in _verdicts(era, place))

    def newcomer(self, wanted: Wanted, *, eager: bool) -> Subscriber | None:
        """One more client, if there is room."""
        if len(self.subscribers) >= SUBSCRIBERS:
            return None
        subscriber = Subscriber(wanted, self.groups, self._notice, asyncio.get_running_loop().time)
        subscriber.is_eager = eager
        self.subscribers.append(subscriber)
        return subscriber

    def place(self, position: int) -> Cursor:
        """The cursor of a position of the present log; beyond its end it is nobody's."""
        era = self.log.era
        return Cursor(era.incarnation, position, era.tag(position) or 0)

    def place_of(self, subscriber: Subscriber) -> Cursor | None:
        """Where a client resumes."""
        return None if subscriber.handled is None else decode(subscriber.handled)

    def _notice(self, subscriber: Subscriber) -> None:
        self._ready[subscriber] = None
        self._woken.set()

    async def _read(self) -> None:
        """Those who read eagerly take turns, as the operations of one socket do."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._ready:
                subscriber = next(iter(self._ready))
                del self._ready[subscriber]
                if subscriber.is_eager:
                    subscriber.read()
                    if subscriber.is_ready:
                        self._ready[subscriber] = None
                await asyncio.sleep(0)

    def hurry(self, subscriber: Subscriber) -> None:
        """Let a slow reader read."""
        subscriber.is_eager = True
        self._notice(subscriber)

    # Time.

    async def turns(self, count: int) -> None:
        """Let everything go on for a while, without time."""
        for _ in range(count):
            await asyncio.sleep(0)

    async def rest(self) -> None:
        """Everything is well again: let it all come to rest."""
        self.log.is_down = False
        self.network.fates.clear()
        self.finish("committed")
        for line in self.network.lines:
            line.switch(up=True)
        self.network.release()
        for subscriber in self.subscribers:
            self.hurry(subscriber)
        if len(self.log.eras) > 1:
            # Nobody rings when a database is replaced: whoever is at rest learns of it by the next commit.
            await self.commit(0, [("a", "")])
        await asyncio.sleep(REST_SECONDS)


def _verdicts(era: Era, place: Cursor | None) -> tuple[bool, ...]:
    if place is None:
        return (True,)
    is_of = _has_come_by(era, place)
    is_pruned = place.incarnation == era.incarnation and place.position < era.floor
    return (True, False) if is_pruned and not is_of else (is_of,)


def _has_come_by(era: Era, place: Cursor) -> bool:
    return place.incarnation == era.incarnation and era.tag(place.position) == place.tag


@asynccontextmanager
async def opened(shape: Shape, log_type: type[MemoryLog] = MemoryLog) -> AsyncIterator[World]:
    """A world that runs."""
    world = World(shape, log_type)
    page, hub.PAGE_EVENTS = hub.PAGE_EVENTS, shape.hub_page
    turn, distributor.TURN_SECONDS = distributor.TURN_SECONDS, REST_SECONDS if shape.page % 2 else -1.0
    await world.start()
    try:
        yield world
    finally:
        await world.close()
        hub.PAGE_EVENTS, distributor.TURN_SECONDS = page, turn
