"""What is sent on one socket, for all operations on it: replies, and the frames of subscriptions.

In its turn (`live/rounds.py`) it takes replies (acknowledgements, pongs, results, errors) first, then the frames that
are due, some of each subscription in turn, and hands them to the socket in one write. A socket that is full is passed
over until it takes more. Meanwhile nothing is produced for it: subscriptions are cursors, and whoever has a reply to
give waits for room. So a slow socket costs a bounded number of messages, and of bytes, and delays nobody else.

Most frames come past all that: whoever tells the members of a group writes them straight to the sockets of those for
whom nothing else waits (`live/outlet.py`, `live/waking.py`).
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from core.tasks import Owner
from live import close_codes
from live.close_codes import CloseCode
from live.member import Member
from live.messages import complete_message, error_message, next_prefix
from live.outlet import NOWHERE, Outlet, Pipe
from live.rounds import FRAMES_IN_TURN, PASSING_BYTES, Round, Rounds
from live.text_frame import framed

BATCH_BYTES = 256 * 1024
"""A batch ends with the turn, or the reply, that reaches it: less than twice this, unless one message has more."""
REPLY_BYTES = 1 << 20
"""Nothing more is read while so much of replies waits; beside them, a batch and the socket's buffer nothing is kept."""

log = structlog.get_logger(__name__)


class Socket(Protocol):
    """What this room needs of a WebSocket. Frames may be written to its `pipe` until it has the `writer` leave that."""

    writer: "Writer | None"

    @property
    def pipe(self) -> Pipe:
        """What takes its frames."""

    async def receive(self) -> str | bytes | None:
        """The next text or binary frame; None once the peer is gone or the socket is closed."""

    def takes(self) -> bool:
        """Whether it takes more at this moment.

        Raises:
            ConnectionError: the peer is gone, or the socket is closed.
        """

    def write(self, data: bytes) -> None:
        """Send whole frames. Only called right after it has been asked whether it takes them."""

    async def drained(self) -> None:
        """Return when it may take more.

        Raises:
            ConnectionError: the peer is gone, or the socket is closed.
        """

    async def close(self, code: CloseCode, reason: str, within: float | None = None) -> None:
        """Close with this code and reason; a peer that does not take what waits for it `within` seconds is dropped.

        A second call does nothing.
        """


class Operation:
    """One operation on a connection; `member` is set while it is a running subscription.

    `follows` is whether it is known to be a subscription, also one that has not begun yet; `is_ready` whether it waits
    for its turn.
    """

    __slots__ = ("follows", "id", "is_ready", "member", "stopped", "task", "writer")

    def __init__(self, ident: str, writer: "Writer") -> None:
        self.id = ident
        self.member: Member | None = None
        self.task: asyncio.Task[None] | None = None
        self.follows = False
        self.stopped = False
        self.is_ready = False
        self.writer = writer

    def notify(self) -> None:
        """The member may have frames due."""
        if self.is_ready:
            return
        self.is_ready = True
        self.writer.ready.append(self)
        if not self.writer.is_called:
            self.writer.call_for_frames()

    def follow(self, member: Member) -> None:
        """It runs: what its member has due is sent from now on."""
        self.member = member
        member.prefix = next_prefix(self.id)
        member.outlet = self.writer
        self.writer.followed += 1
        self.notify()

    def leave(self) -> Member | None:
        """Send nothing of its member any more, whoever is about to; that member, if it had one."""
        member, self.member = self.member, None
        if member is not None:
            member.outlet = None
            self.writer.followed -= 1
        return member


class Writer(Outlet):
    """Collects what is to be sent and sends it; `owner` is of the tasks of its session.

    `ready` has the operations that wait for their turn. `is_called` is whether no turn is to be asked for: one is to
    come anyway, or the socket is full, or all is over. `followed` is how many subscriptions run. `on_end` is called as
    the last that is said for an operation is written.
    """

    __slots__ = (
        "_change",
        "_collected",
        "_is_full",
        "_max_replies",
        "_over",
        "_owner",
        "_parts",
        "_replies",
        "_reply_bytes",
        "_socket",
        "on_end",
        "ready",
        "rounds",
    )

    def __init__(self, socket: Socket, rounds: Rounds, owner: Owner, max_replies: int) -> None:
        super().__init__(socket.pipe)
        self.on_end: Callable[[Operation], None] = self.forget
        self._socket = socket
        socket.writer = self
        self._parts: list[bytes] | None = None
        self._collected = 0
        self.rounds = rounds
        self._owner = owner
        self._max_replies = max_replies
        # In their frames; those for an operation are the last that is said for it.
        self._replies: list[tuple[Operation | None, bytes]] = []
        self._reply_bytes = 0
        self.ready: list[Operation] = []
        self._change: asyncio.Future[None] | None = None
        self._is_full = False
        self._over = False

    def __repr__(self) -> str:
        state = "over" if self._over else "full" if self._is_full else "open"
        return f"<Writer {state}, {len(self._replies)} replies, {len(self.ready)} ready>"

    async def say(self, message: bytes) -> None:
        """Queue a reply that is for no operation, once there is room."""
        await self._queue(None, (message,))

    async def answer(self, operation: Operation, *messages: bytes) -> None:
        """Queue the last that is said for an operation, once there is room.

        It is dropped if the operation is stopped before it is written: until then nobody can know that it has ended.
        """
        await self._queue(operation, messages)

    async def flush(self) -> None:
        """Return when the socket has every reply that was queued, or nothing is written any more."""
        while self._replies and not self._over:
            await self._changed()

    def forget(self, operation: Operation) -> None:
        """Nothing more is sent for this operation."""
        operation.stopped = True

    def end(self) -> None:
        """Nothing more is sent at all; whoever waits goes on."""
        self._over = self.is_called = True
        self.ready.clear()
        self._parts = None
        self._note_change()

    def call(self) -> None:
        """Ask for a turn, unless one is to come anyway."""
        if not self.is_called:
            self.is_called = True
            self.rounds.add(self)

    def call_for_frames(self) -> None:
        """As `call`; who has one subscription is served at once in a round that has come to tell it."""
        self.is_called = True
        this = self.rounds.now if self.followed == 1 else None
        if this is None:
            self.rounds.add(self)
        else:
            self.rounds.attend(self, this)

    def collect(self, frames: bytes) -> None:
        """Have these written in this round, first of all. They count as delivered, and there is room for them."""
        if self._parts is None:
            self._parts = []
            self.rounds.add(self)
        self._parts.append(frames)
        self._collected += len(frames)
        if self._collected >= BATCH_BYTES:
            self.is_called = True

    def leave_pipe(self) -> None:
        """Nothing is written past a turn any more: whoever's turn it is finds out that the socket is closed."""
        self.pipe = NOWHERE

    def serve(self, this: Round) -> int:
        """Send what there is, if the socket takes it; how many bytes that was, or cost as much."""
        if self._over:
            return 0
        try:
            takes = self._socket.takes()
        except ConnectionError:
            # The reader learns of it too, and ends the session.
            self.end()
            return 0
        if takes or self._parts is not None:
            # Until it is sent nobody sends past it.
            size = self._send(this)
            self.is_called = self._over
            if self._replies or self.ready:
                self.call()
            return size
        self._is_full = True
        self._owner.start(self._wait_for_room(), "room")
        return 0

    def fail(self) -> None:
        """Close the socket for a defect of ours."""
        self.end()
        code = close_codes.INTERNAL
        self._owner.start(self._socket.close(code, code.name), "close")

    async def _queue(self, operation: Operation | None, messages: Iterable[bytes]) -> None:
        while not (self._has_room or self._over):
            await self._changed()
        if self._over:
            return
        frames = b"".join(map(framed, messages))
        self._replies.append((operation, frames))
        self._reply_bytes += len(frames)
        self.call()

    @property
    def _has_room(self) -> bool:
        return len(self._replies) < self._max_replies and self._reply_bytes < REPLY_BYTES

    async def _wait_for_room(self) -> None:
        try:
            await self._socket.drained()
        except ConnectionError:
            self.end()
        self._is_full = False
        if not self._over:
            self.is_called = False
            self.call()

    def _changed(self) -> asyncio.Future[None]:
        """What is done when replies have been taken, or nothing is written any more. Shared by all that wait for it."""
        if self._change is None:
            self._change = asyncio.get_running_loop().create_future()
        return asyncio.shield(self._change)

    def _note_change(self) -> None:
        change, self._change = self._change, None
        if change is not None:
            change.set_result(None)

    def _send(self, this: Round) -> int:
        # What was collected comes first, for the ends of those subscriptions may be among what follows.
        parts, self._parts = self._parts or [], None
        size, self._collected = self._collected, 0
        if self._replies:
            size += self._take_replies(parts)
        if self.ready:
            size = self._take_frames(parts, size, this)
        if parts:
            self._socket.write(parts[0] if len(parts) == 1 else b"".join(parts))
        return size

    def _take_replies(self, parts: list[bytes]) -> int:
        size = taken = 0
        for operation, frames in self._replies:
            if size >= BATCH_BYTES:
                break
            taken += 1
            self._reply_bytes -= len(frames)
            if operation is None or not operation.stopped:
                parts.append(frames)
                size += len(frames)
                if operation is not None:
                    self.on_end(operation)
        del self._replies[:taken]
        self._note_change()
        return size

    def _take_frames(self, parts: list[bytes], size: int, this: Round) -> int:
        """Some frames of each subscription in turn."""
        ready, taken = self.ready, 0
        # Whoever has more is put at the end of the line, and is seen again.
        for operation in ready:
            if size >= BATCH_BYTES:
                break
            taken += 1
            operation.is_ready = False
            if operation.member is not None and not operation.stopped:
                size += self._take_of(operation, operation.member, parts, this)
        del ready[:taken]
        return size

    def _take_of(self, operation: Operation, member: Member, parts: list[bytes], this: Round) -> int:
        portion = this.take(member, FRAMES_IN_TURN)
        size = 0
        if portion is not None:
            frames = portion.framed(member.prefix)
            parts.append(frames)
            size = len(frames)
        elif member.more:
            # It adds nothing to a batch, which would not end before the log does.
            size = PASSING_BYTES
        self._go_on(operation, member, parts)
        return size

    def _go_on(self, operation: Operation, member: Member, parts: list[bytes]) -> None:
        """What becomes of a subscription that has not simply come to where its group is."""
        if member.finished:
            parts.append(framed(complete_message(operation.id)))
            self.on_end(operation)
        elif member.more:
            operation.is_ready = True
            self.ready.append(operation)
        elif member.failure is not None:
            parts.append(framed(error_message(operation.id, member.failure)))
            self.on_end(operation)
