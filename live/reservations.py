"""The reservations of a process, by the tokens that were given out for them.

A token is good for one response (`live/reservation.py`), in this process alone. One whose response does not come in
time is given up, with all that was begun on it; the token is remembered for a while, so that whoever comes late is told
so.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Hashable

from auth.quotas import whose
from auth.tokens import digest
from core.clock import Clock
from core.limits import Limit
from live.groups import Groups
from live.reservation import Reservation, ReservationLimits
from live.stay import Stay

TOKEN_BYTES = 32
LAPSED_MOST = 1_000


class TooManyReservations(Exception):
    """So many of this caller wait for their responses as may; its argument is how many may."""


class Reservations:
    """Who has reserved a response: those that wait for it, and those that are attended.

    `passed` is where it is counted how often each limit was passed.
    """

    def __init__(
        self,
        groups: Groups,
        clock: Clock,
        limits: ReservationLimits | None = None,
        passed: Counter[Limit] | None = None,
    ) -> None:
        self.limits = limits or ReservationLimits()
        self._passed = Counter() if passed is None else passed
        self._groups = groups
        self._clock = clock
        # By digest: how long a look-up takes tells nothing about a token.
        self._known: dict[str, Reservation] = {}
        self._waiting: dict[Reservation, tuple[asyncio.TimerHandle, Hashable]] = {}
        self._callers: Counter[Hashable] = Counter()
        self._lapsed: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"<Reservations {len(self._known)}, {len(self._waiting)} wait>"

    def __len__(self) -> int:
        return len(self._known)

    def make(self, stay: Stay) -> str:
        """Reserve a response for whoever stays; the token that stands for it. The stay ends with the reservation.

        Raises:
            TooManyReservations: as many of theirs wait already as may.
        """
        caller, most = whose(stay.caller), self.limits.unattended
        if most and self._callers[caller] >= most:
            self._passed[Limit.PRINCIPAL_RESERVATIONS] += 1
            raise TooManyReservations(most)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        key = digest(token)
        reservation = Reservation(stay, self._groups, self._clock, self.limits)
        reservation.on_end = lambda: self._ended(key, reservation)
        self._known[key] = reservation
        self._callers[caller] += 1
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self.limits.unattended_seconds, self._lapse, key, reservation)
        self._waiting[reservation] = (timer, caller)
        stay.seat(reservation)
        return token

    def find(self, token: str) -> Reservation | None:
        """What the token stands for; None if it is none of ours, or its response has ended."""
        return self._known.get(digest(token))

    def has_lapsed(self, token: str) -> bool:
        """Whether the token stood for one of the last that were given up."""
        return digest(token) in self._lapsed

    def attend(self, reservation: Reservation) -> None:
        """The response of one that waits for it has come."""
        reservation.is_attended = True
        self._waits_no_more(reservation)

    def close(self) -> None:
        """End all of them."""
        for reservation in tuple(self._known.values()):
            reservation.end()

    def _lapse(self, key: str, reservation: Reservation) -> None:
        self._passed[Limit.RESERVATION_SECONDS] += 1
        if len(self._lapsed) >= LAPSED_MOST:
            del self._lapsed[next(iter(self._lapsed))]
        self._lapsed[key] = None
        reservation.end()

    def _waits_no_more(self, reservation: Reservation) -> None:
        waiting = self._waiting.pop(reservation, None)
        if waiting is None:
            return
        timer, caller = waiting
        timer.cancel()
        self._callers[caller] -= 1
        # A counter keeps its zeros.
        self._callers += Counter()

    def _ended(self, key: str, reservation: Reservation) -> None:
        self._known.pop(key, None)
        self._waits_no_more(reservation)
