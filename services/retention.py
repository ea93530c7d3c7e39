"""How long the log is kept: by age, by size, and longer what somebody caused.

The floor of the log rises and events at or below it are deleted in small transactions, each of which does both. So a
reader, whose page and whose floor are of one snapshot, either finds all that follows its position, or finds that the
log no longer reaches back so far and is reset with a snapshot; never a part of the past.

Events that somebody caused (not a worker) are the audit log. They stay when the floor passes over them, for
`audit_days` in all: streams do not go below the floor, the lists of activity and of the audit log do.

The order of positions is the order of commits, so age is found by halving, a read by primary key for each step. Clocks
that were set back make events a little older or younger than they are, which retention by days does not mind.

The present is no later than the newest event says. A worker that starts with a clock years ahead would delete all that
there is, and the audit log with it; so nothing goes that the log itself does not call old. (That one must not go on
working: its own events would say the same as its clock.) Of a log to which nothing is added, nothing becomes too old.

Writers wait for at most one of these transactions where a database has one writer (SQLite), and for the end of one
elsewhere: the row of the head is its last lock.
"""

from datetime import datetime, timedelta

import msgspec

from core.settings import Settings
from db.engine import Session
from db.repositories import event_log, retention
from db.repositories.event_log import Head
from db.unit_of_work import Database
from services.effective import effective

STEP_EVENTS = 500
"""How many events one transaction deletes at most."""


class Outlook(msgspec.Struct, frozen=True):
    """What is to be pruned now.

    Attributes:
        floor: up to where the log is pruned already.
        upto: up to where it is to be.
        keeps: how many events the log keeps.
        caused_before: what somebody caused before this moment, and is below the floor, is to go; None if nothing is.
    """

    floor: int
    upto: int
    keeps: int
    caused_before: datetime | None


class Retention:
    """Looks at what is to be pruned, and prunes it step by step."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    async def outlook(self) -> Outlook:
        """What is to be pruned now; it is cheap to find that nothing is.

        Raises:
            Unavailable: the database does not answer.
        """
        now = self._database.clock.now()
        async with self._database.engines.reading() as session:
            settings = await effective(session, self._settings)
            head = await event_log.head(session)
            now = min(now, await retention.occurred_at(session, head.position) or now)
            by_age = await _last_before(session, head, now - timedelta(days=settings.log_days))
            upto = max(by_age, head.position - settings.log_events)
            before = now - timedelta(days=settings.audit_days)
            oldest = await retention.oldest_caused(session, upto)
        is_due = oldest is not None and oldest < before
        return Outlook(head.floor, upto, settings.log_events, before if is_due else None)

    async def prune(self, upto: int) -> int | None:
        """One step; the floor that the log has then, None if another process is at it.

        Raises:
            Unavailable: the database does not answer.
        """
        async with self._database.engines.writing() as session:
            return await retention.prune(session, upto, STEP_EVENTS)

    async def prune_caused(self, before: datetime, after: int) -> int | None:
        """One step of what somebody caused, beyond the position `after`; where the next one begins, None if it is over.

        Raises:
            Unavailable: the database does not answer.
        """
        async with self._database.engines.writing() as session:
            gone = await retention.prune_caused(session, before, after, STEP_EVENTS)
        return gone[-1] if len(gone) == STEP_EVENTS else None


async def _last_before(session: Session, head: Head, moment: datetime) -> int:
    """The last position of the log that was committed before a moment; the floor if there is none."""
    low, high = head.floor, head.position
    # Nearly always the oldest event is young enough, and that is seen at once.
    middle = low + 1
    while low < high:
        found = await retention.occurred_at(session, middle)
        if found is not None and found < moment:
            low = middle
        else:
            high = middle - 1
        middle = (low + high + 1) // 2
    return low
