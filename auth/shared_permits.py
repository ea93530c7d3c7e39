"""How many requests somebody may make in a minute over all API processes that share a Redis.

A process takes permits by the tenth of a second's worth and hands them out for a second, so that not every
request asks Redis. What it holds was counted when it was taken: never is more let through than the limit and, for each
process, one such portion. While Redis does not answer each process keeps count by itself, and says so by a metric;
nobody waits for a server that hangs but one in a second, and that one a quarter of a second.
"""

import asyncio
from collections.abc import Hashable

from auth.permits import KEPT, MINUTE, MOMENT, LocalPermits, Permits, Rate
from auth.shared import Shared

HELD_SECONDS = 1.0
PORTIONS = 600

# The arithmetic of `LocalPermits`, by the clock of the server, which all processes share.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local interval, least, wanted, minute, moment = unpack(ARGV)
local free_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local free = math.floor((now + minute + moment - free_at) / interval)
if free < tonumber(least) then
  return {0, string.format('%.6f', free_at + least * interval - minute - now)}
end
local taken = math.min(free, wanted)
free_at = free_at + taken * interval
redis.call('SET', KEYS[1], string.format('%.6f', free_at), 'PX', math.max(1, math.ceil((free_at - now) * 1000)))
return {taken, '0'}
"""


class _Held:
    """Permits that were taken and not handed out, and until when they are good."""

    __slots__ = ("permits", "until")

    def __init__(self) -> None:
        self.permits = 0
        self.until = 0.0


class SharedPermits:
    """Counts what goes through all processes, and what goes through this one while that cannot be known."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._alone: Permits = LocalPermits()
        self._held: dict[tuple[str, Hashable], _Held] = {}

    def __repr__(self) -> str:
        return f"<SharedPermits of {len(self._held)}, {self._shared!r}>"

    @property
    def is_apart(self) -> bool:
        """Whether Redis did not answer."""
        return self._shared.apart

    async def take(self, rate: Rate, who: Hashable, count: int = 1) -> float:
        """Take so many permits, or none: of those that this process holds, or from Redis."""
        now = asyncio.get_running_loop().time()
        held = self._held.get((rate.limit, who))
        if held is not None and held.permits >= count and now < held.until:
            held.permits -= count
            return 0.0
        portion = max(count, rate.per_minute // PORTIONS)
        key = f"heliograph:permits:{rate.limit}:{who}"
        answer = await self._shared.run(_TAKE, key, MINUTE / rate.per_minute, count, portion, MINUTE, MOMENT)
        if answer is None:
            return await self._alone.take(rate, who, count)
        taken, wait = int(answer[0]), float(answer[1])
        if taken:
            self._hold(rate, who, taken - count, now)
        return wait

    def _hold(self, rate: Rate, who: Hashable, permits: int, now: float) -> None:
        if len(self._held) >= KEPT:
            self._held = {key: each for key, each in self._held.items() if each.until > now}
        held = self._held.setdefault((rate.limit, who), _Held())
        # Several may have taken a portion at once.
        held.permits = permits + (held.permits if now < held.until else 0)
        held.until = now + HELD_SECONDS
