"""The channel between processes: `broadcaster`, behind this file and its two neighbours only.

The channel may lose, repeat and reorder; nothing depends on it but latency. What broadcaster 0.3.1 does when a
server goes away was reproduced for every backend: it says nothing, subscribers wait for ever, queues grow. So

- each process holds one subscription, made here, once, before anybody listens (concurrent first subscribers
  overwrite each other);
- the Redis and PostgreSQL backends are ours (`channel_redis.py`, `channel_postgres.py`), made for broadcaster's
  public `Broadcast(backend=…)`; a lost line arrives as a message, `LOST`, through the subscription itself;
- a supervisor connects again with growing pauses, and tells the listener of every doubt (a connection lost or made),
  who then reads the log;
- whoever commits while the line is down cannot ring, so until it is back the listener is told again and again, however
  long an attempt to connect hangs;
- a line that does not take what is published is lost as well, so that a server that hangs holds up the few writers who
  find it out, and nobody after them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import structlog
from broadcaster import Broadcast
from broadcaster._base import Subscriber

from core.errors import Misconfigured
from core.tasks import Owner
from events.channel_line import LOST
from events.channel_postgres import PostgresLine
from events.channel_redis import RedisLine

log = structlog.get_logger(__name__)

NAME = "heliograph"
CONNECT_SECONDS = 5.0
PUBLISH_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0


class Channel:
    """One supervised subscription, and publishing.

    Args:
        url: memory://, redis:// or postgres://.
        heard: called with each message, in the event loop; must not block.
        doubted: called whenever messages may have been missed.
    """

    def __init__(self, url: str, heard: Callable[[str], None], doubted: Callable[[], None]) -> None:
        self._url = url
        self._heard = heard
        self._doubted = doubted
        self._owner = Owner("channel")
        self._broadcast: Broadcast | None = None
        self._apart = asyncio.Event()
        self._listening = asyncio.timeout(None)
        self._closing = False
        self._first_attempt = asyncio.Event()
        self.last_error: str | None = None

    def __repr__(self) -> str:
        return f"<Channel {urlsplit(self._url).scheme} {'connected' if self.connected else 'apart'}>"

    @property
    def connected(self) -> bool:
        """Whether messages come and go now."""
        return self._broadcast is not None

    @property
    def is_local(self) -> bool:
        """Whether it ends with this process, so that a dead writer and a dead listener are the same."""
        return self._url.startswith("memory://")

    async def start(self) -> None:
        """Connect.

        Raises:
            Misconfigured: the channel cannot be reached now; at start this is an error of the installation.
        """
        self._owner.start(self._supervise(), "supervise")
        self._owner.start(self._doubt_while_apart(), "doubt while apart")
        try:
            await self._first_attempt.wait()
        except BaseException:
            # Whoever is cancelled here has nothing to close yet.
            await self.close()
            raise
        if not self.connected:
            await self.close()
            raise Misconfigured(f"HELIOGRAPH_CHANNEL_URL: the channel does not answer ({self.last_error})")

    async def close(self) -> None:
        """Unsubscribe and disconnect."""
        self._closing = True
        await self._owner.close()

    async def publish(self, message: str) -> bool:
        """Send to every process, this one included; says whether the channel took it. Never raises but to cancel."""
        broadcast = self._broadcast
        if broadcast is None:
            return False
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await broadcast.publish(NAME, message)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  Each backend has errors of its own.
            _heed_cancelling()
            log.warning("channel_publish_failed", error=repr(error))
            self._give_up(broadcast)
            return False
        finally:
            _heed_cancelling()
        return True

    def _give_up(self, broadcast: Broadcast) -> None:
        """Count the line as lost, unless it is another one by now."""
        if self._broadcast is broadcast:
            self._broadcast = None
            self._listening.reschedule(asyncio.get_running_loop().time())

    async def _doubt_while_apart(self) -> None:
        while True:
            await self._apart.wait()
            self._doubted()
            await asyncio.sleep(LONGEST_PAUSE_SECONDS)

    async def _supervise(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._line() as messages:
                    pause = FIRST_PAUSE_SECONDS
                    await self._listen(messages)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  See publish; the reason is logged.
                self._heed_closing()
                self.last_error = _reason(error)
            self._first_attempt.set()
            log.warning("channel_lost", error=self.last_error, again_in=pause)
            self._apart.set()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _heed_closing(self) -> None:
        """Tell an end that `close` wants from a cancelling that a library makes up, or does not account for."""
        task = asyncio.current_task()
        if self._closing or task is None:
            raise asyncio.CancelledError
        while task.cancelling():
            task.uncancel()

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[AsyncIterator[str]]:
        broadcast = _broadcast(self._url)
        async with asyncio.timeout(CONNECT_SECONDS) as limit:
            async with broadcast, broadcast.subscribe(NAME) as subscriber:
                limit.reschedule(None)
                if self._closing:
                    # A driver has kept it from this task that it was cancelled while it connected.
                    raise asyncio.CancelledError
                self._broadcast = broadcast
                self._first_attempt.set()
                self._apart.clear()
                self._doubted()
                try:
                    yield _messages(subscriber)
                finally:
                    self._broadcast = None
                    # Leaving talks to a server that may be gone.
                    limit.reschedule(asyncio.get_running_loop().time() + CONNECT_SECONDS)

    async def _listen(self, messages: AsyncIterator[str]) -> None:
        try:
            async with asyncio.timeout(None) as self._listening:
                async for message in messages:
                    if message == LOST:
                        raise ConnectionError("the line was lost")
                    self._heard(message)
        except TimeoutError as error:
            raise ConnectionError("the line did not take what was published") from error


async def _messages(subscriber: Subscriber) -> AsyncIterator[str]:
    while True:
        yield (await subscriber.get()).message


def _broadcast(url: str) -> Broadcast:
    scheme = urlsplit(url).scheme
    if scheme in ("redis", "rediss"):
        return Broadcast(backend=RedisLine(url))
    if scheme in ("postgres", "postgresql"):
        return Broadcast(backend=PostgresLine(url))
    return Broadcast("memory://")


def _heed_cancelling() -> None:
    """Go on with being cancelled when a library's clean-up came in between and lost it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _reason(error: BaseException) -> str:
    # broadcaster's clean-up fails with a KeyError that hides why subscribing failed (encode/broadcaster#142).
    while isinstance(error, KeyError) and error.__context__ is not None:
        error = error.__context__
    return str(error) or type(error).__name__
