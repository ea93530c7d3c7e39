"""Network clients that all shards of a process share, so that their limits hold across shards.

A persona's rate and concurrency live in the client that was made for it. If each shard made its own, four shards
would be four times as fast as the persona allows, and each new shard would begin with a full burst. So a client
is kept by what it was made from (a changed persona is another key), and closed when it has not been used for as
long as its token bucket takes to be full again, when a new one would be no different.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Generic, TypeVar

from core.tasks import Owner

K = TypeVar("K", bound=Hashable)
C = TypeVar("C")

LINGER_SECONDS = 30.0


class _Entry(Generic[C]):
    """A client, how many use it, and the timer that ends it when nobody does."""

    def __init__(self, client: C, stack: AsyncExitStack) -> None:
        self.client = client
        self.stack = stack
        self.users = 0
        self.timer: asyncio.TimerHandle | None = None


class Clients(Generic[K, C]):
    """Clients by key.

    `make` makes a client, as a context manager, `linger` says for how many seconds one is kept when it is unused.
    """

    def __init__(
        self, make: Callable[[K], AbstractAsyncContextManager[C]], linger: Callable[[K], float]
    ) -> None:
        self._make = make
        self._linger = linger
        self._entries: dict[K, _Entry[C]] = {}
        self._making = asyncio.Lock()
        self._owner = Owner("clients")

    def __repr__(self) -> str:
        return f"<Clients {len(self._entries)} open>"

    def __len__(self) -> int:
        return len(self._entries)

    @asynccontextmanager
    async def use(self, key: K) -> AsyncIterator[C]:
        """The client for `key`; it stays open while anybody uses it.

        Raises:
            Exception: what making one raised.
        """
        entry = await self._entry(key)
        entry.users += 1
        if entry.timer is not None:
            entry.timer.cancel()
            entry.timer = None
        try:
            yield entry.client
        finally:
            entry.users -= 1
            if entry.users == 0:
                loop = asyncio.get_running_loop()
                entry.timer = loop.call_later(self._linger(key), self._expire, key, entry)

    async def _entry(self, key: K) -> _Entry[C]:
        async with self._making:
            if key not in self._entries:
                stack = AsyncExitStack()
                self._entries[key] = _Entry(await stack.enter_async_context(self._make(key)), stack)
            return self._entries[key]

    def _expire(self, key: K, entry: _Entry[C]) -> None:
        if entry.users == 0 and self._entries.get(key) is entry:
            del self._entries[key]
            self._owner.start(entry.stack.aclose(), "expire")

    async def close(self) -> None:
        """Close every client; nobody may use one any more."""
        entries, self._entries = list(self._entries.values()), {}
        for entry in entries:
            if entry.timer is not None:
                entry.timer.cancel()
            await entry.stack.aclose()
        await self._owner.close()


def linger_seconds(rate_per_second: float, burst: int) -> float:
    """How long a token bucket takes to be full again, and a while at least."""
    return max(LINGER_SECONDS, burst / rate_per_second)
