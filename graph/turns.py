"""Turns: an operation with many large pages tells some rows of them at a time, and lets others be served in between.

Pages that are read together come together, and all that follows from each is done at once: for 19 pages of a thousand
domains that was a third of a second in which nobody else was answered. Pages as small as they mostly are never wait.
"""

import asyncio
from collections import deque

ROWS = 1_000
"""So many rows of a page are told in 12 to 20 ms, all of their fields, and go on at once."""
REST_SECONDS = 0.005
"""For so long others are served before the next ones."""


class Turns:
    """Those of one operation. Whoever holds `testing` makes a test of keywords, so that they are made one by one."""

    __slots__ = ("_left", "_waiting", "testing")

    def __init__(self) -> None:
        self._left = ROWS
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self.testing = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Turns, {len(self._waiting)} waiting>"

    async def take(self, rows: int) -> None:
        """Return when so many rows may be told, which is at once but for what comes after a thousand others."""
        if not self._waiting and self._fits(rows):
            self._left -= rows
            return
        loop = asyncio.get_running_loop()
        mine = loop.create_future()
        self._waiting.append((rows, mine))
        if len(self._waiting) == 1:
            loop.call_later(REST_SECONDS, self._go_on)
        await mine

    def _fits(self, rows: int) -> bool:
        # A page that is larger than a turn has one of its own.
        return rows <= self._left or self._left == ROWS

    def _go_on(self) -> None:
        """Let those go on that one turn is for."""
        self._left = ROWS
        while self._waiting and self._fits(self._waiting[0][0]):
            rows, one = self._waiting.popleft()
            # Whoever was cancelled does not wait any more.
            if not one.done():
                one.set_result(None)
                self._left -= rows
        if self._waiting:
            # After them, for what they do takes longer than the rest.
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_later, REST_SECONDS, self._go_on)
