"""One reader of the log for a whole process, and the window that it fills.

The hub is told by the doorbell that something happened (a position) or may have happened (a doubt). It reads
the log after its position until there is nothing more, once for everybody. A reading that fails is owed: it
is tried again, with growing pauses, until the database answers. Nothing here runs on a timer while all is well.

The database may be replaced under a running process, by another or by its own past. Each page is read together with
the event at the hub's position, and when that is another than the hub has seen, the hub goes over to the log that is
there: a new *era*, in which positions mean other events. Who reads says in which era it is, and is told `Replaced`
when that is over. A hub at rest learns of it by a ring whose tag is not that of its own event at the position.
"""

import asyncio
import logging
from contextlib import suppress

import structlog

from core.errors import Unavailable
from core.tasks import Owner
from db.repositories.event_log import Head
from events.cursor import Cursor
from events.envelope import Page
from events.log import Lapsed, Log, Replaced
from events.older_pages import OlderPages
from events.window import Gap, Window

log = structlog.get_logger(__name__)

PAGE_EVENTS = 500
FRESH_EVENTS = 100
"""So many, rung for just now, are read as what is in memory (`Log.read_fresh`)."""
REMEMBERED_EVENTS = 2000
COME_BY_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0


class Hub:
    """The newest events of the log, and where they end. Start it before anybody subscribes."""

    def __init__(self, source: Log, window_events: int) -> None:
        self._log = source
        self._size = window_events
        self._owner = Owner("hub")
        self._owed = asyncio.Event()
        self._owes_little = True
        """Whether what is owed is a few events that were committed just now."""
        self._advanced = asyncio.Event()
        self._window = Window(position=0, size=window_events)
        self._older = OlderPages(self._read_older, self._owner)
        self.incarnation = ""
        self.era = 0
        self.pages_read = 0
        self.pages_behind = 0
        self.events_read = 0

    def __repr__(self) -> str:
        return f"<Hub {self._window!r}>"

    @property
    def position(self) -> int:
        """The newest position in the window."""
        return self._window.position

    @property
    def since(self) -> int:
        """After which position every event is in memory."""
        return self._window.floor

    async def start(self) -> None:
        """Begin at the log's present end, with the newest events in memory.

        When a process takes the place of another, clients come to it that were told a little less than there is.

        Raises:
            Unavailable: the database does not answer.
        """
        head = await self._log.head()
        self._begin_at(head)
        await self._remember(head)
        self._owner.start(self._follow(), "follow")

    async def _remember(self, head: Head) -> None:
        """Have the events before a head in memory, as far as they are kept."""
        begin = max(head.position - min(self._size, REMEMBERED_EVENTS), head.floor + 1)
        if begin >= head.position:
            return
        # The event at which the window begins tells its tag, and is not in it.
        with suppress(Lapsed, Replaced):
            page = await self._log.read_after(begin - 1, head.position - begin + 1, self._seen)
            self.pages_read += 1
            self._fill(page)

    def _fill(self, page: Page) -> None:
        first, *rest = page.envelopes
        self._window = Window(position=first.position, size=self._size, tag=first.tag)
        self._window.extend(Page(envelopes=tuple(rest), position=page.position))

    async def close(self) -> None:
        """Stop reading."""
        await self._owner.close()

    def rung(self, position: int | None, tag: int | None = None) -> None:
        """Hear of a commit at `position` with `tag`, or, if it is None, that there may have been one."""
        is_news = position is None or position > self.position
        if is_news or (tag is not None and tag != self._window.tag_at(position or 0)):
            self._owes_little &= position is not None and position <= self.position + FRESH_EVENTS
            self._owed.set()

    async def wait_beyond(self, position: int, era: int | None = None) -> None:
        """Return when `self.position` is beyond `position`.

        Args:
            position: where the caller is.
            era: that of the position; None asks about whatever log there is.

        Raises:
            Replaced: the era is over.
        """
        self._require(era)
        while self.position <= position:
            await self._advanced.wait()
            self._require(era)

    async def read_after(self, position: int, limit: int, era: int | None = None) -> Page:
        """At most `limit` events after `position`, from the window where it reaches so far, else from the log.

        Args:
            position: the page begins after it.
            limit: how many events at most.
            era: that of the position; None asks about whatever log there is.

        Raises:
            Replaced: the era is over.
            Lapsed: the log is no longer kept from there on.
            Unavailable: the database does not answer, or has another log than the hub, which is about to see it.
        """
        self._require(era)
        if self._window.covers(position):
            return self._window.read_after(position, limit)
        page = await self._older.read_after(position, limit)
        self._require(era)
        return page

    async def _read_older(self, position: int, limit: int) -> Page:
        self.pages_read += 1
        self.pages_behind += 1
        try:
            page = await self._log.read_after(position, limit, self._seen)
        except Replaced as error:
            self.rung(None)
            raise Unavailable(f"{error} The hub has to look first.") from error
        return self._as_far_as_here(page)

    def _as_far_as_here(self, page: Page) -> Page:
        """Without what the hub has not come by: were that undone by a backup, the hub would not see it."""
        if page.position <= self.position:
            return page
        return Page(tuple(each for each in page.envelopes if each.position <= self.position), self.position)

    def _require(self, era: int | None) -> None:
        if era not in (None, self.era):
            raise Replaced(f"Era {era} is over, the present one is {self.era}.")

    @property
    def _seen(self) -> Cursor:
        return Cursor(self.incarnation, self.position, self._window.tag)

    async def knows(self, place: Cursor) -> bool:
        """Whether the log has come by a cursor's place; from the window where it reaches so far, else from the log.

        Raises:
            Unavailable: the database does not answer.
        """
        is_known = place.incarnation == self.incarnation and await self._has(place)
        if not is_known:
            # Perhaps it is not the client who has another log than we.
            self.rung(None)
        return is_known

    async def _has(self, place: Cursor) -> bool:
        if place.position > self.position:
            # Another process told the client before we were told.
            if not await self._log.knows(place):
                return False
            await self._come_by(place.position)
        tag = self._window.tag_at(place.position)
        return await self._log.knows(place) if tag is None else place.tag in (None, tag)

    async def _come_by(self, position: int) -> None:
        """Follow the log to a position that it has, for nobody may go on from where the hub has not been.

        If the log were replaced by its own past up to before that, the hub could not see it, and nobody would be told.
        """
        self.rung(position)
        try:
            async with asyncio.timeout(COME_BY_SECONDS):
                await self.wait_beyond(position - 1, self.era)
        except (Replaced, TimeoutError) as error:
            # Perhaps the position is gone: it was of a past that the hub has never seen.
            raise Unavailable("The log does not come to where it was just now; try again.") from error

    async def require_same(self, head: Head, reached: int) -> None:
        """See that a head is of the log that the hub follows, once the hub has come by it.

        Args:
            head: read just now.
            reached: the hub's position before that.

        Raises:
            Unavailable: it is of another log, which the hub is about to see.
        """
        if head.incarnation == self.incarnation and head.position > self.position:
            await self._come_by(head.position)
        tag = self._window.tag_at(head.position)
        if (head.incarnation, head.tag) != (self.incarnation, tag) or head.position < reached:
            self.rung(None)
            raise Unavailable("The log was replaced; the hub has to look first.")

    async def _follow(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            await self._owed.wait()
            # Cleared before the reading: what is rung during it is owed again.
            self._owed.clear()
            fresh, self._owes_little = self._owes_little, True
            try:
                await self._catch_up(fresh=fresh)
                pause = FIRST_PAUSE_SECONDS
            except Exception as error:  # noqa: BLE001  A hub that stopped would leave every subscriber waiting.
                _tell(error, self.position, pause)
                self._owes_little = False
                self._owed.set()
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _begin_anew(self, *, replaced: bool) -> None:
        """Begin at the log's end: it was pruned beyond us, or is another. Readers below the new floor are told so."""
        head = await self._log.head()
        if replaced or head.incarnation != self.incarnation or head.position < self.position:
            was, now = (self.incarnation, self.position), (head.incarnation, head.position)
            log.warning("log_replaced", was=was, now=now)
            self.era += 1
        self._begin_at(head)
        self._advance()

    def _begin_at(self, head: Head) -> None:
        self.incarnation = head.incarnation
        self._older.forget()
        self._window = Window(position=head.position, size=self._size, tag=head.tag)

    def _advance(self) -> None:
        self._advanced.set()
        self._advanced = asyncio.Event()

    async def _catch_up(self, *, fresh: bool) -> None:
        while True:
            limit = FRESH_EVENTS if fresh else PAGE_EVENTS
            read = self._log.read_fresh if fresh else self._log.read_after
            try:
                page = await read(self.position, limit, self._seen)
            except (Lapsed, Replaced) as error:
                await self._begin_anew(replaced=isinstance(error, Replaced))
                return
            self.pages_read += 1
            self.events_read += len(page.envelopes)
            if page.envelopes:
                self._window.extend(page)
                self._advance()
            if len(page.envelopes) < limit:
                return
            fresh = False


def _tell(error: Exception, position: int, pause: float) -> None:
    """Log why the log was not read: an outage in one line, a defect with its traceback."""
    outage = isinstance(error, Unavailable | Gap)
    log.log(
        logging.WARNING if outage else logging.ERROR,
        "log_not_read",
        position=position,
        error=str(error),
        again_in=pause,
        exc_info=None if outage else error,
    )
