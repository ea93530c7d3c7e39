"""One reader of the log for a whole process, and the window that it fills.

The hub is told by the doorbell that something happened (a position) or may have happened (a doubt). It reads
the log after its position until there is nothing more, once for everybody. A reading that fails is owed: it
is tried again, with growing pauses, until the database answers. Nothing here runs on a timer while all is well.
"""

import asyncio
import logging

import structlog

from core.errors import Unavailable
from core.tasks import Owner
from db.repositories.event_log import Head
from events.cursor import Cursor
from events.envelope import Page
from events.log import Lapsed, Log
from events.window import Gap, Window

log = structlog.get_logger(__name__)

PAGE_EVENTS = 500
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0


class Hub:
    """The newest events of the log, and where they end. Start it before anybody subscribes."""

    def __init__(self, source: Log, window_events: int) -> None:
        self._log = source
        self._size = window_events
        self._owner = Owner("hub")
        self._owed = asyncio.Event()
        self._advanced = asyncio.Event()
        self._window = Window(position=0, size=window_events)
        self.incarnation = ""
        self.pages_read = 0
        self.events_read = 0

    def __repr__(self) -> str:
        return f"<Hub {self._window!r}>"

    @property
    def position(self) -> int:
        """The newest position in the window."""
        return self._window.position

    async def start(self) -> None:
        """Begin at the log's present end.

        Raises:
            Unavailable: the database does not answer.
        """
        head = await self._log.head()
        self.incarnation = head.incarnation
        self._window = Window(position=head.position, size=self._size, tag=head.tag)
        self._owner.start(self._follow(), "follow")

    async def close(self) -> None:
        """Stop reading."""
        await self._owner.close()

    def rung(self, position: int | None) -> None:
        """Hear of a commit at `position`, or, if it is None, that there may have been one."""
        if position is None or position > self.position:
            self._owed.set()

    async def wait_beyond(self, position: int) -> None:
        """Return when `self.position` is beyond `position`."""
        while self.position <= position:
            await self._advanced.wait()

    async def read_after(self, position: int, limit: int) -> Page:
        """At most `limit` events after `position`, from the window where it reaches so far, else from the log.

        Raises:
            Lapsed: the log is no longer kept from there on.
            Unavailable: the database does not answer.
        """
        if self._window.covers(position):
            return self._window.read_after(position, limit)
        self.pages_read += 1
        return await self._log.read_after(position, limit)

    async def knows(self, place: Cursor) -> bool:
        """Whether the log has come by a cursor's place; from the window where it reaches so far, else from the log.

        Raises:
            Unavailable: the database does not answer.
        """
        if place.incarnation != self.incarnation:
            return False
        tag = self._window.tag_at(place.position)
        if tag is not None:
            return place.tag in (None, tag)
        return await self._log.knows(place)

    async def head(self) -> Head:
        """Where the log itself ends now, which may be further than `position`.

        Raises:
            Unavailable: the database does not answer.
        """
        return await self._log.head()

    async def _follow(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            await self._owed.wait()
            # Cleared before the reading: what is rung during it is owed again.
            self._owed.clear()
            try:
                await self._catch_up()
                pause = FIRST_PAUSE_SECONDS
            except Exception as error:  # noqa: BLE001  A hub that stopped would leave every subscriber waiting.
                _tell(error, self.position, pause)
                self._owed.set()
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _skip(self) -> None:
        """Begin anew at the log's end: it was pruned beyond us. Readers below the new floor are told so."""
        head = await self._log.head()
        self._window = Window(position=head.position, size=self._size, tag=head.tag)
        self._advance()

    def _advance(self) -> None:
        self._advanced.set()
        self._advanced = asyncio.Event()

    async def _catch_up(self) -> None:
        while True:
            try:
                page = await self._log.read_after(self.position, PAGE_EVENTS)
            except Lapsed:
                await self._skip()
                return
            self.pages_read += 1
            self.events_read += len(page.envelopes)
            if page.envelopes:
                self._window.extend(page)
                self._advance()
            if len(page.envelopes) < PAGE_EVENTS:
                return


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
