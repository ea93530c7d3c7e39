"""How a group tells its members that something may be due: in rounds, so that most are served on the spot.

Nearly all members of a group are at one place, and nothing else waits for their sockets. What is due there is looked
up once, and they are told by writing just that (`live/outlet.py`). Whoever is elsewhere, or has a socket that is busy,
full or gone, is told as if it were alone.
"""

from collections.abc import Callable, Collection

import structlog

from live.member import Member
from live.outlet import Outlet
from live.rounds import WRITE_BYTES, Portion, Round, Rounds

log = structlog.get_logger(__name__)

Waker = Callable[[Collection[Member]], Callable[[], None]]
"""Of the members of a group, makes what is called when something may be due to them, whoever they are then."""


def at_once(members: Collection[Member]) -> Callable[[], None]:
    """The `Waker` that knows no rounds."""

    def call() -> None:
        for member in members:
            member.notify()

    return call


def in_rounds(rounds: Rounds) -> Waker:
    """The `Waker` that tells members in rounds."""
    return lambda members: Waking(members, rounds).call


class Waking:
    """Members of one group, who are told as a sender among others, as many in a round as there is room for."""

    __slots__ = ("_is_waiting", "_left", "_members", "_once_more", "_rounds")

    def __init__(self, members: Collection[Member], rounds: Rounds) -> None:
        self._members = members
        self._rounds = rounds
        self._left: list[Member] = []
        self._is_waiting = False
        self._once_more = False

    def __repr__(self) -> str:
        return f"<Waking of {len(self._members)} members>"

    def call(self) -> None:
        """Something may be due to all of them; those that were told since the last call are told again."""
        if len(self._members) == 1 and not self._is_waiting:
            # It shares nothing with others, and needs no turn before its own.
            for member in self._members:
                member.notify()
        elif not self._is_waiting:
            self._is_waiting = True
            self._rounds.add(self)
        elif self._left:
            self._once_more = True

    def serve(self, this: Round) -> int:
        """Tell as many as there is room for; the bytes are taken from the round by whoever sends them."""
        left = self._left = self._left or list(self._members)
        while left and this.room > 0:
            usual = this.usual(left[-1])
            if usual is None:
                left.pop().notify()
            else:
                tell_alike(left, usual, this)
        self._go_on()
        return 0

    def fail(self) -> None:
        """Telling one has failed, which is of no concern to the others."""
        self._go_on()

    def _go_on(self) -> None:
        self._is_waiting = bool(self._left) or self._once_more
        if not self._left:
            self._once_more = False
        if self._is_waiting:
            self._rounds.add(self)


def tell_alike(left: list[Member], usual: Portion, this: Round) -> None:
    """Tell members of one group, as many as there is room for, most of whom are where the last one is.

    This loop is what most deliveries cost, so it calls nothing of ours, and looks at little. It ends when a socket has
    a defect, which is of no concern to the others.
    """
    begin, end = left[-1].position, usual.end
    outlet: Outlet | None = None
    try:
        while left and this.room > 0:
            member = left.pop()
            outlet = member.outlet
            if (
                outlet is None
                or outlet.is_called
                or member.position != begin
                or not member.is_level
                or outlet.pipe.get_write_buffer_size()
            ):
                member.notify()
                continue
            member.position = end
            usual.members += 1
            prefix = member.prefix
            frames = prefix.join(usual.between) if len(prefix) == usual.size else usual.framed(prefix)
            if outlet.followed == 1:
                this.room -= WRITE_BYTES + len(frames)
                outlet.pipe.write(frames)
            else:
                outlet.collect(frames)
    except Exception:
        if outlet is not None and not outlet.pipe.is_closing():
            log.exception("sender_failed", sender=repr(outlet))
            outlet.fail()
