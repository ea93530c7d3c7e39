"""graphql-sse, distinct connections mode: one operation is one response (its bytes: `live/event_text.py`)."""

import asyncio
from collections.abc import AsyncGenerator

from core.clock import Clock
from live.event_text import ALONE, PING
from live.groups import Groups
from live.meter import count_deliveries
from live.operations import Stream

FRAMES_IN_TURN = 64


class Delivery:
    """One subscription on its way to one reader."""

    def __init__(self, groups: Groups, stream: Stream, clock: Clock, ping_seconds: float = 15.0) -> None:
        self._groups = groups
        self._stream = stream
        self._clock = clock
        self._ping_seconds = ping_seconds
        self._wake = asyncio.Event()
        self._leaving = False

    def __repr__(self) -> str:
        return f"<Delivery of {self._stream.field}>"

    def leave(self) -> None:
        """End it without `complete`, so that the client comes back and resumes."""
        self._leaving = True
        self._wake.set()

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The events, until the subscription completes or fails, or the process is about to stop.

        In the last case no `complete` is sent. While nothing is due a comment is sent every `ping_seconds`, which
        the reader's system acknowledges, or does not (`web/pulse.py`).
        """
        if self._groups.closed:
            return
        member = self._groups.join(self._stream, self._wake.set)
        try:
            while not (member.dismissed or self._leaving):
                self._wake.clear()
                due = member.take(FRAMES_IN_TURN)
                if due:
                    yield b"".join(ALONE.next(each.frame.payload, each.frame.cursor) for each in due)
                    count_deliveries(self._groups.meter, self._clock.now(), [(self._stream.field, due, 1)])
                end = ALONE.end_of(member)
                if end is not None:
                    yield end
                    return
                if member.more:
                    # Much may be at hand, and the others want their turn, however fast this reader takes it.
                    await asyncio.sleep(0)
                elif not await woken(self._wake, self._ping_seconds):
                    yield PING
        finally:
            self._groups.leave(member)


async def woken(wake: asyncio.Event, seconds: float) -> bool:
    """Wait until there may be something to say; False if there is nothing in time."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return False
    return True
