"""Turns: executing operations go on one after the other, a few ms of the loop at a time, and everybody else in between.

What many fields wait for comes to all of them at once: a page's rows, or the owner of each of them. Were all that
follows from it done at once, for each operation of the process, nobody else would be answered for seconds. So whoever
goes on with something takes a turn first. As long as the process has little to do, it has one at once.

Each operation is a place in the line, however much of it waits. One goes on for as many rows as took it about
`TURN_SECONDS` the last time, and stands behind the others again. After each turn the loop goes round a few times for
everybody who is in no line: sockets, timers, and what threads have read. A client's small query comes through between
other clients' large ones, and the large ones lose next to nothing by it.
"""

import asyncio
from collections import deque
from time import perf_counter

TURN_SECONDS = 0.005
"""For so long an operation goes on at a time, or a page's rows, which cannot be told in part."""
REST = 4
"""So often the loop goes round before the next turn."""
ROWS = 64
"""With so many rows the first turn of an operation ends; later ones are as it turns out."""
MOST_ROWS = 1_024


class Line:
    """Who waits for a turn in this process."""

    def __init__(self) -> None:
        self._waiting: deque[Turns] = deque()
        self._called: Turns | None = None
        self._is_idle = True
        self._since = 0.0
        self._longest = 0.0

    def __repr__(self) -> str:
        return f"<Line of {len(self._waiting)}>"

    def passes(self) -> bool:
        """Whether nobody waits and there is time: then it is the turn of whoever asks."""
        if self._waiting:
            return False
        if self._is_idle:
            self._begin(None)
            return True
        return self._called is None and perf_counter() - self._since < TURN_SECONDS

    def join(self, turns: "Turns") -> None:
        """Stand at the end. The turn that goes on is followed by others as long as there are any."""
        self._waiting.append(turns)

    def _begin(self, called: "Turns | None") -> None:
        self._is_idle, self._called = False, called
        self._since, self._longest = perf_counter(), 0.0
        # What this turn wakes is called before that.
        asyncio.get_running_loop().call_soon(self._end_round, REST)

    def _end_round(self, rounds: int) -> None:
        """The loop has gone round once since the last time: what the turn has led to may take a few rounds."""
        now = perf_counter()
        self._longest, self._since = max(self._longest, now - self._since), now
        if rounds and (self._waiting or self._called):
            asyncio.get_running_loop().call_soon(self._end_round, rounds - 1)
            return
        if self._called is not None:
            self._called.took(self._longest)
        if self._waiting:
            self._call_next()
        else:
            self._is_idle, self._called = True, None

    def _call_next(self) -> None:
        turns = self._waiting.popleft()
        if turns.go_on():
            self._waiting.append(turns)
        self._begin(turns)


class Turns:
    """Those of one operation. Whoever holds `testing` makes a test of keywords, so that they are made one by one."""

    __slots__ = ("_is_called", "_line", "_rows", "_settled", "_waiting", "testing")

    def __init__(self, line: Line | None = None) -> None:
        self._line = line or Line()
        self._rows = ROWS
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._is_called = False
        self._settled: asyncio.Future[None] | None = None
        self.testing = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Turns, {len(self._waiting)} waiting>"

    async def take(self, rows: int) -> None:
        """Return when so many rows may be told, which is at once unless the process has much to do."""
        if self._line.passes():
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, mine))
        if len(self._waiting) == 1:
            self._line.join(self)
        await mine

    async def settle(self) -> None:
        """Return when nobody waits for a turn, and those who had the last one have come as far as they come at once."""
        while self._waiting or self._is_called:
            if self._settled is None:
                self._settled = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._settled)

    def go_on(self) -> bool:
        """Let those go on that one turn is for, in the order in which they came; whether others are left."""
        self._is_called = True
        left = self._rows
        while self._waiting and (left == self._rows or self._waiting[0][0] <= left):
            rows, one = self._waiting.popleft()
            # Whoever was cancelled does not wait any more.
            if not one.done():
                one.set_result(None)
                # A page that is larger than a turn has one of its own.
                left -= rows
        return bool(self._waiting)

    def took(self, seconds: float) -> None:
        """Hear that a turn is over, and how long it was, so that the next is as long as it should be."""
        self._is_called = False
        if self._settled is not None and not self._waiting:
            self._settled.set_result(None)
            self._settled = None
        if seconds > TURN_SECONDS:
            self._rows = max(1, self._rows // 2)
        elif seconds < TURN_SECONDS / 2:
            self._rows = min(MOST_ROWS, self._rows * 2)
