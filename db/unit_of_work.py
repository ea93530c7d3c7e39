"""One transaction: a change and the events that tell of it, or neither.

The order of things, which the rest of the system leans on:

1. The bell *announces*, before the transaction begins, so that no lock is held while the network is used.
2. The verb changes rows and records events; they are held in memory.
3. As the last statements before the commit the events take their positions (see `events/log.py` for why this
   gives positions in commit order) and are inserted.
4. The bell is *settled*: rung after a commit, withdrawn after a rollback, rung in doubt when the commit was cut
   short and nobody can know how it ended. A process that dies before that leaves its announcement standing,
   which makes every listener look into the log.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.errors import Conflict, ConflictDetail
from db.engine import Engines, Session
from db.repositories import event_log
from db.repositories.event_log import PendingEvent


class Outcome(Enum):
    """How a transaction ended, as far as its process knows."""

    COMMITTED = auto()
    ROLLED_BACK = auto()
    IN_DOUBT = auto()


class Commits:
    """What was committed while somebody watched; `possible` is true as soon as one commit may have happened."""

    def __init__(self) -> None:
        self.possible = False


_watched: ContextVar[Commits | None] = ContextVar("watched_commits", default=None)


@contextmanager
def watched_commits() -> Iterator[Commits]:
    """Watch the units of work of the block, and of the tasks that it starts.

    Whoever is interrupted by an outage learns so whether the same may be done twice by trying again: a commit may have
    been cut short, and a verb may have failed after the first of several.
    """
    token = _watched.set(commits := Commits())
    try:
        yield commits
    finally:
        _watched.reset(token)


class Bell(Protocol):
    """What a writer needs of the doorbell; `events/doorbell.py` is it."""

    async def announce(self) -> int:
        """Say that a commit may come; gives a number to settle. Must return soon and never raise."""

    def settle(
        self, number: int, outcome: Outcome, position: int, *, work: bool, tag: int | None = None
    ) -> None:
        """Say how it ended: the log's position with its tag, and whether there is new work for workers."""


@dataclass
class UnitOfWork:
    """An open transaction. `record` keeps an event for the commit; `work` tells that shards became ready."""

    session: Session
    now: datetime
    work: bool = False
    position: int = 0
    tag: int | None = None
    pending: list[PendingEvent] = field(default_factory=list)

    def record(self, event: PendingEvent) -> None:
        """Keep an event; it is written at the commit, in the order of recording."""
        self.pending.append(event)


class Database:
    """Reads as snapshots, writes as units of work."""

    def __init__(self, engines: Engines, bell: Bell, clock: Clock) -> None:
        self.engines = engines
        self.clock = clock
        self._bell = bell

    @asynccontextmanager
    async def write(self, seconds: float | None = None) -> AsyncIterator[UnitOfWork]:
        """A unit of work that commits when its block ends well. After it, `position` is that of its last event.

        Args:
            seconds: how long it may take; see `Engines.writing`.

        Raises:
            Conflict: something with the same unique name or address was there first.
            Unavailable: the database does not answer, or not for as long as an announcement stands.
        """
        number = await self._bell.announce()
        outcome = Outcome.ROLLED_BACK
        unit: UnitOfWork | None = None
        try:
            async with self.engines.writing(seconds) as session:
                unit = UnitOfWork(session=session, now=self.clock.now())
                yield unit
                await append_events(unit)
                # From here to the end of the block the commit runs; cut short, it may still have happened.
                outcome = Outcome.IN_DOUBT
            outcome = Outcome.COMMITTED
        except IntegrityError as error:
            outcome = Outcome.ROLLED_BACK
            raise _conflict(error) from error
        finally:
            _note(outcome)
            if unit is None:
                self._bell.settle(number, outcome, 0, work=False)
            else:
                self._bell.settle(number, outcome, unit.position, work=unit.work, tag=unit.tag)


def _note(outcome: Outcome) -> None:
    commits = _watched.get()
    if commits is not None and outcome is not Outcome.ROLLED_BACK:
        commits.possible = True


async def append_events(unit: UnitOfWork) -> int:
    """Give the events that were recorded their positions; gives that of the last, or the end of the log.

    The end of every unit of work does it. Who needs the position in the transaction itself does it as the last but
    one of its statements, for the end of the log is locked from then on.
    """
    await unit.session.flush()
    if unit.pending:
        unit.position, unit.tag = await event_log.append(unit.session, unit.now, unit.pending)
        unit.pending = []
    return unit.position


def _conflict(error: IntegrityError) -> Exception:
    text = str(error.orig).lower()
    if "unique" in text:
        return Conflict(
            "Something with this name or address exists already.", ConflictDetail("ALREADY_EXISTS")
        )
    if "foreign key" in text:
        return Conflict("It is in use, or something that it refers to is gone.", ConflictDetail("IN_USE"))
    return error
