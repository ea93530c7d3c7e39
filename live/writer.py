"""The one task that writes to a socket, for all operations on it.

It takes replies (acknowledgements, pongs, results, errors) first, then the frames that are due, a few of each
subscription in turn, and hands them to the socket in one call; then it waits until the socket takes more.
While it waits nothing is produced for this socket: subscriptions are cursors, and whoever has a reply to give
waits for room. So a slow socket costs a bounded number of messages and delays nobody else.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from core.clock import Clock
from live import close_codes
from live.close_codes import CloseCode
from live.member import Member
from live.messages import complete_message, error_message, next_prefix
from live.meter import Meter, count_delivery
from live.window import Due

FRAMES_IN_TURN = 8
BATCH_MESSAGES = 64

log = structlog.get_logger(__name__)


class Socket(Protocol):
    """What this room needs of a WebSocket."""

    async def receive(self) -> str | bytes | None:
        """The next text or binary frame; None once the peer is gone or the socket is closed."""

    async def write(self, messages: Sequence[bytes]) -> None:
        """Send text frames, and return when the socket takes more.

        Raises:
            ConnectionError: the peer is gone.
        """

    async def close(self, code: CloseCode, reason: str) -> None:
        """Close with this code and reason. A second call does nothing."""


class Operation:
    """One operation on a connection; `member` is set while it is a running subscription."""

    __slots__ = ("id", "member", "prefix", "stopped", "task")

    def __init__(self, ident: str) -> None:
        self.id = ident
        self.prefix = next_prefix(ident)
        self.member: Member | None = None
        self.task: asyncio.Task[None] | None = None
        self.stopped = False


class Writer:
    """Collects what is to be sent and sends it."""

    def __init__(self, socket: Socket, meter: Meter, clock: Clock, max_replies: int) -> None:
        self.on_end: Callable[[Operation], None] = self.forget
        self._socket = socket
        self._meter = meter
        self._clock = clock
        self._max_replies = max_replies
        self._replies: deque[tuple[Operation | None, bytes]] = deque()
        self._ready: dict[Operation, None] = {}
        self._taken: list[tuple[str, Sequence[Due]]] = []
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._over = False

    def __repr__(self) -> str:
        state = "over" if self._over else "open"
        return f"<Writer {state}, {len(self._replies)} replies, {len(self._ready)} ready>"

    async def say(self, message: bytes, operation: Operation | None = None) -> None:
        """Queue a reply, once there is room; it is dropped if its operation is stopped before it is written."""
        while len(self._replies) >= self._max_replies and not self._over:
            self._room.clear()
            await self._room.wait()
        self._replies.append((operation, message))
        self._work.set()

    def notify(self, operation: Operation) -> None:
        """The operation's member may have frames due."""
        self._ready[operation] = None
        self._work.set()

    def forget(self, operation: Operation) -> None:
        """Nothing more is sent for this operation."""
        operation.stopped = True
        self._ready.pop(operation, None)

    async def run(self) -> None:
        """Write until the peer is gone."""
        try:
            while True:
                await self._work.wait()
                self._work.clear()
                while batch := self._collect():
                    await self._socket.write(batch)
                    self._measure()
                    # A socket with room for everything must not keep the others from their turn.
                    await asyncio.sleep(0)
        except ConnectionError:
            # The reader learns of it too, and ends the session.
            pass
        except Exception:
            log.exception("writer_failed")
            await self._socket.close(close_codes.INTERNAL, close_codes.INTERNAL.name)
        finally:
            self._over = True
            self._room.set()

    def _collect(self) -> list[bytes]:
        batch: list[bytes] = []
        while self._replies and len(batch) < BATCH_MESSAGES:
            operation, message = self._replies.popleft()
            if operation is None or not operation.stopped:
                batch.append(message)
        if len(self._replies) < self._max_replies:
            self._room.set()
        while self._ready and len(batch) < BATCH_MESSAGES:
            operation = next(iter(self._ready))
            del self._ready[operation]
            batch.extend(self._turn(operation))
        return batch

    def _turn(self, operation: Operation) -> list[bytes]:
        """A few messages of one subscription, which then goes to the end of the line if it may have more."""
        member = operation.member
        if member is None:
            return []
        due = member.take(FRAMES_IN_TURN)
        messages = [b"%b%b}" % (operation.prefix, each.frame.payload) for each in due]
        if due:
            self._taken.append((member.stream.field, due))
        if member.finished:
            messages.append(complete_message(operation.id))
            self.on_end(operation)
        elif member.more:
            self._ready[operation] = None
        elif not due and member.failure is not None:
            messages.append(error_message(operation.id, member.failure))
            self.on_end(operation)
        return messages

    def _measure(self) -> None:
        now = self._clock.now()
        for field, due in self._taken:
            count_delivery(self._meter, now, field, due)
        self._taken.clear()
