"""The one task that writes to a socket, for all operations on it.

It takes replies (acknowledgements, pongs, results, errors) first, then the frames that are due, a few of each
subscription in turn, and hands them to the socket in one call; then it waits until the socket takes more.
While it waits nothing is produced for this socket: subscriptions are cursors, and whoever has a reply to give
waits for room. So a slow socket costs a bounded number of messages, and of bytes, and delays nobody else.
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
BATCH_BYTES = 256 * 1024
"""A batch ends with the turn, or the reply, that reaches it: less than twice this, unless one message has more."""
REPLY_BYTES = 1 << 20
"""Nothing more is read while so much of replies waits; beside them, a batch and the socket's buffer nothing is kept."""

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
    """One operation on a connection; `member` is set while it is a running subscription.

    `follows` is whether it is known to be a subscription, also one that has not begun yet.
    """

    __slots__ = ("follows", "id", "member", "prefix", "stopped", "task")

    def __init__(self, ident: str) -> None:
        self.id = ident
        self.prefix = next_prefix(ident)
        self.member: Member | None = None
        self.task: asyncio.Task[None] | None = None
        self.follows = False
        self.stopped = False


class Batch:
    """Messages that are handed to a socket in one call; who fills it looks at `is_full` before each turn."""

    __slots__ = ("_bytes", "messages")

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether what else there is has to wait for the next batch."""
        return len(self.messages) >= BATCH_MESSAGES or self._bytes >= BATCH_BYTES

    def add(self, message: bytes) -> None:
        """One more message."""
        self.messages.append(message)
        self._bytes += len(message)


class Writer:
    """Collects what is to be sent and sends it."""

    def __init__(self, socket: Socket, meter: Meter, clock: Clock, max_replies: int) -> None:
        self.on_end: Callable[[Operation], None] = self.forget
        self._socket = socket
        self._meter = meter
        self._clock = clock
        self._max_replies = max_replies
        self._replies: deque[tuple[Operation | None, bytes]] = deque()
        self._reply_bytes = 0
        self._ready: dict[Operation, None] = {}
        self._taken: list[tuple[str, Sequence[Due]]] = []
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._written = asyncio.Event()
        self._written.set()
        self._over = False

    def __repr__(self) -> str:
        state = "over" if self._over else "open"
        return f"<Writer {state}, {len(self._replies)} replies, {len(self._ready)} ready>"

    async def say(self, message: bytes, operation: Operation | None = None) -> None:
        """Queue a reply, once there is room; it is dropped if its operation is stopped before it is written."""
        while not (self._has_room or self._over):
            self._room.clear()
            await self._room.wait()
        self._replies.append((operation, message))
        self._reply_bytes += len(message)
        self._written.clear()
        self._work.set()

    async def flush(self) -> None:
        """Return when the socket has taken every reply that was queued, or nothing is written any more."""
        while not self._over and not self._written.is_set():
            await self._written.wait()

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
                    self._note_written()
                    # A socket with room for everything must not keep the others from their turn.
                    await asyncio.sleep(0)
                self._note_written()
        except ConnectionError:
            # The reader learns of it too, and ends the session.
            pass
        except Exception:
            log.exception("writer_failed")
            await self._socket.close(close_codes.INTERNAL, close_codes.INTERNAL.name)
        finally:
            self._over = True
            self._room.set()
            self._written.set()

    @property
    def _has_room(self) -> bool:
        return len(self._replies) < self._max_replies and self._reply_bytes < REPLY_BYTES

    def _note_written(self) -> None:
        if not self._replies:
            self._written.set()

    def _collect(self) -> list[bytes]:
        batch = Batch()
        while self._replies and not batch.is_full:
            operation, message = self._replies.popleft()
            self._reply_bytes -= len(message)
            if operation is None or not operation.stopped:
                batch.add(message)
        if self._has_room:
            self._room.set()
        while self._ready and not batch.is_full:
            operation = next(iter(self._ready))
            del self._ready[operation]
            self._turn(operation, batch)
        return batch.messages

    def _turn(self, operation: Operation, batch: "Batch") -> None:
        """A few messages of one subscription, which then goes to the end of the line if it may have more."""
        member = operation.member
        if member is None:
            return
        due = self._take(operation, member, batch)
        if member.finished:
            batch.add(complete_message(operation.id))
            self.on_end(operation)
        elif member.more:
            self._ready[operation] = None
        elif not due and member.failure is not None:
            batch.add(error_message(operation.id, member.failure))
            self.on_end(operation)

    def _take(self, operation: Operation, member: Member, batch: "Batch") -> Sequence[Due]:
        due = member.take(FRAMES_IN_TURN)
        for each in due:
            batch.add(b"%b%b}" % (operation.prefix, each.frame.payload))
        if due:
            self._taken.append((member.stream.field, due))
        return due

    def _measure(self) -> None:
        now = self._clock.now()
        for field, due in self._taken:
            count_delivery(self._meter, now, field, due)
        self._taken.clear()
