"""Admission: how many queries of a process read at once, and whose turn it is when there are more.

A query that reads holds a connection until it is told, for all of it is of one snapshot. Were all of them taken by
large queries of one client, those of everybody else would wait for one, and be told in the end that the database does
not answer. So a query is admitted when it first reads, which is when it has said how many rows it asks for at its root:

* `PLACES` are for queries; the rest of the connections is for whoever changes, follows or signs in.
* Of these `LARGE_PLACES` are for queries that ask for more than `LARGE` rows. More at once would not be done sooner,
  for what is told of the rows is told by one thread.
* A place that is free is for the principal who has the fewest, and for a small query of theirs before a large one.

To wait for a place is no fault of a query. Its time (`querySeconds`) begins anew when it is admitted, and nothing is
held for it before; but it does not wait longer than it may take either. To go on in turns with others is counted, for
there are never more than so many others.

The frames of events that take reading have places of their own, which are given in the same way: the hundreds of groups
that one client may have follow one another, and those of others come in between (`graph/rendering.py`).
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from types import TracebackType
from typing import Self
from uuid import UUID

from db.engine import READERS

PLACES = READERS - 2
LARGE_PLACES = PLACES // 2
FRAME_PLACES = READERS // 2
LARGE = 250
"""Rows. A page of a hundred with something beside it is small; a page of a thousand is large."""


def _nothing() -> None:
    """What happens when somebody is admitted whose time is not counted."""


class Admission:
    """The places of one process."""

    def __init__(self, places: int = PLACES, large_places: int = LARGE_PLACES) -> None:
        self._free = places
        self._free_for_large = large_places
        self._inside: Counter[UUID] = Counter()
        self._waiting: dict[tuple[UUID, bool], deque[Query]] = {}

    def __repr__(self) -> str:
        waiting = sum(map(len, self._waiting.values()))
        return f"<Admission, {self._inside.total()} inside, {waiting} waiting>"

    def query(self, principal: UUID, on_admitted: Callable[[], None] = _nothing) -> "Query":
        """One of a principal's, which is outside."""
        return Query(self, principal, on_admitted)

    def admits(self, query: "Query") -> bool:
        """Take a place, if one is free for it; nobody waits for that."""
        if not self._has_place(query.is_large):
            return False
        self._free -= 1
        self._free_for_large -= query.is_large
        self._inside[query.principal] += 1
        return True

    def wait(self, query: "Query") -> None:
        """Have it called when it is its turn."""
        self._waiting.setdefault((query.principal, query.is_large), deque()).append(query)

    def withdraw(self, query: "Query") -> None:
        """Call it no more."""
        place = query.principal, query.is_large
        self._waiting[place].remove(query)
        if not self._waiting[place]:
            del self._waiting[place]

    def leave(self, query: "Query") -> None:
        """Give a place up, and call whose turn it is."""
        self._free += 1
        self._free_for_large += query.is_large
        self._inside[query.principal] -= 1
        if not self._inside[query.principal]:
            del self._inside[query.principal]
        following = self._next()
        while following is not None and self.admits(following):
            self.withdraw(following)
            following.call()
            following = self._next()

    def _has_place(self, is_large: bool) -> bool:  # noqa: FBT001  It is no option.
        return self._free > 0 and (not is_large or self._free_for_large > 0)

    def _next(self) -> "Query | None":
        """Whose turn it is, if there is a place: of those who came first for each principal and size."""
        may = [place for place in self._waiting if self._has_place(place[1])]
        if not may:
            return None
        return self._waiting[min(may, key=lambda place: (self._inside[place[0]], place[1]))][0]


class Query:
    """One query, from before it reads until it is told. `on_admitted` is called if it had to wait."""

    __slots__ = ("_admission", "_called", "_is_called", "_is_inside", "_on_admitted", "is_large", "principal")

    def __init__(self, admission: Admission, principal: UUID, on_admitted: Callable[[], None]) -> None:
        self._admission = admission
        self._on_admitted = on_admitted
        self._called: asyncio.Future[None] | None = None
        self._is_called = False
        self._is_inside = False
        self.principal = principal
        self.is_large = False

    def __repr__(self) -> str:
        return f"<Query {'inside' if self._is_inside else 'outside'}>"

    async def enter(self, rows: int = 0) -> None:
        """Return when it may read; `rows` is how many it has asked for. A second time does nothing."""
        if self._is_inside:
            return
        self.is_large = rows > LARGE
        if not self._admission.admits(self):
            await self._wait()
            self._on_admitted()
        self._is_inside = True

    async def _wait(self) -> None:
        self._called = asyncio.get_running_loop().create_future()
        self._admission.wait(self)
        try:
            await self._called
        except asyncio.CancelledError:
            if self._is_called:
                self._admission.leave(self)
            else:
                self._admission.withdraw(self)
            raise

    def call(self) -> None:
        """Let it go on, for it has a place now."""
        self._is_called = True
        # Whoever is cancelled gives the place up when that comes to them.
        if self._called is not None and not self._called.done():
            self._called.set_result(None)

    def __enter__(self) -> Self:
        """Nothing is taken before it reads."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give its place up."""
        if self._is_inside:
            self._is_inside = False
            self._admission.leave(self)


def begin_anew(limit: asyncio.Timeout, seconds: float) -> None:
    """Let a time limit that is not over begin anew."""
    if not limit.expired():
        limit.reschedule(asyncio.get_running_loop().time() + seconds)
