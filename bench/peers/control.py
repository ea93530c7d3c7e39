"""How a server is told to publish: a line `FIRST COUNT` on a port of its own, answered by a time when it has.

The time is that from which a subscriber may have the events: of those in memory the one before anything is sent, of
ours the one after the commit. Nobody waits for subscribers. Where a process listens, it says in one line of JSON when
it is ready.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Self

LOOPBACK = "127.0.0.1"


async def obey(publish: Callable[[range], Awaitable[float]], port: int = 0) -> None:
    """Publish what one is told to, until the process is ended.

    Args:
        publish: makes the events of these numbers at once, and gives their time.
        port: where clients come to; 0 if there are none.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            first, count = map(int, line.split())
            writer.write(b"%.6f\n" % await publish(range(first, first + count)))

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    print(json.dumps({"port": port, "control": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


class Control:
    """The other side: it has events published."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    @asynccontextmanager
    async def reach(cls, port: int) -> AsyncIterator[Self]:
        """A connection to a process that obeys."""
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def publish(self, first: int, count: int = 1) -> float:
        """Have so many events published at once; gives from when subscribers may have them, in seconds since 1970.

        Raises:
            ConnectionError: the process is gone.
        """
        self._writer.write(b"%d %d\n" % (first, count))
        line = await self._reader.readline()
        if not line:
            raise ConnectionError("The process that publishes is gone; its log says why.")
        return float(line)
