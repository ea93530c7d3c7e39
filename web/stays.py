"""Everybody who stays connected, by the token that they came with (`web/holding.py`), and what ends that.

A token ends by expiring, by being revoked, and with its principal. What is connected with it is told nothing more then:
sockets are closed and event streams ended, in every process. How each process learns of it:

* Whatever is done to tokens and principals is an event of the log, so it comes to every process as all events do, by
  the doorbell, at once. Nothing is asked for again and again.
* When a token expires is known from the start, so there is a timer; `TokenRenewed` sets it anew.
* Where it cannot be told what has happened, since the log was replaced or pruned ahead of us, all are looked up anew.

Between the look at the database that lets somebody in and their being known here, their token may end. So who comes is
known here first, and is looked up once more if anything happened meanwhile.

Who may do more or less than before, and sees the same, goes on: the next request is judged by the new role. Who sees
something else has to come back, because a stream tells what its caller could see when it began.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Self
from uuid import UUID

import msgspec
import structlog

from core.clock import Clock
from core.errors import Unavailable
from core.tasks import Owner
from events.access_events import (
    PrincipalDeactivated,
    PrincipalReactivated,
    PrincipalRoleChanged,
    TokenRenewed,
    TokenRevoked,
)
from events.catalog import Event
from events.event import Unreadable
from events.hub import Hub
from events.log import Lapsed, Replaced
from live.outages import through_outages
from web.authentication import BearerTokens
from web.holding import DEACTIVATED, NO_LONGER_VALID, NOT_KNOWN, REVOKED, End, Holding, House, Stay

PAGE_EVENTS = 500
RETRY_SECONDS = 0.25

HAPPENED = (TokenRevoked, TokenRenewed, PrincipalRoleChanged, PrincipalDeactivated, PrincipalReactivated)
"""What changes something for who is connected, or for who is remembered (`web/authentication.py`)."""

log = structlog.get_logger(__name__)


class Stays:
    """Implements `live.stay.Stays`; `start` it before anybody comes. `on_expel` hears of each connection it ends."""

    def __init__(self, tokens: BearerTokens, hub: Hub, clock: Clock, on_expel: Callable[[], None]) -> None:
        self._tokens = tokens
        self._hub = hub
        self._owner = Owner("web.stays")
        self._house = House(clock, self._owner, self._retire, self._look_again, on_expel, tokens.used_by)
        self._holdings: dict[str, Holding] = {}
        self._looking = asyncio.Lock()
        self._looks = 0
        self._changes = 0
        self._era, self._position = hub.era, hub.position

    def __repr__(self) -> str:
        return f"<Stays of {len(self._holdings)} tokens, at {self._position}>"

    def __len__(self) -> int:
        return len(self._holdings)

    def start(self) -> Self:
        """Follow the log from where the hub is."""
        self._era, self._position = self._hub.era, self._hub.position
        self._owner.start(self._follow(), "follow")
        return self

    async def close(self) -> None:
        """Follow nothing any more."""
        await self._owner.close()

    async def begin(self, authorization: str | None) -> Stay:
        """A stay of whoever is behind the value of an Authorization header.

        Raises:
            auth.tokens.Unauthenticated: nobody that is known.
            Unavailable: the database does not answer.
        """
        while True:
            changes, began = self._changes, asyncio.get_running_loop().time()
            key, principal = await self._tokens.look_up(authorization)
            holding = self._holdings.get(key)
            if holding is None:
                holding = self._holdings[key] = Holding(key, principal, self._house, began)
            stay = holding.stay()
            if changes == self._changes and holding.principal == principal:
                return stay
            try:
                await self._look_again([holding])
            except BaseException:
                stay.end()
                raise
            if holding.ended is None:
                return stay
            # It ended for those who were here before; the next look tells whether it has for who comes now.
            stay.end()

    def _retire(self, holding: Holding) -> None:
        if self._holdings.get(holding.key) is holding:
            del self._holdings[holding.key]

    async def _follow(self) -> None:
        while True:
            try:
                await through_outages(self._one_step, "stays", RETRY_SECONDS)
            except (Lapsed, Replaced):
                await self._doubt()
            except Exception:
                # If this ended, whoever is revoked would be told on and on.
                log.exception("access_not_followed", position=self._position)
                await self._doubt()
                await asyncio.sleep(RETRY_SECONDS)

    async def _one_step(self) -> None:
        await self._hub.wait_beyond(self._position, self._era)
        page = await self._hub.read_after(self._position, PAGE_EVENTS, self._era)
        self._position = page.position
        happened = [each.event for each in page.envelopes if isinstance(each.event, HAPPENED)]
        if happened:
            await self._take_in(happened)

    async def _take_in(self, happened: Sequence[Event | Unreadable]) -> None:
        self._note_change()
        changed: set[UUID] = set()
        for event in happened:
            match event:
                case TokenRevoked(token_id=ident):
                    self._end([each for each in self._all if each.principal.token_id == ident], REVOKED)
                case PrincipalDeactivated(principal_id=ident):
                    self._end([each for each in self._all if each.principal.id == ident], DEACTIVATED)
                case TokenRenewed(token_id=ident, expires_at=expires_at):
                    for each in self._all:
                        if each.principal.token_id == ident:
                            each.update(msgspec.structs.replace(each.principal, expires_at=expires_at))
                case PrincipalRoleChanged(principal_id=ident):
                    changed.add(ident)
                case _:
                    pass
        await self._judge_anew([each for each in self._all if each.principal.id in changed])

    async def _judge_anew(self, holdings: Sequence[Holding]) -> None:
        """Look up whose role has changed. In an outage they go: what they see may not be theirs to see any more."""
        if not holdings:
            return
        try:
            await self._look_again(holdings)
        except Unavailable:
            self._end(holdings, NOT_KNOWN)

    async def _doubt(self) -> None:
        """Look everybody up: whatever has happened to them, it is known afterwards."""
        self._note_change()
        self._era, self._position = self._hub.era, self._hub.position
        await through_outages(lambda: self._look_again(self._all), "stays", RETRY_SECONDS)

    async def _look_again(self, holdings: Collection[Holding]) -> None:
        """Take in what the database says of tokens now. One look at a time, so that no older one comes after.

        Whoever waited for others and was looked up by them needs no look of their own.
        """
        asked = self._looks
        async with self._looking:
            # Counted, for the clock of the loop stands still while much happens.
            due = [each for each in holdings if each.look <= asked]
            if not due:
                return
            self._looks += 1
            look, began = self._looks, asyncio.get_running_loop().time()
            found = await self._tokens.look_up_again([each.key for each in due])
        for holding in due:
            holding.look, holding.looked_at = look, began
            principal = found.get(holding.key)
            if principal is None:
                holding.end(NO_LONGER_VALID)
            else:
                holding.update(principal)

    @property
    def _all(self) -> Sequence[Holding]:
        return tuple(self._holdings.values())

    def _note_change(self) -> None:
        self._changes += 1
        self._tokens.forget()

    @staticmethod
    def _end(holdings: Sequence[Holding], end: End) -> None:
        for holding in holdings:
            holding.end(end)
