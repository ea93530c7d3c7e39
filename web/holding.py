"""A token that somebody is connected with, and all of its connections.

What may happen to it: its principal may do more or less, it may end at another moment, and it may end. The first two
change what is known here and no connection, unless somebody sees something else now. The end is told to all of its
connections at once, each by a task of its own, for a peer that takes nothing shall hold up no other.

It expires by the wall clock and is waited for on the clock of the event loop. A timer that comes early, because the
clock was set back or the token renewed meanwhile, is set again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec
import structlog

from auth.principal import Principal
from auth.tokens import Unauthenticated
from core.clock import Clock
from core.tasks import Owner
from live import close_codes
from live.close_codes import CloseCode
from live.stay import Guest
from web.authentication import REMEMBERED_SECONDS

log = structlog.get_logger(__name__)


class End(msgspec.Struct, frozen=True):
    """How a token's connections are ended, and what their clients are told."""

    code: CloseCode
    reason: str


REVOKED = End(close_codes.FORBIDDEN, "Token revoked")
EXPIRED = End(close_codes.FORBIDDEN, "Token expired")
DEACTIVATED = End(close_codes.FORBIDDEN, "Principal deactivated")
NO_LONGER_VALID = End(close_codes.FORBIDDEN, "Token no longer valid")
SEES_OTHERWISE = End(close_codes.ROLE_CHANGED, close_codes.ROLE_CHANGED.name)
NOT_KNOWN = End(close_codes.TRY_AGAIN, close_codes.TRY_AGAIN.name)


class House(msgspec.Struct, frozen=True):
    """What all tokens of a process share.

    Attributes:
        clock: by which tokens expire.
        owner: of the tasks that end connections.
        retire: called once for each token, when it has ended or nobody is connected with it any more.
        look_again: has some of them updated by what the database says now.
        on_expel: called for each connection that is ended.
        on_use: called for each time that somebody who is connected does what asks for a token that is still good.
    """

    clock: Clock
    owner: Owner
    retire: Callable[["Holding"], None]
    look_again: Callable[[Sequence["Holding"]], Awaitable[None]]
    on_expel: Callable[[], None]
    on_use: Callable[[Principal], None]


class Stay:
    """One connection; implements `live.stay.Stay`."""

    __slots__ = ("_guest", "_holding")

    def __init__(self, holding: "Holding") -> None:
        self._holding = holding
        self._guest: Guest | None = None

    def __repr__(self) -> str:
        return f"<Stay in {self._holding!r}>"

    @property
    def caller(self) -> Principal:
        """Who is connected, as they are now."""
        return self._holding.principal

    def is_of(self, caller: object) -> bool:
        """Whether it is this caller's, by the same token."""
        return isinstance(caller, Principal) and caller.token_id == self.caller.token_id

    async def confirm(self) -> None:
        """See that the token is good, as it was a moment ago at most.

        Raises:
            Unauthenticated: it has ended.
            Unavailable: the database does not answer.
        """
        await self._holding.confirm()

    def seat(self, guest: Guest) -> None:
        """Say whom to expel when the token ends; at once if it has ended already."""
        self._guest = guest
        if self._holding.ended is not None:
            self._holding.expel([self], self._holding.ended)

    def end(self) -> None:
        """The connection is over."""
        self._guest = None
        self._holding.leave(self)

    async def expel(self, end: End) -> None:
        """End the connection, if it has begun and is not over."""
        if self._guest is None:
            return
        try:
            await self._guest.expel(end.code, end.reason)
        except Exception:
            # What goes wrong with one is of no concern to the others.
            log.exception("guest_not_expelled", guest=repr(self._guest))


class Holding:
    """One token; `ended` says how it ended. The same digest may be held anew after that.

    `look` is the number of the last look that was taken at it and others, `looked_at` when it was looked up at last, by
    the clock of the loop.
    """

    __slots__ = ("_house", "_stays", "_timer", "ended", "key", "look", "looked_at", "principal")

    def __init__(self, key: str, principal: Principal, house: House, looked_at: float) -> None:
        self.key = key
        self.principal = principal
        self.ended: End | None = None
        self._house = house
        self._stays: dict[Stay, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.look = 0
        self.looked_at = looked_at
        self._set_timer()

    def __repr__(self) -> str:
        state = "open" if self.ended is None else self.ended.reason
        return f"<Holding of {self.principal.name}, {state}, {len(self._stays)} stays>"

    def stay(self) -> Stay:
        """One connection more."""
        stay = Stay(self)
        self._stays[stay] = None
        return stay

    def leave(self, stay: Stay) -> None:
        """One connection less; with the last one nothing of it is left. A second time does nothing."""
        self._stays.pop(stay, None)
        if not self._stays and self.ended is None:
            self._stop_timer()
            self._house.retire(self)

    async def confirm(self) -> None:
        """See that it has not ended, by a look that is not older than what is remembered of who only reads.

        Whatever ends it is told to us, but not while the way that it is told on is cut.

        Raises:
            Unauthenticated: it has.
            Unavailable: the database does not answer.
        """
        if self.ended is None and asyncio.get_running_loop().time() >= self.looked_at + REMEMBERED_SECONDS:
            await self._house.look_again([self])
        if self.ended is not None:
            raise Unauthenticated
        self._house.on_use(self.principal)

    def update(self, principal: Principal) -> None:
        """Take in who it is now, and until when; whoever sees something else than before is to come back."""
        if self.ended is not None or not self._stays:
            return
        if principal.scope != self.principal.scope:
            self.end(SEES_OTHERWISE)
            return
        self.principal = principal
        self._set_timer()

    def end(self, end: End) -> None:
        """End every connection, and nobody else's."""
        if self.ended is not None:
            return
        self.ended = end
        self._stop_timer()
        self._house.retire(self)
        log.info(
            "token_ended", principal=self.principal.name, reason=end.reason, connections=len(self._stays)
        )
        self.expel(tuple(self._stays), end)

    def expel(self, stays: Iterable[Stay], end: End) -> None:
        """End some connections."""
        for stay in stays:
            self._house.on_expel()
            self._house.owner.start(stay.expel(end), "expel")

    def _set_timer(self) -> None:
        self._stop_timer()
        expires_at = self.principal.expires_at
        if expires_at is not None:
            seconds = (expires_at - self._house.clock.now()).total_seconds()
            self._timer = asyncio.get_running_loop().call_later(max(seconds, 0), self._in_time)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _in_time(self) -> None:
        expires_at = self.principal.expires_at
        if expires_at is not None and expires_at <= self._house.clock.now():
            self.end(EXPIRED)
        else:
            self._set_timer()
