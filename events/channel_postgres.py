"""A PostgreSQL backend for broadcaster: LISTEN on one connection, NOTIFY on another, and a loss is noticed.

broadcaster's own uses one connection for both, on which concurrent publishers fail, and never learns that the
connection ended. A silent line is asked by preparing an empty statement: a round trip that executes nothing. Messages
are well below the limit of 8,000 bytes (`events/doorbell.py`).
"""

import asyncio
import socket
from typing import Any

import asyncpg
import structlog
from broadcaster import BroadcastBackend, Event

from events.channel_line import LOST, SILENCE_SECONDS

log = structlog.get_logger(__name__)

QUEUE_MESSAGES = 10_000
KEEPALIVE_SECONDS = 2
COMMAND_SECONDS = 5.0


class PostgresLine(BroadcastBackend):
    """Two connections. Too many unheard messages count as a loss, for then the log must be read anyway."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._queue: asyncio.Queue[str] = asyncio.Queue(maxsize=QUEUE_MESSAGES)
        self._over = False
        self._publishing = asyncio.Lock()
        self._name = ""

    async def connect(self) -> None:
        """Make both connections."""
        self._listener = await self._open()
        try:
            self._publisher = await self._open()
        except BaseException:
            self._listener.terminate()
            raise

    async def _open(self) -> "asyncpg.Connection[asyncpg.Record]":
        connection = await asyncpg.connect(
            self._url, timeout=COMMAND_SECONDS, command_timeout=COMMAND_SECONDS
        )
        _keep_alive(connection)
        connection.add_termination_listener(self._ended)
        return connection

    def _ended(self, _connection: object) -> None:
        self._put(LOST)

    async def disconnect(self) -> None:
        """End both connections without asking a server that may be gone."""
        self._listener.terminate()
        self._publisher.terminate()

    async def subscribe(self, channel: str) -> None:
        """LISTEN; it has taken effect when this returns."""
        self._name = channel
        await self._listener.add_listener(channel, self._heard)

    async def unsubscribe(self, channel: str) -> None:
        """Ending the connection is enough, and cannot fail."""

    async def publish(self, channel: str, message: str) -> None:
        """NOTIFY; one at a time, for a connection cannot do two things at once."""
        async with self._publishing:
            await self._publisher.execute("SELECT pg_notify($1, $2)", channel, message)

    def _heard(self, *row: Any) -> None:
        self._put(str(row[3]))

    def _put(self, message: str) -> None:
        if self._over:
            return
        # The last place is for LOST: a full queue is a line that nobody listens to.
        self._over = message == LOST or self._queue.qsize() >= QUEUE_MESSAGES - 1
        self._queue.put_nowait(LOST if self._over else message)

    async def next_published(self) -> Event:
        """The next message; `LOST` once when a connection has ended, then nothing."""
        while True:
            try:
                async with asyncio.timeout(None if self._over else SILENCE_SECONDS):
                    return Event(self._name, await self._queue.get())
            except TimeoutError:
                await self._ask()

    async def _ask(self) -> None:
        # Ending the connection ends the question too; a time limit of asyncpg's would ask the server to cancel it.
        limit = asyncio.get_running_loop().call_later(SILENCE_SECONDS, self._listener.terminate)
        try:
            await self._listener.prepare("")
        except Exception as error:  # noqa: BLE001  What is raised here ends broadcaster's listener, and nobody hears.
            log.warning("channel_line_failed", error=repr(error))
            self._put(LOST)
        finally:
            limit.cancel()


def _keep_alive(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Let the kernel find out that the other end of a connection is gone, also of the one that nobody asks."""
    transport: asyncio.Transport = connection._transport  # type: ignore[attr-defined]  # noqa: SLF001
    raw = transport.get_extra_info("socket")
    if raw is None or raw.family not in (socket.AF_INET, socket.AF_INET6):
        return
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_SECONDS)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
