"""A Redis backend for broadcaster that awaits the acknowledgement of SUBSCRIBE and notices a dead server.

broadcaster's own delivers nothing with redis-py 8 and hangs for ever after a loss. A silent line is asked by a PING
on the subscribed connection.
"""

import asyncio
from typing import Any

import structlog
from broadcaster import BroadcastBackend, Event
from redis import asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from events.channel_line import LOST, SILENCE_SECONDS

log = structlog.get_logger(__name__)


class RedisLine(BroadcastBackend):
    """One connection that listens, and one for publishing."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url,
            decode_responses=True,
            # Whatever a stranger says is a message to look at, and no reason to hear nothing more.
            encoding_errors="replace",
            socket_connect_timeout=SILENCE_SECONDS,
            socket_timeout=SILENCE_SECONDS,
            # The channel's supervisor tries again, and tells meanwhile that the line is lost.
            retry=Retry(NoBackoff(), 0),
        )
        self._pubsub = self._client.pubsub()
        self._publishing = asyncio.Lock()
        self._name = ""
        self._subscribed = asyncio.Event()
        self._asked = False
        self._over = False

    async def connect(self) -> None:
        """Nothing yet: the connection is made by `subscribe`."""

    async def disconnect(self) -> None:
        """Close both ends; the server may be gone already."""
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]
        await self._client.aclose()

    async def subscribe(self, channel: str) -> None:
        """Subscribe, and wait until the server has said so: what is published from here on is heard."""
        self._name = channel
        await self._pubsub.subscribe(channel)
        async with asyncio.timeout(SILENCE_SECONDS):
            while (await self._pubsub.get_message(timeout=SILENCE_SECONDS) or {}).get("type") != "subscribe":
                pass
        # The other connection is made too, for redis-py may ignore being cancelled while it makes one.
        await self._client.ping()  # type: ignore[misc]
        # broadcaster listens from `connect` on, when there is nothing to listen to yet.
        self._subscribed.set()

    async def unsubscribe(self, channel: str) -> None:
        """Closing the connection is enough, and cannot fail."""

    async def publish(self, channel: str, message: Any) -> None:
        """Publish; one at a time, for a connection each would be many connections in a burst."""
        async with self._publishing:
            await self._client.publish(channel, message)

    async def next_published(self) -> Event:
        """The next message; `LOST` once when the server is gone, then nothing."""
        await self._subscribed.wait()
        if self._over:
            await asyncio.Event().wait()
        try:
            return Event(self._name, await self._next())
        except Exception as error:  # noqa: BLE001  What is raised here ends broadcaster's listener, and nobody hears.
            log.warning("channel_line_failed", error=repr(error))
            self._over = True
            return Event(self._name, LOST)

    async def _next(self) -> str:
        while True:
            message = await self._pubsub.get_message(timeout=SILENCE_SECONDS)
            if message is None and self._asked:
                raise TimeoutError
            self._asked = message is None
            if message is None:
                await self._pubsub.ping()
            elif message["type"] == "message":
                return str(message["data"])
