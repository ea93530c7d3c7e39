"""Paces: how far apart the domains of a campaign's phase are begun by this process, over all its shards.

A pace that nobody uses is kept until its next turn has come; from then on a new one would be no different.
"""

import asyncio
import heapq
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Pace:
    """Turns at `per_minute` turns in a minute, evenly; 0 is as fast as one can."""

    def __init__(self, per_minute: int = 0) -> None:
        self._gap = 60.0 / per_minute if per_minute > 0 else 0.0
        self._next = 0.0
        self._returned: list[float] = []
        self.users = 0

    def __repr__(self) -> str:
        return f"<Pace {self._gap:.3f} s apart, {self.users} users>"

    def reserve(self) -> float:
        """Take the next turn: the moment of it, by the clock of the loop."""
        now = asyncio.get_running_loop().time()
        while self._returned:
            turn = heapq.heappop(self._returned)
            if turn >= now:
                return turn
        turn = max(now, self._next)
        self._next = turn + self._gap
        return turn

    def give_back(self, turn: float) -> None:
        """Return a turn that was taken and not used: it is the next one's, unless it has passed by then."""
        if self._gap:
            heapq.heappush(self._returned, turn)

    @property
    def is_spent(self) -> bool:
        """Whether nobody uses it, and its next turn has come."""
        return self.users == 0 and self._next <= asyncio.get_running_loop().time()


class Paces:
    """The paces of one process, by what they are the paces of."""

    def __init__(self) -> None:
        self._paces: dict[Hashable, Pace] = {}

    def __repr__(self) -> str:
        return f"<Paces {len(self._paces)} kept>"

    def __len__(self) -> int:
        return len(self._paces)

    @contextmanager
    def use(self, of: Hashable, per_minute: int) -> Iterator[Pace]:
        """The pace that all share who work on the same thing at the same speed; another speed is another pace."""
        self._paces = {key: pace for key, pace in self._paces.items() if not pace.is_spent}
        pace = self._paces.setdefault((of, per_minute), Pace(per_minute))
        pace.users += 1
        try:
            yield pace
        finally:
            pace.users -= 1
