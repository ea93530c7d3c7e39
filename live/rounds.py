"""Rounds: everybody who may have something to send is served in turn, without a task for each socket.

Whoever may have something is put on one list of the process, and a callback of the event loop serves the list: each
sender collects all that it has, and hands it to its socket in one write. So what is due for a socket at one moment is
one system call, and what is due for many is prepared and counted once:

* The same frames are taken by many members in one round (`FrameWindow.turn`), and are a `Portion`: its bytes are made
  once for each id of an operation, and the meter hears of it once, with the number of its members.
* A round ends when it has written so much, and the next one goes on in the next turn of the loop. In between is read
  what clients say, and what others have to do is done.
* What goes wrong with one sender is its own end, and of no concern to the others.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from typing import Protocol

import structlog

from core.clock import Clock
from live.meter import Meter, count_delivery
from live.text_frame import header
from live.window import Due

ROUND_BYTES = 1 << 20
WRITE_BYTES = 2048
"""A write costs about as much time as so many bytes do."""
KEPT_FRAMES = 64
"""For how many ids the bytes of a portion are kept: clients that count theirs have few, others are all different."""

log = structlog.get_logger(__name__)


class Portion:
    """Frames that at least one member has taken in this round; `members` is how many have."""

    __slots__ = ("_framed", "due", "field", "members")

    def __init__(self, field: str, due: Sequence[Due]) -> None:
        self.field = field
        self.due = due
        self.members = 0
        self._framed: dict[bytes, bytes] = {}

    def __repr__(self) -> str:
        return f"<Portion of {self.field}, {len(self.due)} frames for {self.members} members>"

    def framed(self, prefix: bytes) -> bytes:
        """The frames on the wire, for the operation whose messages begin with `prefix`."""
        found = self._framed.get(prefix)
        if found is None:
            found = b"".join([part for each in self.due for part in _parts(prefix, each.frame.payload)])
            if len(self._framed) < KEPT_FRAMES:
                self._framed[prefix] = found
        return found


def _parts(prefix: bytes, payload: bytes) -> tuple[bytes, ...]:
    return header(len(prefix) + len(payload) + 1), prefix, payload, b"}"


class Round:
    """What is done in one turn of the loop."""

    __slots__ = ("_portions", "_room")

    def __init__(self) -> None:
        self._portions: dict[int, Portion] = {}
        self._room = ROUND_BYTES

    def __repr__(self) -> str:
        return f"<Round of {len(self._portions)} portions, room for {self._room} bytes>"

    @property
    def is_over(self) -> bool:
        """Whether whoever else waits has to wait for the next one."""
        return self._room <= 0

    def portion(self, field: str, due: Sequence[Due]) -> Portion:
        """What one more member has taken. It is shared by those that have taken the same object."""
        # The portion keeps the object, so no other one has its identity meanwhile.
        portion = self._portions.get(id(due))
        if portion is None:
            portion = self._portions[id(due)] = Portion(field, due)
        portion.members += 1
        return portion

    def note_written(self, size: int) -> None:
        """A socket was given so many bytes."""
        self._room -= size + WRITE_BYTES

    def report(self, meter: Meter, clock: Clock) -> None:
        """Tell of everything that was delivered."""
        if self._portions:
            now = clock.now()
            for portion in self._portions.values():
                count_delivery(meter, now, portion.field, portion.due, portion.members)


class Sender(Protocol):
    """Whoever has something to send, now and then."""

    def serve(self, this: Round) -> None:
        """Send what there is, without waiting."""

    def fail(self) -> None:
        """Serving it has failed: it is over."""


class Rounds:
    """The senders of a process that wait to be served, in the order in which they came."""

    def __init__(self, meter: Meter, clock: Clock) -> None:
        self._meter = meter
        self._clock = clock
        self._waiting: deque[Sender] = deque()
        self._is_due = False
        # Nobody's names in the log: a round is for everybody.
        self._context = Context()

    def __repr__(self) -> str:
        return f"<Rounds {len(self._waiting)} waiting>"

    def add(self, sender: Sender) -> None:
        """It may have something to send. Who is added twice is served twice."""
        self._waiting.append(sender)
        if not self._is_due:
            self._is_due = True
            self._call()

    def _call(self) -> None:
        asyncio.get_running_loop().call_soon(self._serve, context=self._context)

    def _serve(self) -> None:
        this, waiting = Round(), self._waiting
        # Whoever has more comes again at the end of the line, in this round if there is room.
        while waiting and not this.is_over:
            sender = waiting.popleft()
            try:
                sender.serve(this)
            except Exception:
                log.exception("sender_failed", sender=repr(sender))
                sender.fail()
        this.report(self._meter, self._clock)
        self._is_due = bool(waiting)
        if waiting:
            self._call()
