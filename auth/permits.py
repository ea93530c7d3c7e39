"""How many requests somebody may make in a minute: the arithmetic, and who keeps count within one process.

This is the generic cell rate algorithm (ITU-T I.371): of each principal one moment is kept, that at which as much as a
minute allows is free again. It takes one number however large the limit is, forgets nothing at the turn of a minute, so
that nobody has twice as much around it, and says exactly when the next one is free. `limits` of PyPI, which is well
kept, has windows only: one that lets twice as much pass, one that keeps every request, and one that estimates; and to
learn when to come back is another question to the server.
"""

import time
from collections.abc import Callable, Hashable
from typing import Protocol

import msgspec

from core.limits import Limit

MINUTE = 60.0
MOMENT = 1e-6
KEPT = 10_000


class Rate(msgspec.Struct, frozen=True):
    """So many in a minute, of what this limit counts. A whole minute's may come at once."""

    limit: Limit
    per_minute: int


class Permits(Protocol):
    """Who keeps count."""

    @property
    def is_apart(self) -> bool:
        """Whether this process counts by itself what all of them should count together."""

    async def take(self, rate: Rate, who: Hashable, count: int = 1) -> float:
        """Take so many permits, or none; gives 0, or after how many seconds they are free.

        Raises nothing but a cancelling. More than a minute's worth are never free.
        """


class LocalPermits:
    """Counts what goes through this process."""

    is_apart = False

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._free_at: dict[tuple[Limit, Hashable], float] = {}

    def __repr__(self) -> str:
        return f"<LocalPermits of {len(self._free_at)}>"

    async def take(self, rate: Rate, who: Hashable, count: int = 1) -> float:
        """Take so many permits, or none; gives 0, or after how many seconds they are free."""
        now, interval, key = self._seconds(), MINUTE / rate.per_minute, (rate.limit, who)
        free_at = max(self._free_at.get(key, now), now) + count * interval
        # A sum of fractions may be a little more than the minute that it comes to.
        wait = free_at - now - MINUTE - MOMENT
        if wait > 0:
            return wait
        if len(self._free_at) >= KEPT:
            self._forget(now)
        self._free_at[key] = free_at
        return 0.0

    def _forget(self, now: float) -> None:
        """Keep those only who have taken something that is not free again."""
        self._free_at = {key: free_at for key, free_at in self._free_at.items() if free_at > now}
