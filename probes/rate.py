"""A token bucket that hands out moments instead of counting tokens (the generic cell rate algorithm, ITU-T I.371).

Each taker is given the next free moment and sleeps until then: first come, first served, with no timer that
refills and no queue to bound. Whoever is cancelled while waiting gives the moment back.
"""

import asyncio


class TokenBucket:
    """At most `burst` at once, and `rate` a second in the long run.

    Raises:
        ValueError: the rate is not above 0 or the burst is below 1.
    """

    def __init__(self, rate: float, burst: int) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError("A token bucket needs a rate above 0 and a burst of at least 1.")
        self._interval = 1.0 / rate
        self._slack = (burst - 1) * self._interval
        self._next = float("-inf")

    def __repr__(self) -> str:
        return f"<TokenBucket {1 / self._interval:g}/s>"

    def reserve(self, now: float) -> float:
        """Take the next free moment; returns the seconds from `now` until then."""
        free = max(self._next, now)
        self._next = free + self._interval
        return max(0.0, free - self._slack - now)

    def give_back(self) -> None:
        """Return one reserved moment that was not used."""
        self._next -= self._interval

    async def take(self) -> None:
        """Wait for the next free moment."""
        wait = self.reserve(asyncio.get_running_loop().time())
        if wait <= 0:
            return
        try:
            await asyncio.sleep(wait)
        except asyncio.CancelledError:
            self.give_back()
            raise
