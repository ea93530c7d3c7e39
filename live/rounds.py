"""Rounds: everybody who may have something to send is served in turn, without a task for each socket.

Whoever may have something is put on one list of the process, and a callback of the event loop serves the list: each
sender collects all that it has, and hands it to its socket in one write. So what is due for a socket at one moment is
one system call, and what is due for many is prepared and counted once:

* The same frames are taken by many members in one round (`FrameWindow.turn`), and are a `Portion`: all of its bytes but
  the ids of operations are made once, and the meter hears of it once, with the number of its members.
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
from live.member import Member
from live.meter import Meter, count_delivery
from live.text_frame import header
from live.window import Due

ROUND_BYTES = 1 << 20
WRITE_BYTES = 2048
"""A write costs about as much time as so many bytes do."""

log = structlog.get_logger(__name__)


class Portion:
    """Frames that at least one member has taken in this round; `members` is how many have."""

    __slots__ = ("_between", "due", "field", "members")

    def __init__(self, field: str, due: Sequence[Due]) -> None:
        self.field = field
        self.due = due
        self.members = 0
        self._between: dict[int, list[bytes]] = {}

    def __repr__(self) -> str:
        return f"<Portion of {self.field}, {len(self.due)} frames for {self.members} members>"

    def framed(self, prefix: bytes) -> bytes:
        """The frames on the wire, for the operation whose messages begin with `prefix`."""
        between = self._between.get(len(prefix))
        if between is None:
            between = self._between[len(prefix)] = self._around(len(prefix))
        return prefix.join(between)

    def _around(self, size: int) -> list[bytes]:
        """What stands before, between and behind prefixes of so many bytes; those of most operations are as long."""
        between = [b""]
        for each in self.due:
            payload = each.frame.payload
            between[-1] += header(size + len(payload) + 1)
            between.append(payload + b"}")
        return between


NOTHING = Portion("", ())


class Round:
    """What is done in one turn of the loop."""

    __slots__ = ("_last", "_portions")

    def __init__(self) -> None:
        self._portions: dict[int, Portion] = {}
        self._last = NOTHING

    def __repr__(self) -> str:
        return f"<Round of {len(self._portions)} portions>"

    def portion(self, member: Member, due: Sequence[Due]) -> Portion:
        """What one more member has taken. It is shared by those that have taken the same object."""
        portion = self._last
        if portion.due is not due:
            portion = self._last = self._find(member, due)
        portion.members += 1
        return portion

    def _find(self, member: Member, due: Sequence[Due]) -> Portion:
        # The portion keeps the object, so no other one has its identity meanwhile.
        portion = self._portions.get(id(due))
        if portion is None:
            portion = self._portions[id(due)] = Portion(member.stream.field, due)
        return portion

    def report(self, meter: Meter, clock: Clock) -> None:
        """Tell of everything that was delivered."""
        if self._portions:
            now = clock.now()
            for portion in self._portions.values():
                count_delivery(meter, now, portion.field, portion.due, portion.members)


class Sender(Protocol):
    """Whoever has something to send, now and then."""

    def serve(self, this: Round) -> int:
        """Send what there is, without waiting; how many bytes that was."""

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
        this, waiting, room = Round(), self._waiting, ROUND_BYTES
        # Whoever has more comes again at the end of the line, in this round if there is room.
        while waiting and room > 0:
            sender = waiting.popleft()
            room -= WRITE_BYTES
            try:
                room -= sender.serve(this)
            except Exception:
                log.exception("sender_failed", sender=repr(sender))
                sender.fail()
        this.report(self._meter, self._clock)
        self._is_due = bool(waiting)
        if waiting:
            self._call()
