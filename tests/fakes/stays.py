"""Stays over the fake operations' tokens, which end when a test says so."""

import asyncio

from live.close_codes import CloseCode
from live.operations import Unauthenticated
from live.stay import Guest
from tests.fakes.operations import authenticate


class FakeStay:
    """Conforms to `live.stay.Stay`."""

    def __init__(self, caller: object) -> None:
        self.caller = caller
        self.guest: Guest | None = None
        self.ended = False
        self.confirmed = 0
        self._expelling: set[asyncio.Task[None]] = set()
        self._over: tuple[CloseCode, str] | None = None

    def is_of(self, caller: object) -> bool:
        """Whether it is this caller's."""
        return self.caller == caller

    async def confirm(self) -> None:
        """Count it; it has ended if a test says so."""
        self.confirmed += 1
        if self._over is not None:
            raise Unauthenticated

    def seat(self, guest: Guest) -> None:
        """Keep whom a test may expel, or has expelled already."""
        self.guest = guest
        if self._over is not None:
            task = asyncio.get_running_loop().create_task(guest.expel(*self._over))
            self._expelling.add(task)

    async def expel(self, code: CloseCode, reason: str) -> None:
        """End it."""
        self._over = (code, reason)
        if self.guest is not None:
            await self.guest.expel(code, reason)

    def end(self) -> None:
        """The connection is over."""
        self.ended = True


class FakeStays:
    """Conforms to `live.stay.Stays`; `begun` are those that are not over."""

    def __init__(self) -> None:
        self._begun: list[FakeStay] = []

    @property
    def begun(self) -> list[FakeStay]:
        """Those that are not over."""
        return [each for each in self._begun if not each.ended]

    async def begin(self, authorization: str | None) -> FakeStay:
        """A stay of the fake caller."""
        stay = FakeStay(await authenticate(authorization))
        self._begun.append(stay)
        return stay

    async def expel(self, code: CloseCode, reason: str) -> None:
        """End all of them."""
        await asyncio.gather(*(each.expel(code, reason) for each in self.begun))
