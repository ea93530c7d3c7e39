"""How a group tells its members that something may be due: in rounds, so that most are served on the spot.

Who is alone on its socket is served when it is told. What has to be looked at for that is looked at once: with
thousands of members it would be in no cache any more when a round came to it a second time.
"""

from collections.abc import Callable, Collection

from live.member import Member
from live.rounds import Round, Rounds

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
            left.pop().notify()
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
