"""The process of a crowd, as whoever measures sees it.

It is another process than the one that measures and writes, and far cheaper than a server, so that the machine is the
server's. It stops with the first thing that is wrong: a run that lost an event, or told one twice, counts for nothing.
"""

import asyncio
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Self, cast

import msgspec

from bench.crowd.orders import Follow, Heard, Join, Leave, Order, Payload, Resume, Until


class Wronged(Exception):
    """A subscriber was told something that it must not be told, or was left."""


class Crowd:
    """Subscribers by the thousand. Each method raises `Wronged` as soon as something is wrong with any of them."""

    def __init__(self, asked: StreamWriter, told: StreamReader) -> None:
        self._asked = asked
        self._told = told

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, token: str) -> AsyncIterator[Self]:
        """A crowd of nobody yet, at the schema of this address; without a token at a server without GraphQL."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.crowd", url, token, stdin=PIPE, stdout=PIPE
        )
        try:
            yield cls(cast("StreamWriter", process.stdin), cast("StreamReader", process.stdout))
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def join(self, connections: int, streams: Sequence[Sequence[Payload]], first: int) -> Heard:
        """Be so many, each with the streams of one of the lists; `first` is the number of the next event of each."""
        return await self._do(Join(connections, streams, first))

    async def follow(self, streams: Sequence[Payload], first: int) -> Heard:
        """Follow so many streams more on each connection."""
        return await self._do(Follow(streams, first))

    async def until(self, number: int) -> Heard:
        """Wait until each subscription has the event of this number."""
        return await self._do(Until(number))

    async def leave(self, spread: int) -> Heard:
        """Take the end of connections for granted from now on, and forget the last events, up to `spread` of them."""
        return await self._do(Leave(spread))

    async def resume(self, url: str, streams: Sequence[Sequence[Payload]]) -> Heard:
        """Come back, all at once, each with the cursor of the last event that it has; then they may not be left."""
        return await self._do(Resume(url, streams))

    async def _do(self, order: Order) -> Heard:
        self._asked.write(msgspec.json.encode(order) + b"\n")
        line = await self._told.readline()
        if not line:
            raise Wronged("The process of the crowd has ended by itself.")
        heard = msgspec.json.decode(line, type=Heard)
        if heard.faults:
            raise Wronged(f"{heard.faults} times: {'; '.join(heard.texts)}")
        return heard
