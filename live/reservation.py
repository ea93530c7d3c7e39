"""graphql-sse, single connection mode: operations whose results are events of one response, each with its id.

PROTOCOL.md of enisdenjo/graphql-sse. A client reserves the response first, comes for it with the token that it got
(`live/reservations.py`), and asks for each operation by a request of its own (`web/single_connection.py`). Results may
be there before the response is: they wait. Invariants:

* Nothing is kept for a reader but bounded replies: subscriptions are cursors, and whoever is to reply waits for room.
* An id is taken from `take` until its `complete` is on its way, or `stop`; nothing is sent for it after that.
* One response attends a reservation, once. When it ends, so do the reservation and all of its operations.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from core.clock import Clock
from core.limits import STANDARD
from live.close_codes import CloseCode
from live.event_text import PING, named
from live.groups import Groups
from live.member import Member
from live.meter import Taken, count_deliveries
from live.operations import Stream
from live.sse import FRAMES_IN_TURN, woken
from live.stay import Stay

TURN_BYTES = 256 * 1024


class IdInUse(Exception):
    """An operation with this id runs."""


class TooManyOperations(Exception):
    """No more operations may run on this reservation; its argument is how many may."""


class ReservationLimits(msgspec.Struct, frozen=True):
    """What one reservation, and one caller, may take.

    Attributes:
        ping_seconds: after how long of nothing to say a comment is sent.
        unattended_seconds: how long one may wait for its response.
        unattended: how many of one caller may wait for their responses at the same time; 0 is no limit.
        operations: how many operations may run on one at the same time.
        executing: how many of them may be executing at the same time; subscriptions that run do not count.
        reply_bytes: nothing more is executed while so much of replies waits.
    """

    ping_seconds: float = 15.0
    unattended_seconds: float = STANDARD.reservation_seconds
    unattended: int = STANDARD.principal_reservations
    operations: int = STANDARD.connection_operations
    executing: int = 16
    reply_bytes: int = 1 << 20


class SharedOperation:
    """One operation of a reservation; `member` is set while it is a running subscription."""

    __slots__ = ("id", "is_ready", "member", "stopped", "wording")

    def __init__(self, ident: str) -> None:
        self.id = ident
        self.wording = named(ident)
        self.member: Member | None = None
        self.is_ready = False
        self.stopped = False


class Reservation:
    """One response that was asked for, and what is said in it.

    `stay` is that of whoever reserved it, and ends with it; `is_attended` is whether its response has come. `on_end` is
    called once, when all is over.
    """

    def __init__(
        self,
        stay: Stay,
        groups: Groups,
        clock: Clock,
        limits: ReservationLimits,
    ) -> None:
        self.stay = stay
        self.is_attended = False
        self.on_end: Callable[[], None] = lambda: None
        self._groups = groups
        self._clock = clock
        self._limits = limits
        self._executing = asyncio.Semaphore(limits.executing)
        self._operations: dict[str, SharedOperation] = {}
        self._ready: deque[SharedOperation] = deque()
        self._replies: list[tuple[SharedOperation, bytes]] = []
        self._reply_bytes = 0
        self._room = asyncio.Event()
        self._wake = asyncio.Event()
        self._over = False

    def __repr__(self) -> str:
        state = "over" if self._over else "attended" if self.is_attended else "waiting"
        return f"<Reservation {state}, {len(self._operations)} operations>"

    def take(self, ident: str) -> SharedOperation:
        """Begin an operation with this id.

        Raises:
            IdInUse: one runs already.
            TooManyOperations: so many run as may.
        """
        if ident in self._operations:
            raise IdInUse(ident)
        if len(self._operations) >= self._limits.operations:
            raise TooManyOperations(self._limits.operations)
        operation = self._operations[ident] = SharedOperation(ident)
        operation.stopped = self._over
        return operation

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until one more may be executed, and what has been said before is taken."""
        async with self._executing:
            while self._reply_bytes >= self._limits.reply_bytes and not self._over:
                self._room.clear()
                await self._room.wait()
            yield

    def reply(self, operation: SharedOperation, result: bytes) -> None:
        """The result of a query or mutation, which is the end of it; dropped if it was stopped."""
        if operation.stopped:
            return
        text = operation.wording.next(result) + operation.wording.complete
        self._replies.append((operation, text))
        self._reply_bytes += len(text)
        self._wake.set()

    def follow(self, operation: SharedOperation, stream: Stream) -> None:
        """Send the frames of a subscription as they come; nothing if it was stopped."""
        if operation.stopped or self._groups.closed:
            return

        def notify() -> None:
            if not operation.is_ready:
                operation.is_ready = True
                self._ready.append(operation)
                self._wake.set()

        operation.member = self._groups.join(stream, notify)
        notify()

    def stop(self, ident: str) -> None:
        """Nothing more is sent for this id, and it may be used again. One that is not taken is nobody's."""
        operation = self._operations.get(ident)
        if operation is not None:
            self.abandon(operation)

    def abandon(self, operation: SharedOperation) -> None:
        """The same for one operation, whoever has its id by now."""
        operation.stopped = True
        self._free(operation)

    async def events(self) -> AsyncGenerator[bytes, None]:
        """What there is to say, until the reader or the process goes; a comment where there is nothing for long."""
        try:
            while not (self._over or self._groups.closed):
                self._wake.clear()
                parts = self._replies_due()
                taken = self._take_frames(parts)
                if parts:
                    yield b"".join(parts)
                    count_deliveries(self._groups.meter, self._clock.now(), taken)
                if self._ready:
                    # Much may be at hand, and the others want their turn, however fast this reader takes it.
                    await asyncio.sleep(0)
                elif not parts and not await woken(self._wake, self._limits.ping_seconds):
                    yield PING
        finally:
            self.end()

    def leave(self) -> None:
        """End the response, so that its client comes back."""
        self._over = True
        self._wake.set()

    def end(self) -> None:
        """End everything, and let whoever waits go on. A second call does nothing."""
        self.leave()
        self._room.set()
        for operation in tuple(self._operations.values()):
            self.abandon(operation)
        self.stay.end()
        self.on_end()

    async def expel(self, _code: CloseCode, _reason: str) -> None:
        """The token of whoever reserved it has ended, before they came for the response."""
        self.end()

    def _replies_due(self) -> list[bytes]:
        replies, self._replies, self._reply_bytes = self._replies, [], 0
        self._room.set()
        due = [text for operation, text in replies if not operation.stopped]
        for operation, _ in replies:
            self._free(operation)
        return due

    def _take_frames(self, parts: list[bytes]) -> list[Taken]:
        """Some frames of each subscription in turn; whoever has more comes again behind the others."""
        ready, self._ready = self._ready, deque()
        taken: list[Taken] = []
        size = 0
        while ready and size < TURN_BYTES:
            operation = ready.popleft()
            operation.is_ready = False
            member = operation.member
            if member is not None:
                due = member.take(FRAMES_IN_TURN)
                parts.extend(operation.wording.next(each.frame.payload) for each in due)
                size += sum(len(each.frame.payload) for each in due)
                if due:
                    taken.append((member.stream.field, due, 1))
                self._go_on(operation, member, parts)
        ready.extend(self._ready)
        self._ready = ready
        return taken

    def _go_on(self, operation: SharedOperation, member: Member, parts: list[bytes]) -> None:
        end = operation.wording.end_of(member)
        if end is not None:
            parts.append(end)
            self._free(operation)
        elif member.more:
            member.notify()

    def _free(self, operation: SharedOperation) -> None:
        if self._operations.get(operation.id) is operation:
            del self._operations[operation.id]
        if operation.member is not None:
            self._groups.leave(operation.member)
            operation.member = None
