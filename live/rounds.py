"""Rounds: everybody who may have something to send is served in turn, without a task for each socket.

Whoever may have something is put on one list of the process, and a callback of the event loop serves the list: each
sender collects all that it has, and hands it to its socket in one write. So what is due for a socket at one moment is
one system call, and what is due for many is prepared and counted once:

* The same frames are taken by many members in one round (`FrameWindow.turn`), and are a `Portion`: all of its bytes but
  the ids of operations are made once, and the meter hears of it once, with the number of its members.
* A round ends when it has written so much, or what it did took as long, and the next one goes on in the next turn of
  the loop. In between is read what clients say, and what others have to do is done.
* What goes wrong with one sender is its own end, and of no concern to the others.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from typing import Protocol

import structlog

from core.clock import Clock
from live.member import TURN_BYTES, Member
from live.meter import Meter, count_deliveries
from live.text_frame import header
from live.window import Due

FRAMES_IN_TURN = 16
ROUND_BYTES = 1 << 20
WRITE_BYTES = 2048
"""A write costs about as much time as so many bytes do."""
PASSING_BYTES = 32 * 1024
"""And so does to pass over `CHUNKS_AT_ONCE` parts of the log that have nothing for a member: 0.14 ms."""

log = structlog.get_logger(__name__)


class Portion:
    """Frames that at least one member has taken in this round; `members` is how many have.

    They lead to the position `end`. `between` is what stands before, between and behind prefixes of `size` bytes; those
    of most operations are as long.
    """

    __slots__ = ("between", "due", "end", "field", "members", "size")

    def __init__(self, field: str, due: Sequence[Due]) -> None:
        self.field = field
        self.due = due
        self.end = due[-1].frame.position
        self.members = 0
        self.size = -1
        self.between: list[bytes] = []

    def __repr__(self) -> str:
        return f"<Portion of {self.field}, {len(self.due)} frames for {self.members} members>"

    def framed(self, prefix: bytes) -> bytes:
        """The frames on the wire, for the operation whose messages begin with `prefix`."""
        if len(prefix) != self.size:
            self.size, self.between = len(prefix), self._around(len(prefix))
        return prefix.join(self.between)

    def _around(self, size: int) -> list[bytes]:
        between = [b""]
        for each in self.due:
            payload = each.frame.payload
            between[-1] += header(size + len(payload) + 1)
            between.append(payload + b"}")
        return between


class Round:
    """What is done in one turn of the loop. `room` is how many bytes may still be written."""

    __slots__ = ("_portions", "room")

    def __init__(self) -> None:
        self.room = ROUND_BYTES
        self._portions: dict[int, Portion] = {}

    def __repr__(self) -> str:
        return f"<Round of {len(self._portions)} portions>"

    def take(self, member: Member, limit: int) -> Portion | None:
        """What a member has due, which counts as delivered; None if that is nothing."""
        due = member.take(limit)
        if not due:
            return None
        portion = self.portion(member.stream.field, due)
        portion.members += 1
        return portion

    def usual(self, member: Member) -> Portion | None:
        """What all level members at its place have due, if that leads to the newest frame and nothing ends there.

        Nothing but the round happens in it, so that remains so.
        """
        window, begin = member.source.window, member.position
        if not member.is_level or begin is None or begin < window.floor or member.source.failure is not None:
            return None
        due = window.turn(begin, FRAMES_IN_TURN, TURN_BYTES)
        if not due or due[-1] is not window.newest or due[-1].frame.last:
            return None
        return self.portion(member.stream.field, due)

    def portion(self, field: str, due: Sequence[Due]) -> Portion:
        """What is counted and prepared once for all who take the same object."""
        # The portion keeps the object, so no other one has its identity meanwhile.
        portion = self._portions.get(id(due))
        if portion is None:
            portion = self._portions[id(due)] = Portion(field, due)
        return portion

    def report(self, meter: Meter, clock: Clock) -> None:
        """Tell of everything that was delivered."""
        if self._portions:
            taken = ((each.field, each.due, each.members) for each in self._portions.values())
            count_deliveries(meter, clock.now(), taken)


class Sender(Protocol):
    """Whoever has something to send, now and then."""

    def serve(self, this: Round) -> int:
        """Send what there is, without waiting; how many bytes that was, or cost as much."""

    def fail(self) -> None:
        """Serving it has failed: it is over."""


class Rounds:
    """The senders of a process who wait to be served in their order. `now` is the round if one is."""

    def __init__(self, meter: Meter, clock: Clock) -> None:
        self._meter = meter
        self._clock = clock
        self._waiting: deque[Sender] = deque()
        self._is_due = False
        self.now: Round | None = None
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

    def attend(self, sender: Sender, this: Round) -> None:
        """Serve one."""
        this.room -= WRITE_BYTES
        try:
            # First, for it may serve others.
            sent = sender.serve(this)
            this.room -= sent
        except Exception:
            log.exception("sender_failed", sender=repr(sender))
            sender.fail()

    def _call(self) -> None:
        asyncio.get_running_loop().call_soon(self._serve, context=self._context)

    def _serve(self) -> None:
        this, waiting = Round(), self._waiting
        self.now = this
        # Whoever has more comes again at the end of the line, in this round if there is room.
        while waiting and this.room > 0:
            self.attend(waiting.popleft(), this)
        self.now = None
        this.report(self._meter, self._clock)
        self._is_due = bool(waiting)
        if waiting:
            self._call()
