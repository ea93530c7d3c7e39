"""How many connections somebody has over all API processes that share a Redis.

Each process tells how many of them it has, and tells it again before that lapses: what a process had that was killed is
forgotten in half a minute, and a Redis that was started anew knows all within ten seconds. While Redis does not answer
each process counts its own.
"""

import asyncio
from collections import Counter
from collections.abc import Hashable
from typing import Final

from auth.shared import Shared
from core.tasks import Owner

LEASE_SECONDS = 30.0
TELL_SECONDS = 10.0
TOGETHER_SECONDS = 0.05
UNBOUNDED: Final = -1

# A field for each process: how many it has, and until when that holds.
_TELL = """
local process, own, most, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local others = 0
local fields = redis.call('HGETALL', KEYS[1])
for index = 1, #fields, 2 do
  local count, lapses = string.match(fields[index + 1], '(%d+) (%d+)')
  if tonumber(lapses) <= now then
    redis.call('HDEL', KEYS[1], fields[index])
  elseif fields[index] ~= process then
    others = others + count
  end
end
if most >= 0 and others + own > most then
  return 0
end
if own == 0 then
  redis.call('HDEL', KEYS[1], process)
else
  redis.call('HSET', KEYS[1], process, own .. ' ' .. (now + lease))
  redis.call('PEXPIRE', KEYS[1], lease)
end
return 1
"""


class SharedConnections:
    """Counts those of all processes; `name` is one that no other process has. Close it at the end."""

    def __init__(self, shared: Shared, name: str) -> None:
        self._shared = shared
        self._name = name
        self._counts: Counter[Hashable] = Counter()
        self._left: set[Hashable] = set()
        self._closing = False
        self._has_left = asyncio.Event()
        self._owner = Owner("shared connections")
        self._owner.start(self._tell_again(), "tell again")
        self._owner.start(self._tell_who_left(), "tell who left")

    def __repr__(self) -> str:
        return f"<SharedConnections of {len(self._counts)}, {self._shared!r}>"

    async def enter(self, who: Hashable, most: int) -> bool:
        """Count one more, unless there are as many."""
        # Counted before it is told, so that two who come at once are two.
        self._counts[who] += 1
        is_in = False
        try:
            answer = await self._tell(who, most)
            is_in = self._counts[who] <= most if answer is None else bool(answer)
        finally:
            if not is_in:
                self.leave(who)
        return is_in

    def leave(self, who: Hashable) -> None:
        """Count one less; the others learn it at once, together with who leaves at the same moment."""
        self._counts[who] -= 1
        self._left.add(who)
        self._has_left.set()

    async def close(self) -> None:
        """Tell no more; what was told lapses."""
        # redis-py may ignore being cancelled while it connects, and then a task is not over before its next turn.
        self._closing = True
        await self._owner.close()

    async def _tell(self, who: Hashable, most: int = UNBOUNDED) -> object:
        key = f"heliograph:connections:{who}"
        own, lease = self._counts[who], int(LEASE_SECONDS * 1000)
        return await self._shared.run(_TELL, key, self._name, own, most, lease)

    async def _tell_who_left(self) -> None:
        while not self._closing:
            await self._has_left.wait()
            # Whoever leaves in the same moment, with a process or a network, is told of together.
            await asyncio.sleep(TOGETHER_SECONDS)
            self._has_left.clear()
            left, self._left = self._left, set()
            for who in left:
                await self._tell(who)
                if not self._counts[who]:
                    del self._counts[who]

    async def _tell_again(self) -> None:
        while not self._closing:
            await asyncio.sleep(TELL_SECONDS)
            for who in list(self._counts):
                await self._tell(who)
