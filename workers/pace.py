"""A pace: how far apart the domains of one shard are begun."""

import asyncio


class Pace:
    """Turns at `per_minute` turns in a minute, evenly; 0 is as fast as one can."""

    def __init__(self, per_minute: int = 0) -> None:
        self._gap = 60.0 / per_minute if per_minute > 0 else 0.0
        self._next = 0.0

    def __repr__(self) -> str:
        return f"<Pace {self._gap:.3f} s apart>"

    def reserve(self) -> float:
        """Take the next turn: in how many seconds it is."""
        now = asyncio.get_running_loop().time()
        start = max(now, self._next)
        self._next = start + self._gap
        return start - now
